"""DynamoDB's errors, as its JSON protocol writes them."""

from typing import Any

from bench.stub_aws.expressions import Item

PREFIX = "com.amazonaws.dynamodb.v20120810#"


class StubError(Exception):
    """An answer with status 400."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.code = code
        self.document = {"__type": PREFIX + code, "message": message, **more}


def condition_failed(request: dict[str, Any], item: Item | None) -> StubError:
    """Return the error of a single write whose condition does not hold."""
    return StubError(
        "ConditionalCheckFailedException",
        "The conditional request failed",
        **_shown_item(request, item),
    )


Reason = dict[str, Any]


def reason(code: str, action: dict[str, Any], item: Item | None) -> Reason:
    """Return why an action of a transaction was not done."""
    return {"Code": code, "Message": code, **_shown_item(action, item)}


NO_REASON: Reason = {"Code": "None"}


def cancelled(reasons: list[Reason]) -> StubError:
    """Return the error of a transaction; the reasons are in the order of its actions."""
    codes = ", ".join(entry["Code"] for entry in reasons)
    message = (
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    )
    error = StubError("TransactionCanceledException", message, CancellationReasons=reasons)
    # this one has a capital letter
    error.document["Message"] = error.document.pop("message")
    return error


def _shown_item(request: dict[str, Any], item: Item | None) -> dict[str, Item]:
    if item and request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
        return {"Item": item}
    return {}

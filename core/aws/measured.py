"""How long AWS's calls take, how often they are tried, and what AWS did not do: counted."""

import time
from collections.abc import Collection
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from core import metrics
from core.aws.errors import BUSY_CODES, REFUSAL_CODES

CONFLICT_CODES = {
    "ConditionalCheckFailedException",
    "TransactionCanceledException",
    "TransactionConflictException",
}
"""Error codes by which DynamoDB says that somebody else wrote first: nothing is wrong."""

BUSY_REASONS = {"ProvisionedThroughputExceeded", "ThrottlingError"}
"""Reasons for which a transaction is cancelled, and of which no other writer is guilty:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

_BEGAN = "cooper_began"
"""Where the context of a call keeps when it began."""


def measure(client: Any) -> None:
    """Let a client of botocore count its calls."""
    service = client.meta.service_model.service_name
    events = client.meta.events
    events.register("before-call", _begin)
    events.register("after-call", partial(_end, service=service))
    events.register("after-call-error", partial(_end_without_answer, service=service))


def failure_of(code: str, status: int, reasons: Collection[str] = ()) -> str:
    """Return of which kind an error answer is (`metrics.FAILURES`), by its code and status.

    `reasons` are those of a cancelled transaction, one for each of its parts.
    """
    if code in REFUSAL_CODES:
        return "denied"
    if reasons and BUSY_REASONS.issuperset(reasons):
        return "throttled"
    if code in CONFLICT_CODES:
        return "conflict"
    if "Throttl" in code or code in BUSY_CODES:
        return "throttled"
    if status >= 500:
        return "fault"
    return metrics.OTHER


def _begin(context: dict[str, Any], **_: Any) -> None:
    context[_BEGAN] = time.monotonic()


def _end(
    service: str, http_response: Any, parsed: Any, model: Any, context: dict[str, Any], **_: Any
) -> None:
    status = http_response.status_code
    failure = ""
    if status >= 300:
        failure = _failure_in(parsed, status)

    _count(service, model.name, context, failure)


def _end_without_answer(
    service: str, exception: Exception, context: dict[str, Any], event_name: str, **_: Any
) -> None:
    operation = event_name.rpartition(".")[2]
    failure = "no answer"
    if isinstance(exception, ClientError):
        status = exception.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        failure = _failure_in(exception.response, status)
    _count(service, operation, context, failure)


def _failure_in(answer: Any, status: int) -> str:
    error = answer.get("Error", {})
    codes = {str(reason.get("Code", "None")) for reason in answer.get("CancellationReasons", [])}
    # of the parts that would have been done
    codes.discard("None")
    return failure_of(str(error.get("Code", "")), status, codes)


def _count(service: str, operation: str, context: dict[str, Any], failure: str) -> None:
    seconds = time.monotonic() - context[_BEGAN]
    tries = context.get("retries", {}).get("attempt", 1)
    metrics.count_aws_call(service, operation, seconds, retries=tries - 1, failure=failure)

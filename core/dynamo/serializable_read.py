"""Several items as they are at one moment: DynamoDB's TransactGetItems.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html -
serializable with every write; at most 100 items; one answer for each key, in the order of the keys;
cancelled when one of the items is being written.
"""

from collections.abc import Sequence
from typing import Any

from core.dynamo.conflicts import demand_passing, tries
from core.dynamo.connection import Cancelled, shared
from core.dynamo.documents import Document, DocumentKey
from core.errors import Unavailable


def serializable_read(keys: Sequence[DocumentKey]) -> list[Document | None]:
    """Return the documents of these keys as they are at one moment; None where there is no item.

    They are as stored: an attribute that an item lacks is None, whatever its default. Raise
    Unavailable when DynamoDB does not say of each key what is there, and when others write these
    items for as long as the deadline lets it be tried.
    """
    gets = [_get_arguments(model, *key) for model, *key in keys]
    for _ in tries():
        try:
            answer = shared().transact_get_items(gets)
        except Cancelled as cancelled:
            demand_passing({reason[0] for reason in cancelled.reasons if reason})
        else:
            return _read_answer(keys, answer["Responses"])

    raise Unavailable(
        "cooper is busy: what this rests on is being changed by others right now. "
        "Nothing was handed out; try again.",
        "TransactGetItems: cancelled by others' writes each time",
    )


def _get_arguments(model: type[Document], *key: Any) -> dict[str, Any]:
    hash_key, range_key = (*key, None)[:2]
    return model.get_operation_kwargs_from_class(hash_key, range_key)


def _read_answer(keys: Sequence[DocumentKey], responses: list[Any]) -> list[Document | None]:
    """Raise Unavailable unless there is an answer for each key, and about it."""
    if len(responses) != len(keys):
        raise _unreadable(f"{len(responses)} answers to {len(keys)} keys")

    documents = []
    for (model, *key), response in zip(keys, responses, strict=True):
        documents.append(_read_response(model, tuple(key), response))
    return documents


def _read_response(model: type[Document], key: tuple[Any, ...], response: Any) -> Document | None:
    if not isinstance(response, dict):
        raise _unreadable(f"an answer that is {type(response).__name__}")
    if "Item" not in response:
        return None

    document = model.as_stored(response["Item"])
    if document.key != key:
        raise _unreadable(f"another item than {model.Meta.table_name} was asked for")
    return document


def _unreadable(what: str) -> Unavailable:
    message = "DynamoDB gave an answer that cannot be read. Nothing was handed out; try again."
    return Unavailable(message, f"unreadable answer to TransactGetItems: {what}")

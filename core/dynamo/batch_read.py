"""Reading items of several tables in one round trip: BatchGetItem.

Rules: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html - at
most 100 keys, none of them twice; what was not processed is in UnprocessedKeys and is asked again
after a pause; an item that is in neither part of the answer does not exist.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from core.dynamo.conflicts import tries
from core.dynamo.connection import shared
from core.dynamo.documents import Document, DocumentKey
from core.dynamo.sizes import HASH_KEY_LIMIT, RANGE_KEY_LIMIT, fits
from core.errors import Unavailable

LIMIT = 100
"""Keys in one read at most."""

D = TypeVar("D", bound=Document)

Table = Mapping[str, Any]
"""What DynamoDB says of one table: `Keys`, in its JSON."""


class Items:
    """What a batch read answered: for each key that was asked, the document or None."""

    def __init__(self, documents: Mapping[DocumentKey, Document | None]) -> None:
        self._documents = documents

    def __contains__(self, key: DocumentKey) -> bool:
        """Return whether the key was asked."""
        return key in self._documents

    def __or__(self, more: "Items") -> "Items":
        """Return what this and another read answered; of a key in both, the other's answer."""
        return Items({**self._documents, **more._documents})

    def get(self, model: type[D], *key: Any) -> D | None:
        """Return the document of a key, None for one that does not exist.

        Raise KeyError for a key that was not asked: that is no absence.
        """
        return cast("D | None", self._documents[model, *key])


def batch_read(keys: Collection[DocumentKey]) -> Items:
    """Read items as they are now (strongly consistent), each by itself.

    They need not be of one moment. Raise Unavailable when DynamoDB does not process all of them, or
    when its answer is not about what was asked; CooperError otherwise.
    """
    documents: dict[DocumentKey, Document | None] = dict.fromkeys(keys)
    left = [key for key in documents if _can_exist(*key)]
    if len(left) > LIMIT:
        raise ValueError(f"{len(left)} keys; one read takes {LIMIT}")

    if not left:
        return Items(documents)

    for _ in tries():
        answer = _Answer(left, _ask(left))
        documents.update(answer.documents)
        left = answer.unprocessed
        if not left:
            return Items(documents)

    raise Unavailable(
        "DynamoDB is busy. Nothing was handed out; try again in a minute.",
        f"BatchGetItem: {len(left)} keys not processed",
    )


def _can_exist(model: type[Document], *key: Any) -> bool:
    """Return whether DynamoDB takes the key: no item has a longer one."""
    hash_key, range_key = _both_parts(key)
    return fits(hash_key, HASH_KEY_LIMIT) and fits(range_key, RANGE_KEY_LIMIT)


def _both_parts(key: Sequence[Any]) -> tuple[Any, Any]:
    """Return the hash key and the range key, None for a table without one."""
    hash_key, range_key = (*key, None)[:2]
    return hash_key, range_key


def _ask(keys: Collection[DocumentKey]) -> dict[str, Any]:
    request: dict[str, dict[str, Any]] = {}
    for model, *key in keys:
        hash_key, range_key = _both_parts(key)
        arguments = model.get_operation_kwargs_from_class(hash_key, range_key)

        table_name = arguments["TableName"]
        if table_name not in request:
            request[table_name] = {"Keys": [], "ConsistentRead": True}
        request[table_name]["Keys"].append(arguments["Key"])

    return shared().dispatch("BatchGetItem", {"RequestItems": request})


class _Answer:
    """One answer, sorted by the keys that were asked; raises Unavailable where that cannot be."""

    def __init__(self, keys: Collection[DocumentKey], answer: dict[str, Any]) -> None:
        self.documents: dict[DocumentKey, Document] = {}
        self.unprocessed: list[DocumentKey] = []
        self._keys = set(keys)
        self._models = _models_by_table(keys)

        for table, items in answer["Responses"].items():
            for key, document in self._answers(table, items):
                self.documents[key] = document

        for table, rest in answer["UnprocessedKeys"].items():
            unprocessed = _keys_in(rest)
            for key, _ in self._answers(table, unprocessed):
                self.unprocessed.append(key)

    def _answers(self, table: str, items: object) -> Iterator[tuple[DocumentKey, Document]]:
        """Yield each key that is answered, which no other item may answer too, and the item."""
        if table not in self._models or not isinstance(items, list):
            raise _unreadable(f"table {table}")
        for item in items:
            document = self._document_of(table, item)
            key = (type(document), *document.key)
            # a second item of this key would not be found any more
            self._keys.remove(key)
            yield key, document

    def _document_of(self, table: str, item: Mapping[str, Any]) -> Document:
        """Return an item as the document that was asked for by its key."""
        # documents of several kinds may share a table
        for model in self._models[table]:
            document = model.from_raw_data(dict(item))
            if (model, *document.key) in self._keys:
                return document
        raise _unreadable(f"an item of {table} that was not asked for")


def _models_by_table(keys: Iterable[DocumentKey]) -> dict[str, set[type[Document]]]:
    models: dict[str, set[type[Document]]] = {}
    for model, *_ in keys:
        table = str(model.Meta.table_name)
        models.setdefault(table, set()).add(model)
    return models


def _keys_in(rest: object) -> object:
    if not isinstance(rest, Mapping):
        return None
    return rest.get("Keys")


def _unreadable(what: str) -> Unavailable:
    message = "DynamoDB did not answer. Nothing was handed out; try again in a minute."
    return Unavailable(message, f"unreadable answer to BatchGetItem: {what}")

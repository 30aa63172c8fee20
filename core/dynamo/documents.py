"""`Document`, the base of all tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, ClassVar, Self
from urllib.parse import quote, unquote

from django.conf import settings
from pynamodb.attributes import UnicodeAttribute, VersionAttribute
from pynamodb.connection.base import MetaTable
from pynamodb.connection.table import TableConnection
from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from core.dynamo.connection import table_connection
from core.dynamo.sizes import HASH_KEY_LIMIT, RANGE_KEY_LIMIT, fits

PAGE = 250
"""Items that one answer of a scan has at most.

A whole megabyte, DynamoDB's own limit, takes longer to make than an answer may take.
"""

PK_SAFE = " :/+=,.@-_#"
"""Characters that stand in `Document.pk` as they are; `|` separates its parts."""

_documents: list[type["Document"]] = []


def documents() -> list[type["Document"]]:
    """Return every concrete document class that is loaded, for set-up."""
    return list(_documents)


def pk_of(key: Iterable[Any]) -> str:
    """Return a primary key as one text, `hash` or `hash|range`, each part percent-coded."""
    return "|".join(quote(str(part), safe=PK_SAFE) for part in key)


def after(seconds: float) -> datetime:
    """Return the moment `seconds` from now (UTC), for an item's `expires`."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


DocumentKey = tuple[type["Document"], *tuple[Any, ...]]
"""A document's class, and its primary key: (hash,) or (hash, range)."""


class Document(Model):
    """An item of a table `<prefix><Meta.table>`; writes carry its version, reads are consistent."""

    danger_words: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """For attributes that are danger when True: in words, when they are so and when not."""

    purpose: ClassVar[str] = ""
    """What the table is for, in a few words; set-up shows it."""

    is_written_once: ClassVar[bool] = False
    """Whether each is created once, under a key that no other has: it proves its transaction."""

    retired_indexes: ClassVar[frozenset[str]] = frozenset()
    """Names of indexes that tables of an earlier version have and that set-up neither makes nor,
    once the version was raised, keeps."""

    version = VersionAttribute()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # the class's own: an abstract base of documents has none
        meta = cls.__dict__.get("Meta")
        if meta is not None:
            meta.table_name = settings.COOPER_TABLE_PREFIX + meta.table
            _documents.append(cls)

    @classmethod
    def _get_connection(cls) -> TableConnection:
        # PynamoDB calls this before every operation. It is looked up in the class itself: an
        # inherited one would be of another table
        connection = cls.__dict__.get("_connection")
        if connection is None:
            connection = table_connection(MetaTable(cls.table_description()))
            cls._connection = connection
        return connection

    @classmethod
    def table_description(cls) -> dict[str, Any]:
        """Return the table's keys and indexes in the form of DynamoDB's DescribeTable."""
        schema = cls._get_schema()
        indexes = [
            {
                "IndexName": index["index_name"],
                "KeySchema": index["key_schema"],
                "Projection": index["projection"],
            }
            for index in schema["global_secondary_indexes"]
        ]
        return {
            "TableName": cls.Meta.table_name,
            "KeySchema": schema["key_schema"],
            "AttributeDefinitions": schema["attribute_definitions"],
            "GlobalSecondaryIndexes": indexes,
            "LocalSecondaryIndexes": [],
        }

    @classmethod
    def ttl_name(cls) -> str:
        """Return the name of the attribute by which items expire, or ""."""
        attribute = cls._ttl_attribute()  # type: ignore[no-untyped-call]
        return attribute.attr_name if attribute else ""

    # -- reading

    @classmethod
    def as_stored(cls, item: Mapping[str, Any]) -> Self:
        """Return the document of an item in DynamoDB's JSON, without defaults.

        An attribute that the item lacks is None: a decision must not take a default for stored.
        """
        document = cls.from_raw_data(dict(item))
        for name in cls.get_attributes():
            if "NULL" in item.get(name, {"NULL": True}):
                document.attribute_values.pop(name, None)
        return document

    @classmethod
    def find(cls, hash_key: Any, range_key: Any = None) -> Self | None:
        """Return the item as it is now (strongly consistent), or None when there is none.

        Raise CooperError when DynamoDB does not say.
        """
        is_possible = fits(hash_key, HASH_KEY_LIMIT) and fits(range_key, RANGE_KEY_LIMIT)
        if not is_possible or "" in (hash_key, range_key):
            # no item has such a key, and DynamoDB takes no question for it
            return None
        try:
            return cls.get(hash_key, range_key, consistent_read=True)
        except DoesNotExist:
            return None

    @classmethod
    def everything(cls) -> list[Self]:
        """Return every item, by a scan: for caches, commands and the admin's lists alone."""
        return list(cls.scan(consistent_read=True, page_size=PAGE))

    @classmethod
    def under(cls, hash_key: Any, **kwargs: Any) -> Iterator[Self]:
        """Return the items of one hash key in the order of their range key (consistent)."""
        return iter(cls.query(hash_key, consistent_read=True, **kwargs))

    # -- writing one item by its key, whatever its version; `transaction` writes whole documents

    @classmethod
    def update_item(
        cls,
        hash_key: Any,
        *,
        actions: Sequence[Action],
        condition: Condition | None = None,
        return_values: str | None = None,
    ) -> dict[str, Any]:
        """Change attributes in place, and make the item if there is none.

        Return DynamoDB's response; `return_values` says which attributes are in it. Raise
        ConditionFailed when `condition` does not hold, and CooperError.
        """
        response = cls._get_connection().update_item(
            hash_key, actions=actions, condition=condition, return_values=return_values
        )
        return dict(response)

    @classmethod
    def delete_item(cls, hash_key: Any) -> None:
        """Delete the item if it is there; raise CooperError."""
        cls._get_connection().delete_item(hash_key)

    # -- keys

    @property
    def key(self) -> tuple[Any, ...]:
        """The primary key: (hash,) or (hash, range)."""
        return tuple(getattr(self, name) for name in self.key_names())

    @property
    def pk(self) -> str:
        """The primary key as one text: see `pk_of`."""
        return pk_of(self.key)

    @classmethod
    def with_pk(cls, pk: str) -> Self | None:
        """Return the item that `pk` names, or None."""
        names = cls.key_names()
        parts = [unquote(part) for part in pk.split("|")]
        if len(parts) != len(names) or not all(parts):
            return None

        key = []
        for name, part in zip(names, parts, strict=True):
            is_number = cls.get_attributes()[name].attr_type == "N"
            key.append(int(part) if is_number else part)
        return cls.find(*key)

    @classmethod
    def key_limits(cls) -> dict[str, int]:
        """Return how many bytes the keys of the table and of its indexes take, by attribute."""
        description = cls.table_description()
        schemas = [description["KeySchema"]]
        schemas += [index["KeySchema"] for index in description["GlobalSecondaryIndexes"]]

        limits: dict[str, int] = {}
        for part in chain.from_iterable(schemas):
            limit = HASH_KEY_LIMIT if part["KeyType"] == "HASH" else RANGE_KEY_LIMIT
            name = part["AttributeName"]
            limits[name] = min(limit, limits.get(name, limit))
        return limits

    @classmethod
    def key_names(cls) -> list[str]:
        """Return the names of the key attributes, hash first."""
        return [name for name in (cls._hash_keyname, cls._range_keyname) if name]


class WrittenOnce(Document):
    """A document that is created once, under a key that no other has, and never changed.

    The nonce tells one's own item from another's when the answer to its put was lost.
    """

    is_written_once = True

    nonce = UnicodeAttribute(null=True)

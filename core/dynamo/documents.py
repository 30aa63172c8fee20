"""`Document`, the base of all tables."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Self
from urllib.parse import quote, unquote

from django.conf import settings
from pynamodb.attributes import VersionAttribute
from pynamodb.connection.base import MetaTable
from pynamodb.connection.table import TableConnection
from pynamodb.exceptions import DoesNotExist
from pynamodb.models import Model

from core.dynamo.connection import table_connection

PAGE = 250
"""Items that one answer of a scan has at most: a whole megabyte takes longer to make than an answer may take."""

_documents: list[type["Document"]] = []


def documents() -> list[type["Document"]]:
    """Return every concrete document class that is loaded, for set-up."""
    return list(_documents)


def after(seconds: float) -> datetime:
    """Return the moment so many seconds from now, as an item's `expires` wants it."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


class Document(Model):
    """An item of a table `<prefix><Meta.table>`; writes carry its version, reads are strongly consistent."""

    purpose: ClassVar[str] = ""
    """What the table is for, in a few words; set-up shows it."""

    version = VersionAttribute()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Give a concrete document its full table name and remember it."""
        super().__init_subclass__(**kwargs)
        meta = cls.__dict__.get("Meta")
        if meta is not None:
            meta.table_name = settings.COOPER_TABLE_PREFIX + meta.table
            _documents.append(cls)

    @classmethod
    def _get_connection(cls) -> TableConnection:
        """Return this table's view of the one shared connection."""
        found = cls.__dict__.get("_connection")
        if found is None:
            found = table_connection(cls.Meta.table_name, MetaTable(cls._description()))
            cls._connection = found
        return found

    @classmethod
    def _description(cls) -> dict[str, Any]:
        """Return the table's keys and indexes in DynamoDB's words."""
        schema = cls._get_schema()
        return {
            "TableName": cls.Meta.table_name,
            "KeySchema": schema["key_schema"],
            "AttributeDefinitions": schema["attribute_definitions"],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": i["index_name"],
                    "KeySchema": i["key_schema"],
                    "Projection": i["projection"],
                }
                for i in schema["global_secondary_indexes"]
            ],
            "LocalSecondaryIndexes": [],
        }

    @classmethod
    def find(cls, hash_key: Any, range_key: Any = None) -> Self | None:
        """Return the item as it is now (strongly consistent), or None; raise CooperError when DynamoDB does not say."""
        try:
            return cls.get(hash_key, range_key, consistent_read=True)
        except DoesNotExist:
            return None

    @classmethod
    def everything(cls) -> list[Self]:
        """Return every item (a consistent scan: for loading caches and for commands, never for a request)."""
        return list(cls.scan(consistent_read=True, page_size=PAGE))

    @classmethod
    def under(cls, hash_key: Any, **kwargs: Any) -> Iterator[Self]:
        """Return the items of one hash key in the order of their range key (consistent)."""
        return iter(cls.query(hash_key, consistent_read=True, **kwargs))

    @property
    def key(self) -> tuple[Any, ...]:
        """Return the primary key: (hash,) or (hash, range)."""
        names = [self._hash_keyname, self._range_keyname]
        return tuple(getattr(self, name) for name in names if name)

    @property
    def pk(self) -> str:
        """Return the primary key as one text, `hash` or `hash|range`, each part percent-coded where it has to be."""
        return "|".join(quote(str(part), safe=" :/+=,.@-_#") for part in self.key)

    @classmethod
    def with_pk(cls, pk: str) -> Self | None:
        """Return the item that `pk` names, or None."""
        parts = [unquote(part) for part in pk.split("|")]
        if len(parts) != (2 if cls._range_keyname else 1) or not all(parts):
            return None
        return cls.find(
            *(cls._key_part(name, part) for name, part in zip(cls._key_names(), parts, strict=True))
        )

    @classmethod
    def _key_names(cls) -> list[str]:
        """Return the names of the key attributes, hash first."""
        return [name for name in (cls._hash_keyname, cls._range_keyname) if name]

    @classmethod
    def _key_part(cls, name: str, text: str) -> Any:
        """Return a key part read from text, a number where the attribute is one."""
        return int(text) if cls.get_attributes()[name].attr_type == "N" else text

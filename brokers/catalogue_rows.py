"""What the catalogue keeps of a target and of an association: small objects that never change.

There may be 100,000 targets and 200,000 associations in every process. Documents of PynamoDB take
ten times the CPU to make, and twice the memory; texts that many share are kept once.
"""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, Self

from pynamodb.attributes import UTCDateTimeAttribute

from brokers.choices import ONE_HOUR, Kind, State
from brokers.models import Association, Target
from brokers.role_names import role_name_of
from core.dynamo import RawItem, pk_of
from core.errors import CooperError
from core.newlines import plain_newlines

Reader = Callable[[dict[str, Any]], Any]
"""Reads an attribute's value as DynamoDB has it, such as `{"S": "dev-read"}`."""


@dataclass(frozen=True, slots=True)
class CatalogueTarget:
    """A target as pages show it and decisions read it; `brokers.models.Target` is the document.

    It lacks what AWS alone is asked with, or has answered: keys, policies, the last probe. A grant
    reads the document after its intent.
    """

    name: str
    kind: str
    title: str | None = None
    description: str | None = None
    aws_account: str | None = None
    partition: str = "aws"
    labels: tuple[str, ...] = ()
    colour: str | None = None
    region: str | None = None
    destination: str | None = None

    owner: str | None = None
    """Whom to ask about it: a person, a team or an address."""

    rank: int | None = None
    """How powerful it is, from 0, the least, to 999; one without a rank sorts after those."""

    role_name: str | None = None
    """What links call it within its AWS account; unless one is stored, the name of its role."""

    reason_pattern: str | None = None
    """What a reason has to look like, where one is demanded (`brokers.reason_patterns`)."""

    reason_example: str | None = None

    command_lines: str | None = None
    """How it is open to command lines, of `COMMAND_LINES`, where it takes a code or a reason."""

    state: str = str(State.PENDING)
    sensitive: bool = False
    max_seconds: int = ONE_HOUR
    role_arn: str | None = None
    access_key_id: str | None = None
    source_identity: bool = False
    weaker_mode_accepted: bool = False
    effective_max_seconds: int | None = None
    version: int | None = None

    @classmethod
    def from_item(cls, item: RawItem) -> Self:
        """Return what is kept of an item; raise CooperError for one that cannot be read."""
        values = _read(item, TARGET_READERS)
        values["role_name"] = role_name_of(values)
        return cls(**values)

    def __str__(self) -> str:
        return self.title or self.name

    @property
    def enabled(self) -> bool:
        """Whether people can become it now."""
        return self.state == State.ENABLED

    @property
    def is_role(self) -> bool:
        """Whether it is an IAM role; otherwise it is a federated user."""
        return self.kind == Kind.ROLE

    @property
    def kind_in_words(self) -> str:
        """What it is: a role or a federated user."""
        return "role" if self.is_role else "federated user"

    @property
    def key(self) -> tuple[str]:
        """The primary key of its document."""
        return (self.name,)

    @property
    def pk(self) -> str:
        """The primary key as one text."""
        return pk_of(self.key)

    def to_document(self) -> Target:
        """Return a document with the same settings, which may be changed; nothing is read."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["labels"] = list(self.labels)
        return Target(**values)


@dataclass(frozen=True, slots=True)
class CatalogueAssociation:
    """An association as decisions read it; `brokers.models.Association` is the document."""

    target: str
    group: str
    until: datetime | None = None
    version: int | None = None

    @classmethod
    def from_item(cls, item: RawItem) -> Self:
        """Return what is kept of an item; raise CooperError for one that cannot be read."""
        return cls(**_read(item, ASSOCIATION_READERS))

    def __str__(self) -> str:
        return f"{self.group} may become {self.target}"

    @property
    def key(self) -> tuple[str, str]:
        """The primary key of its document."""
        return (self.target, self.group)

    @property
    def pk(self) -> str:
        """The primary key as one text."""
        return pk_of(self.key)

    def to_document(self) -> Association:
        """Return a document that says the same; nothing is read."""
        return Association(self.target, self.group, until=self.until, version=self.version)


AnyTarget = Target | CatalogueTarget
"""A target, from its table or from the catalogue."""


def target_values(item: RawItem) -> dict[str, Any]:
    """Return all values that a target's item has, by the names of its attributes.

    Raise CooperError for an item that cannot be read.
    """
    return _read(item, WHOLE_TARGET_READERS)


# -- reading DynamoDB's JSON -----------------------------------------------------------------------
def _read(item: RawItem, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Return the values of an item's attributes, by name; what it lacks is left out."""
    values: dict[str, Any] = {}
    try:
        for name, value in item.items():
            reader = readers.get(name)
            if reader and "NULL" not in value:
                values[name] = reader(value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = "DynamoDB has something in its tables that cooper cannot read."
        raise CooperError(message, f"unreadable item {str(item)[:200]}") from error
    return values


def _text(value: dict[str, Any]) -> str:
    return str(value["S"])


def _lines(value: dict[str, Any]) -> str:
    return plain_newlines(value["S"])


def _shared_text(value: dict[str, Any]) -> str:
    """Return a text that many items have, kept once in this process."""
    return sys.intern(value["S"])


def _shared_texts(value: dict[str, Any]) -> tuple[str, ...]:
    return _kept_once(tuple(sys.intern(entry["S"]) for entry in value["L"]))


@lru_cache(maxsize=10_000)
def _kept_once(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first one of equal tuples."""
    return texts


def _number(value: dict[str, Any]) -> int:
    return int(value["N"])


def _flag(value: dict[str, Any]) -> bool:
    return bool(value["BOOL"])


def _binary(value: dict[str, Any]) -> bytes:
    return bytes(value["B"])


def _json(value: dict[str, Any]) -> Any:
    return json.loads(value["S"])


def _moment(value: dict[str, Any]) -> datetime:
    moment: datetime = _MOMENTS.deserialize(value["S"])  # type: ignore[no-untyped-call]
    return moment


_MOMENTS = UTCDateTimeAttribute()

TARGET_READERS: Mapping[str, Reader] = {
    # a name is in each of its associations too, and a key of the catalogue
    "name": _shared_text,
    "kind": _shared_text,
    "title": _text,
    "description": _lines,
    "aws_account": _shared_text,
    "partition": _shared_text,
    "labels": _shared_texts,
    "colour": _shared_text,
    "region": _shared_text,
    "destination": _shared_text,
    "owner": _shared_text,
    "rank": _number,
    "role_name": _shared_text,
    "reason_pattern": _shared_text,
    "reason_example": _shared_text,
    "command_lines": _shared_text,
    "state": _shared_text,
    "sensitive": _flag,
    "max_seconds": _number,
    "role_arn": _text,
    "access_key_id": _text,
    "source_identity": _flag,
    "weaker_mode_accepted": _flag,
    "effective_max_seconds": _number,
    "version": _number,
}

WHOLE_TARGET_READERS: Mapping[str, Reader] = {
    **TARGET_READERS,
    "session_policy": _lines,
    "policy_arns": _shared_texts,
    "federation_keys": _binary,
    "federation_keys_kms_arn": _shared_text,
    "tag_session": _flag,
    "external_id_enforced": _flag,
    "probe": _json,
}

ASSOCIATION_READERS: Mapping[str, Reader] = {
    "target": _shared_text,
    "group": _shared_text,
    "until": _moment,
    "version": _number,
}

TARGET_ATTRIBUTES = tuple(TARGET_READERS)
WHOLE_TARGET_ATTRIBUTES = tuple(WHOLE_TARGET_READERS)
ASSOCIATION_ATTRIBUTES = tuple(ASSOCIATION_READERS)

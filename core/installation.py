"""What one installation is: its schema version, its KMS key, whether all grants are stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Self

from django.conf import settings
from pynamodb.attributes import BooleanAttribute, UnicodeAttribute, UTCDateTimeAttribute

from core.dynamo import AlreadyExists, Document, Transaction, transaction
from core.errors import CooperError

SCHEMA = 2
"""The version of the tables that this cooper makes."""

OLDEST_SCHEMA = 1
"""The oldest version of the tables that this cooper serves, as the cooper before it left them."""

REREAD_SECONDS = 60.0
"""Age at which an older version is read again: another server may have raised it."""

STOP_SWITCH_ITEM = "grants"
"""The item whose `stopped` stops all grants. It must exist: without it there are no grants."""

SCHEMA_ITEM = "schema"

KMS_KEY = "kms-key"
"""The item that names the KMS key (its ARN) which set-up was last given."""

USUAL_KEY = "alias/cooper"
"""The KMS key of an installation that was never given another."""

NAMES_ITEM = "person-names"
"""The item that marks the names of people whom an earlier cooper let in as kept."""

RESTORE_ITEM = "restore"
"""The item that says how far set-up is with the newest restore; the server cannot write it."""

DEMO = "demo"
"""The item that marks tables with the demo's data."""

NOT_SET_UP = "This installation is not set up yet. Run: cooper -setup"


class NotSetUp(CooperError):
    """An item that set-up makes is not there."""


class Installation(Document):
    """A fact about the installation, by name."""

    purpose = "schema, secret key, emergency stop"
    verbose_name = "emergency stop"
    verbose_name_plural = "emergency stop"

    class Meta:
        table = "installation"

    name = UnicodeAttribute(hash_key=True)
    value = UnicodeAttribute(null=True)

    # absent is not running: no default stands in for what an item does not say
    stopped = BooleanAttribute(null=True, default_for_new=False)

    # of a stop that is set; an earlier cooper kept none of it
    stopped_since = UTCDateTimeAttribute(null=True)
    stopped_by = UnicodeAttribute(null=True)
    stop_reason = UnicodeAttribute(null=True)
    stopped_for_restore = UnicodeAttribute(null=True)
    """The restore of which what it undid was not worked off yet, so that no stop is lifted.

    The restore's own item decides; the switch has it for the pages.
    """

    default_contact = UnicodeAttribute(null=True)
    """Whom people are sent to for access; beside the stop switch, which every request reads."""

    def __str__(self) -> str:
        if self.name == STOP_SWITCH_ITEM:
            return "Emergency stop"
        return str(self.name)


class Settings(Installation):
    """What administrators set for everybody; the same item as the stop switch.

    The default contact is part of that one because every request reads it.
    """

    verbose_name = "settings"
    verbose_name_plural = "settings"

    PK = "contact"

    def __str__(self) -> str:
        return "Settings"

    @property
    def pk(self) -> str:
        return self.PK

    @classmethod
    def with_pk(cls, pk: str) -> Self | None:
        """Return the item, for no other name than that of the settings."""
        return cls.find(STOP_SWITCH_ITEM) if pk == cls.PK else None


Beside = Callable[[Transaction], None]
"""Puts what is written together with an item into its transaction."""


def nothing_beside(writes: Transaction) -> None:
    """Let an item be written alone."""


def ensure(name: str, write_beside: Beside = nothing_beside, **values: Any) -> bool:
    """Make the item unless it exists; return whether it was made now."""
    try:
        with transaction() as writes:
            writes.create(Installation(name, **values))
            write_beside(writes)
    except AlreadyExists:
        return False
    return True


def set_up_item(name: str) -> Installation:
    """Return an item that set-up has made; raise NotSetUp when it is not there."""
    item = Installation.find(name)
    if item is None:
        raise NotSetUp(NOT_SET_UP, f"no item {name}")
    return item


# -- the KMS key -----------------------------------------------------------------------------------
def ensure_kms_key(key_arn: str, write_beside: Beside = nothing_beside) -> bool:
    """Keep the KMS key's ARN for servers and commands that are given none.

    Return whether it was new.
    """
    item = Installation.find(KMS_KEY)
    if item is None:
        return ensure(KMS_KEY, write_beside, value=key_arn)
    if item.value == key_arn:
        return False

    item.value = key_arn
    with transaction() as writes:
        writes.save(item)
        write_beside(writes)
    return True


def use_kms_key() -> None:
    """Take the KMS key that set-up was given, unless COOPER_KMS_KEY names one.

    Raise CooperError when there is none.
    """
    if not settings.COOPER_KMS_KEY:
        settings.COOPER_KMS_KEY = str(set_up_item(KMS_KEY).value)


# -- the schema ------------------------------------------------------------------------------------
@dataclass
class _SeenVersion:
    """What this process has read of the version."""

    version: int = 0
    read_at: float = float("-inf")
    """By the monotonic clock."""


_seen = _SeenVersion()


def schema_version() -> int:
    """Return the version of the stored tables; raise NotSetUp when set-up has not run."""
    return int(set_up_item(SCHEMA_ITEM).value or 0)


def recent_version() -> int:
    """Return the version of the tables as it was less than a minute ago; raise as above.

    What a version brought is used once this names it; there is no way back from there.
    """
    is_recent = monotonic() < _seen.read_at + REREAD_SECONDS
    if _seen.version < SCHEMA and not is_recent:
        _seen.version = schema_version()
        _seen.read_at = monotonic()
    return _seen.version


def forget_version() -> None:
    """Read the version again when it is needed next."""
    _seen.version = 0
    _seen.read_at = float("-inf")


def refuse_newer_schema(stored: int) -> None:
    """Raise CooperError when a newer cooper has set this installation up."""
    if stored > SCHEMA:
        raise CooperError(
            f"The tables are of version {stored}, this cooper knows {SCHEMA}. "
            "Install the newer cooper."
        )


def refuse_other_schema() -> None:
    """Raise CooperError when the tables are of a version that this cooper cannot serve."""
    stored = schema_version()
    refuse_newer_schema(stored)
    if stored < OLDEST_SCHEMA:
        raise CooperError(
            f"The tables are of version {stored}, this cooper serves {OLDEST_SCHEMA} to {SCHEMA}. "
            "Bring them up to date with the cooper before this one first."
        )


def is_demo() -> bool:
    """Return whether the tables hold the demo's data, which no real installation may serve.

    Raise CooperError when that cannot be told.
    """
    # in one answer with an item that must be there: an empty one does not pass for "no demo"
    names = {str(item.name) for item in Installation.everything()}
    if SCHEMA_ITEM not in names:
        raise CooperError(NOT_SET_UP, f"no item {SCHEMA_ITEM}")
    return DEMO in names

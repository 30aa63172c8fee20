"""What one installation is: its schema version, its KMS key, whether all grants are stopped."""

from typing import Any, ClassVar

from django.conf import settings
from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from core.dynamo import AlreadyExists, Document, transaction
from core.errors import CooperError

SCHEMA = 1
"""The version of the tables that this cooper reads and writes."""

STOP_SWITCH_ITEM = "grants"
"""The item whose `stopped` stops all grants. It must exist: without it there are no grants."""

SCHEMA_ITEM = "schema"

KMS_KEY = "kms-key"
"""The item that names the KMS key (its ARN) which set-up was last given."""

USUAL_KEY = "alias/cooper"
"""The KMS key of an installation that was never given another."""

NAMES_ITEM = "person-names"
"""The item that marks the names of people whom an earlier cooper let in as kept."""

DEMO = "demo"
"""The item that marks tables with the demo's data."""

NOT_SET_UP = "This installation is not set up yet. Run: cooper -setup"


class Installation(Document):
    """A fact about the installation, by name."""

    purpose = "schema, secret key, stop switch"
    verbose_name = "stop switch"
    verbose_name_plural = "stop switches"
    danger_words: ClassVar = {"stopped": ("Stopped: nobody becomes anything", "Running")}

    class Meta:
        table = "installation"

    name = UnicodeAttribute(hash_key=True)
    value = UnicodeAttribute(null=True)
    stopped = BooleanAttribute(default=False)

    def __str__(self) -> str:
        return str(self.name)


def ensure(name: str, **values: Any) -> bool:
    """Make the item unless it exists; return whether it was made now."""
    try:
        with transaction() as writes:
            writes.create(Installation(name, **values))
    except AlreadyExists:
        return False
    return True


def set_up_item(name: str) -> Installation:
    """Return an item that set-up has made; raise CooperError when it is not there."""
    item = Installation.find(name)
    if item is None:
        raise CooperError(NOT_SET_UP, f"no item {name}")
    return item


# -- the KMS key -----------------------------------------------------------------------------------
def ensure_kms_key(key_arn: str) -> bool:
    """Keep the KMS key's ARN for servers and commands that are given none.

    Return whether it was new.
    """
    item = Installation.find(KMS_KEY)
    if item is None:
        return ensure(KMS_KEY, value=key_arn)
    if item.value == key_arn:
        return False

    item.value = key_arn
    with transaction() as writes:
        writes.save(item)
    return True


def use_kms_key() -> None:
    """Take the KMS key that set-up was given, unless COOPER_KMS_KEY names one.

    Raise CooperError when there is none.
    """
    if not settings.COOPER_KMS_KEY:
        settings.COOPER_KMS_KEY = str(set_up_item(KMS_KEY).value)


# -- the schema ------------------------------------------------------------------------------------
def schema_version() -> int:
    """Return the version of the stored tables; raise CooperError when set-up has not run."""
    return int(set_up_item(SCHEMA_ITEM).value or 0)


def refuse_newer_schema(stored: int) -> None:
    """Raise CooperError when a newer cooper has set this installation up."""
    if stored > SCHEMA:
        raise CooperError(
            f"The tables are of version {stored}, this cooper knows {SCHEMA}. "
            "Install the newer cooper."
        )


def refuse_other_schema() -> None:
    """Raise CooperError when the tables are of another version than this cooper's."""
    stored = schema_version()
    refuse_newer_schema(stored)
    if stored < SCHEMA:
        raise CooperError(f"The tables are of version {stored}, not {SCHEMA}. Run: cooper -setup")


def is_demo() -> bool:
    """Return whether the tables hold the demo's data, which no real installation may serve.

    Raise CooperError when that cannot be told.
    """
    # in one answer with an item that must be there: an empty one does not pass for "no demo"
    names = {str(item.name) for item in Installation.everything()}
    if SCHEMA_ITEM not in names:
        raise CooperError(NOT_SET_UP, f"no item {SCHEMA_ITEM}")
    return DEMO in names

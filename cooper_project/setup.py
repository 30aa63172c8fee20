"""Set-up: from an empty AWS region to an installation that can be served.

Run again, it repairs what is missing.
"""

from collections.abc import Callable

from django.conf import settings

from accounts import person_names
from brokers import catalogue
from brokers.models import Change
from core import audit, installation, secret_keys
from core.audit import Event
from core.dynamo import AlreadyExists, TableMissing, tables, transaction
from core.installation import NAMES_ITEM, SCHEMA_ITEM, STOP_SWITCH_ITEM, Installation
from core.kms import usable_key_arn

Say = Callable[[str], None]

MIGRATIONS: dict[int, Callable[[Say], None]] = {}
"""What brings tables of a version to the next one.

Each may be run again after it was interrupted.
"""


def set_up(say: Say, *, rotate: bool = False) -> list[str]:
    """Make and verify everything that serving needs; return what was changed.

    `say` is called with each step. Raise CooperError: no usable KMS key, a table with other keys
    (nothing changed), a missing permission (named), a newer schema, or no answer in time. Whatever
    was done stays done, and the next run goes on from there.
    """
    key_arn = usable_key_arn(settings.COOPER_KMS_KEY)
    say(f"KMS key {key_arn}")
    installation.refuse_newer_schema(stored_schema())

    changed = tables.ensure(key_arn, say)
    changed += _ensure_items(key_arn)
    changed += _bring_secret_keys_up_to_date(say, rotate=rotate and "secret key" not in changed)

    # last of all: servers refuse to start before the tables have their version
    if stored_schema() == 0:
        return _write_first_schema(changed)
    return _migrate(changed, say)


def stored_schema() -> int:
    """Return the version of the stored tables, 0 when set-up was never completed."""
    item = _find_item(SCHEMA_ITEM)
    return int(item.value or 0) if item else 0


def known_key() -> str:
    """Return the KMS key that an earlier set-up was given, or the usual one."""
    item = _find_item(installation.KMS_KEY)
    return str(item.value) if item else installation.USUAL_KEY


def _find_item(name: str) -> Installation | None:
    try:
        return Installation.find(name)
    except TableMissing:
        return None


def _ensure_items(key_arn: str) -> list[str]:
    """Make the items that must exist, unless they do; return which were made now."""
    changed = []
    if installation.ensure_kms_key(key_arn):
        changed.append("KMS key")

    # a switch that was set stays as it is
    if Installation.find(STOP_SWITCH_ITEM) is None and installation.ensure(
        STOP_SWITCH_ITEM, stopped=False
    ):
        changed.append("stop switch")

    if Change.find(catalogue.LOG, catalogue.STAMP) is None and catalogue.ensure_stamp():
        changed.append("catalogue stamp")

    if secret_keys.ensure():
        changed.append("secret key")
    if _ensure_names():
        changed.append("names of people")
    return changed


def _bring_secret_keys_up_to_date(say: Say, *, rotate: bool) -> list[str]:
    """Drop the secret keys that are retired, and introduce a new one if asked to."""
    changed = []
    if secret_keys.drop_retired():
        changed.append("retired secret key dropped")

    if rotate:
        signs_from = secret_keys.rotate()
        changed.append("secret key introduced")
        say(
            f"A new secret key is introduced. Servers sign with it from {signs_from:%H:%M} UTC; "
            "they learn it by themselves, without a restart."
        )
    return changed


def _ensure_names() -> bool:
    """Keep the names of people whom an earlier cooper let in, once; return whether it was now."""
    if Installation.find(NAMES_ITEM):
        return False

    person_names.ensure_all()
    # only now: a run that was cut short begins again
    return installation.ensure(NAMES_ITEM)


def _write_first_schema(changed: list[str]) -> list[str]:
    """Write the schema version and the event together: without both, nothing is served."""
    version = installation.SCHEMA
    try:
        with transaction() as writes:
            writes.create(Installation(SCHEMA_ITEM, value=str(version)))
            writes.create(audit.event(Event.SETUP_DONE, changed=changed, schema=version))
    except AlreadyExists:
        # another run, at the same time, was first
        installation.refuse_other_schema()
        if changed:
            audit.record(Event.SETUP_DONE, changed=changed)
        return changed
    return [*changed, f"version {version}"]


def _migrate(changed: list[str], say: Say) -> list[str]:
    """Bring the tables to this cooper's version, and record what was changed."""
    for version in range(stored_schema(), installation.SCHEMA):
        say(f"Bringing the tables from version {version} to {version + 1} ...")
        MIGRATIONS[version](say)
        _write_schema(version + 1)
        changed.append(f"version {version + 1}")
    if changed:
        audit.record(Event.SETUP_DONE, changed=changed)
    return changed


def _write_schema(version: int) -> None:
    item = Installation.find(SCHEMA_ITEM)
    if item is not None and int(item.value or 0) < version:
        item.value = str(version)
        with transaction() as writes:
            writes.save(item)

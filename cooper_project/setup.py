"""Set-up: from an empty AWS region to an installation that can be served; run again, it mends what lacks."""

from collections.abc import Callable

from django.conf import settings

from brokers import catalogue
from brokers.models import Change
from core import audit, installation
from core.audit import Event
from core.dynamo import AlreadyExists, TableMissing, tables, transaction
from core.errors import CooperError
from core.installation import GRANTS, SCHEMA, Installation
from core.kms import usable_key_arn

Say = Callable[[str], None]

MIGRATIONS: dict[int, Callable[[Say], None]] = {}
"""What brings tables of a version to the next one. Each may be run again after it was cut short."""


def set_up(say: Say, *, rotate: bool = False) -> list[str]:
    """Make and verify everything that serving needs, with `say` telling each step; return what was changed.

    Raise CooperError: no usable KMS key, a table with other keys (nothing changed), a permission that lacks (named), a
    newer schema, or no answer in time. Whatever was done stays done, and the next run goes on from there.
    """
    key_arn = usable_key_arn(settings.COOPER_KMS_KEY)
    say(f"KMS key {key_arn}")
    refuse_newer()
    changed = tables.ensure(key_arn, say)
    changed += [what for what, made in _items(key_arn) if made]
    if rotate and "secret key" not in changed:
        installation.rotate_secret_key()
        changed.append("secret key rotated")
    return _finish(changed, say)


def refuse_newer() -> None:
    """Raise CooperError when a newer cooper has set this installation up."""
    stored = stored_schema()
    if stored > SCHEMA:
        raise CooperError(
            f"The tables are of version {stored}, this cooper knows {SCHEMA}. Install the newer cooper."
        )


def stored_schema() -> int:
    """Return the version of the stored tables, 0 when set-up has never come to its end."""
    try:
        found = Installation.find("schema")
    except TableMissing:
        return 0
    return int(found.value or 0) if found else 0


def known_key() -> str:
    """Return the KMS key that an earlier set-up was given, or the usual one."""
    try:
        found = Installation.find(installation.KMS_KEY)
    except TableMissing:
        found = None
    return str(found.value) if found else installation.USUAL_KEY


def _items(key_arn: str) -> list[tuple[str, bool]]:
    """Make the items that must exist, unless they do; return each with whether it was made now."""
    stamp = Change.find(catalogue.LOG, catalogue.STAMP)
    return [
        ("KMS key", installation.ensure_kms_key(key_arn)),
        (
            "stop switch",
            Installation.find(GRANTS) is None and installation.ensure(GRANTS, stopped=False),
        ),
        ("catalogue stamp", stamp is None and catalogue.ensure_stamp()),
        ("secret key", installation.ensure_secret_key()),
    ]


def _finish(changed: list[str], say: Say) -> list[str]:
    """Bring the schema version up to date, last of all, and record what was changed."""
    stored = stored_schema()
    if stored == 0:
        return _first_time(changed)
    for version in range(stored, SCHEMA):
        say(f"Bringing the tables from version {version} to {version + 1} ...")
        MIGRATIONS[version](say)
        _write_schema(version + 1)
        changed.append(f"version {version + 1}")
    if changed:
        audit.record(Event.SETUP_DONE, changed=changed)
    return changed


def _first_time(changed: list[str]) -> list[str]:
    """Write the schema version and the event in one transaction: without both, nothing is served."""
    try:
        with transaction() as writes:
            writes.create(Installation("schema", value=str(SCHEMA)))
            writes.create(audit.event(Event.SETUP_DONE, changed=changed, schema=SCHEMA))
    except AlreadyExists:
        # another run, at the same time, was first
        installation.refuse_other_schema()
        if changed:
            audit.record(Event.SETUP_DONE, changed=changed)
        return changed
    return [*changed, f"version {SCHEMA}"]


def _write_schema(version: int) -> None:
    """Note that the tables are of this version now."""
    found = Installation.find("schema")
    if found is not None and int(found.value or 0) < version:
        found.value = str(version)
        with transaction() as writes:
            writes.save(found)

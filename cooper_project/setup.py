"""Set-up: from an empty AWS region to an installation that can be served.

Run again, it repairs what is missing.
"""

from collections.abc import Callable
from functools import partial

from django.conf import settings

from accounts import person_names
from brokers import catalogue
from brokers.catalogue_reads import all_targets
from brokers.models import Change
from brokers.role_names import doubles
from cooper_project import restored_store, schema
from cooper_project.setup_changes import SetupChanges
from core import audit, installation, secret_keys, store_identity
from core.audit import Event
from core.dynamo import Stale, tables, transaction
from core.installation import NAMES_ITEM, STOP_SWITCH_ITEM, Beside, Installation
from core.kms import usable_key_arn
from sso_portal import registration_keys

Say = Callable[[str], None]

UPGRADE_PREPARED = """
The tables are of version {stored} and ready for version {new}, which this cooper begins to use at
the end of the upgrade. Servers of the version before may go on, and be started again, meanwhile.
When every server runs this cooper, and you are sure not to go back:
  cooper -setup -finish-upgrade
From then on the version before does not start any more."""
"""What set-up says while an upgrade is under way."""


def set_up(
    say: Say,
    *,
    rotate: bool = False,
    finish_upgrade: bool = False,
    is_restored: bool = False,
    make_missing: bool = False,
) -> list[str]:
    """Make and verify everything that serving needs; return what was changed.

    Tables of the version before stay of that version, so that its servers go on, until it is asked
    to `finish_upgrade`. Tables that were restored, which `is_restored` may declare, are left with
    all grants stopped; `make_missing` makes those anew that the others were restored without.

    `say` is called with each step. Raise CooperError: no usable KMS key, a table with other keys
    (nothing changed), a missing permission (named), a newer schema, or no answer in time. Whatever
    was done stays done, and the next run goes on from there.
    """
    key_arn = usable_key_arn(settings.COOPER_KMS_KEY)
    say(f"KMS key {key_arn}")
    stored = schema.stored_version()
    installation.refuse_newer_schema(stored)
    restored_store.refuse_incomplete(say, make_missing=make_missing)

    changes = SetupChanges(is_first_run=stored == 0)
    changes.add(tables.ensure(key_arn, say))
    # before anything else is written: whatever comes then, nothing is granted
    restore = restored_store.begin(say, is_declared=is_restored)
    if not restore:
        changes.add(_keep_identities(say))
    _ensure_items(key_arn, changes)
    _bring_secret_keys_up_to_date(say, changes, rotate=rotate and "secret key" not in changes.all)

    _name_doubles(say)

    # last of all: servers refuse to start before the tables have their version
    if stored == 0:
        changed = schema.write_first(changes.all)
    else:
        changes.record()
        changed = changes.all

    if restore:
        changed += restored_store.finish(say, restore)

    if stored in range(1, installation.SCHEMA) and not finish_upgrade:
        say(UPGRADE_PREPARED.format(stored=stored, new=installation.SCHEMA))
        return changed
    return changed + _finish_upgrade(say)


def _finish_upgrade(say: Say) -> list[str]:
    """Raise the version, and only then drop what it does without; return what was changed."""
    changed = schema.raise_version(say)

    # also where an earlier run was cut short
    dropped = schema.drop_what_is_retired(say)
    if dropped:
        audit.record(Event.SETUP_DONE, changed=dropped)
    return changed + dropped


def known_key() -> str:
    """Return the KMS key that an earlier set-up was given, or the usual one."""
    item = schema.find_item(installation.KMS_KEY)
    return str(item.value) if item else installation.USUAL_KEY


def _ensure_items(key_arn: str, changes: SetupChanges) -> None:
    """Make the items that must exist, unless they do."""
    ensure_by_name: dict[str, Callable[[Beside], bool]] = {
        "KMS key": partial(installation.ensure_kms_key, key_arn),
        "emergency stop": _ensure_stop_switch,
        "catalogue stamp": _ensure_stamp,
        "secret key": secret_keys.ensure,
        "registration key": registration_keys.ensure,
        "names of people": _ensure_names,
    }
    for name, ensure in ensure_by_name.items():
        write_beside = partial(changes.write_beside, name)
        try:
            is_new = ensure(write_beside)
        except Stale:
            # another first run came to its end meanwhile: what it made is found now
            is_new = ensure(write_beside)
        if is_new:
            changes.add_item(name)


def _ensure_stop_switch(write_beside: Beside) -> bool:
    """Make the switch, off; one that was set stays as it is."""
    if Installation.find(STOP_SWITCH_ITEM) is None:
        return installation.ensure(STOP_SWITCH_ITEM, write_beside, stopped=False)
    return False


def _ensure_stamp(write_beside: Beside) -> bool:
    if Change.find(catalogue.LOG, catalogue.STAMP) is None:
        return catalogue.ensure_stamp(write_beside)
    return False


def _bring_secret_keys_up_to_date(say: Say, changes: SetupChanges, *, rotate: bool) -> None:
    """Drop the secret keys that are retired, and introduce a new one if asked to."""
    if secret_keys.drop_retired():
        changes.add_recorded("retired secret key dropped")

    if rotate:
        signs_from = secret_keys.rotate()
        changes.add_recorded("secret key introduced")
        say(
            f"A new secret key is introduced. Servers sign with it from {signs_from:%H:%M} UTC; "
            "they learn it by themselves, without a restart."
        )


def _name_doubles(say: Say) -> None:
    """Name the targets of one AWS account that links call the same, and what to do about it."""
    for (account_id, _), targets in doubles(all_targets()).items():
        names = ", ".join(target.name for target in targets)
        say(
            f"In AWS account {account_id}, links call {names} the same: {targets[0].role_name}. "
            "Links offer all of them. Give each but one a role name of its own, on its page under "
            "Administration, Targets."
        )


def _keep_identities(say: Say) -> list[str]:
    """Keep the identities of tables that are new, or of an earlier cooper, which kept none."""
    identities = store_identity.known_tables()
    current = restored_store.tables_now(say)
    if current.keys() <= identities.keys():
        return []

    item = Installation(store_identity.TABLES_ITEM, value=store_identity.value_of(current))
    with transaction() as writes:
        writes.replace(item)
    return ["identities of the tables"]


def _ensure_names(write_beside: Beside) -> bool:
    """Keep the names of people whom an earlier cooper let in, once; return whether it was now."""
    if Installation.find(NAMES_ITEM):
        return False

    person_names.ensure_all()
    # only now: a run that was cut short begins again
    return installation.ensure(NAMES_ITEM, write_beside)

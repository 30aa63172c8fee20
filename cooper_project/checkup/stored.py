"""What is checked in DynamoDB and KMS: the installation, its key, and what is stored of people."""

from collections.abc import Iterator

from django.conf import settings
from django.core import checks

from accounts.checks import STORED
from cooper_project import preparation, setting_checks
from cooper_project.checkup.report import Finding, note, ok, problem, warning
from cooper_project.outside import Addresses
from core import aws, installation, kms
from core.dynamo import TableMissing, documents, probes, table_looks
from core.emergency_stop import stop_in
from core.errors import CooperError
from core.installation import RESTORE_ITEM, STOP_SWITCH_ITEM, Installation

LIFTED_PAST_COOPER = (
    "grants run, though what a restore undid was not worked off: somebody wrote the stop switch "
    "past cooper, which the server's role can do. Stop all grants, look for who did it, then go "
    "on with cooper -audit since-restore (docs/restore.md)"
)

NOT_ALLOWED_TO_LOOK = (
    "not allowed to look at {what}, which the server need not be: cooper -check -only "
    "table-settings, by whoever may run cooper -setup"
)

OTHER_KEY = (
    "{key} is {key_arn}, and cooper was set up with {set_up_with}. Where the key has changed: "
    "cooper -setup, then cooper -rewrap"
)


def check_clients(_: Addresses) -> Iterator[Finding]:
    """Make AWS clients, which refuses an endpoint that is not AWS's; nothing is called yet."""
    for service in ("dynamodb", "kms", "sts"):
        aws.client(service)
    yield ok(f"AWS is asked in {aws.region()}")


def check_installation(_: Addresses) -> Iterator[Finding]:
    """Open the installation as a worker does before it serves."""
    preparation.open_installation()
    version = installation.schema_version()
    tables_named = f"{settings.COOPER_TABLE_PREFIX}*"
    yield ok(f"the tables {tables_named} are of version {version}, and their secret key opens")

    restore = Installation.find(RESTORE_ITEM)
    switch = Installation.find(STOP_SWITCH_ITEM)
    if restore and restore.stopped_for_restore and not stop_in(switch):
        yield problem(LIFTED_PAST_COOPER)


def check_tables(_: Addresses) -> Iterator[Finding]:
    """Ask every table for nothing: each has to be there."""
    for model in documents():
        try:
            probes.try_action(model, "BatchGetItem")
        except TableMissing as error:
            # of a region without any, one line says enough
            yield problem(error.line)
            return
    yield ok(f"{len(documents())} tables are there")


def check_table_settings(_: Addresses) -> Iterator[Finding]:
    """Look whether the tables are as set-up makes them, where whoever runs this may look."""
    installation.use_kms_key()
    look = table_looks.look(kms.key_arn(settings.COOPER_KMS_KEY))
    for name, texts in look.problems.items():
        yield warning(f"{name}: {', '.join(texts)}. Run cooper -setup")

    refused = look.refusals
    if not look.problems:
        seen = [what for what in ("recovery", "expiry") if what not in refused]
        settings_seen = ", ".join(["keys", "indexes", "encryption", "protection", *seen])
        yield ok(f"all tables are as cooper -setup makes them: {settings_seen}")
    if refused:
        what = NOT_ALLOWED_TO_LOOK.format(what=" and ".join(refused))
        yield note(f"{what} [{'; '.join(refused.values())}]")


def check_kms_key(_: Addresses) -> Iterator[Finding]:
    """Look whether the KMS key can be used, and is the one that set-up was given."""
    installation.use_kms_key()
    key = settings.COOPER_KMS_KEY
    key_arn = kms.usable_key_arn(key)
    yield ok(f"{key_arn} can be used")

    set_up_with = str(installation.set_up_item(installation.KMS_KEY).value)
    if key_arn != set_up_with:
        yield warning(OTHER_KEY.format(key=key, key_arn=key_arn, set_up_with=set_up_with))


def check_what_is_stored(_: Addresses) -> Iterator[Finding]:
    """Look for what is stored and makes no sense; it prevents no start."""
    try:
        messages = checks.run_checks(tags=[STORED], databases=["default"])
    except CooperError as error:
        yield warning(error.line)
        return

    lines = [setting_checks.line_of(message) for message in messages if not message.is_silenced()]
    yield from map(warning, lines)
    if not lines:
        yield ok("names, groups and associations make sense")

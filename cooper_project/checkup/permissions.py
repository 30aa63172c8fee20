"""What docs/iam/serve.json grants and denies the server, tried with calls that change nothing."""

from collections.abc import Callable, Iterator
from functools import partial

from django.conf import settings

from accounts.models import LocalAccount, Person, SamlIdp
from cooper_project.checkup.report import Finding, note, ok, problem, warning
from cooper_project.outside import Addresses
from core import installation, kms
from core.audit import AuditEvent
from core.dynamo import Document, documents, probes
from core.errors import CooperError, NotAllowed, Unavailable
from core.installation import Installation
from shipping.models import Shipment

ON_SOME_TABLES = {"ConditionCheckItem": (Installation, LocalAccount, Person)}
"""The actions that only these tables need; all others every table needs."""

DENIED: tuple[tuple[type[Document], tuple[str, ...]], ...] = (
    (AuditEvent, ("DeleteItem", "UpdateItem")),
    (SamlIdp, ("DeleteItem", "PutItem", "UpdateItem")),
    (Shipment, ("DeleteItem", "PutItem", "UpdateItem")),
)
"""What the policy denies: the events of the audit log, identity providers, what was shipped."""

NOT_TRIED = ("sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession")
"""What cannot be tried without an effect: it makes credentials."""

WHY_NOT_TRIED = (
    "not tried, since that makes credentials: {actions}. Administration, Targets, a target, "
    "Try it: that becomes it once"
)

MORE_THAN_NEEDED = (
    "whoever runs this may call {what}, which the server must not: compare its policy with "
    "docs/iam/serve.json"
)

AS_DENIED = (
    "what the server must not do is denied: to change the audit log or what was shipped of it, "
    "identity providers, secret keys"
)


def check_permissions(_: Addresses) -> Iterator[Finding]:
    """Try each permission that the server needs, and each that it must not have."""
    # as a server does that is given none
    installation.use_kms_key()
    for action in probes.actions():
        yield _finding_of_action(action)
    yield _finding_of_indexes()
    yield from _try_kms()
    yield from _try_denials()

    yield note(WHY_NOT_TRIED.format(actions=", ".join(NOT_TRIED)))


# -- DynamoDB --------------------------------------------------------------------------------------
def _finding_of_action(action: str) -> Finding:
    tables = ON_SOME_TABLES.get(action) or tuple(documents())
    # what the policy denies is tried by itself
    needed = [table for table in tables if not _is_denied(table, action)]
    refusals = [
        why for table in needed if (why := _refusal(partial(probes.try_action, table, action)))
    ]
    return _of_many(f"dynamodb:{action}", len(needed), "tables", refusals)


def _finding_of_indexes() -> Finding:
    indexes = [(table, index) for table in documents() for index in probes.indexes_of(table)]
    refusals = []
    for table, index in indexes:
        why = _refusal(partial(probes.try_index, table, index))
        if why:
            refusals.append(why)
    return _of_many("dynamodb:Query", len(indexes), "indexes", refusals)


def _of_many(action: str, count: int, what: str, refusals: list[str]) -> Finding:
    if not refusals:
        return ok(f"{action} on {count} {what}")
    return problem(f"{action} on {len(refusals)} of {count} {what}: {refusals[0]}")


def _refusal(attempt: Callable[[], None]) -> str:
    """Return why a try failed, "" when it did not; raise Unavailable when nobody answered."""
    try:
        attempt()
    except Unavailable:
        raise
    except CooperError as error:
        return error.line
    return ""


# -- KMS -------------------------------------------------------------------------------------------
def _try_kms() -> Iterator[Finding]:
    """Use the key as the server does: one kind of call after the other, until one is refused."""
    key = settings.COOPER_KMS_KEY
    action = "kms:DescribeKey"
    try:
        key_arn = kms.key_arn(key)
        yield ok(f"{action} on {key}")

        action = "kms:Encrypt"
        ciphertext = kms.encrypt(b"cooper-check", key_arn, _context("readiness"))
        yield ok(f"{action} on {key}")

        action = "kms:Decrypt"
        kms.decrypt(ciphertext, _context("readiness"))
        yield ok(f"{action} on {key}")
    except Unavailable:
        raise
    except CooperError as error:
        yield problem(kms.explain_error(error, key, action).line)


def _context(purpose: str) -> dict[str, str]:
    return {"cooper:purpose": purpose, "cooper:tables": settings.COOPER_TABLE_PREFIX}


# -- what must be refused --------------------------------------------------------------------------
def _is_denied(table: type[Document], action: str) -> bool:
    return any(table is denied and action in actions for denied, actions in DENIED)


def _try_denials() -> Iterator[Finding]:
    """Try what the policy denies; whoever set cooper up may do it."""
    allowed = [
        f"dynamodb:{action} on {table.table_description()['TableName']}"
        for table, actions in DENIED
        for action in actions
        if _is_allowed(partial(probes.try_action, table, action))
    ]
    if _is_allowed(_seal_as_set_up):
        allowed.append("kms:Encrypt for a secret key")

    if allowed:
        yield warning(MORE_THAN_NEEDED.format(what=", ".join(allowed)))
    else:
        yield ok(AS_DENIED)


def _is_allowed(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except NotAllowed:
        # as it has to be for a server
        return False
    return True


def _seal_as_set_up() -> object:
    return kms.encrypt(b"cooper-check", settings.COOPER_KMS_KEY, _context("secret-key"))

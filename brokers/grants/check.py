"""The check of a grant, after its intent: everything that it rests on, read at one moment."""

from typing import TypeVar

from accounts.command_lines import CommandLine
from accounts.models import Person, WebSession
from brokers.grants.basis import Basis, Claim, Confirmed, confirm
from brokers.models import Association, AwsAccount, Target
from core import audit
from core.dynamo import Document, DocumentKey, serializable_read
from core.installation import STOP_SWITCH_ITEM, Installation

DocumentT = TypeVar("DocumentT", bound=Document)


def check(claim: Claim) -> Confirmed:
    """Return the target and its AWS account as they are now, once all that counts says yes.

    Either it sees that somebody took something away, or the intent, which is on the audit log
    already, was there before that. Raise Stopped, ChangedMeanwhile, TargetNotAccessible, and
    Unavailable when it cannot be made.
    """
    basis = read_basis(claim)
    return confirm(basis, claim, audit.now())


def read_basis(claim: Claim) -> Basis:
    """Return what a grant rests on, by primary key and all of one moment; raise Unavailable."""
    target_name = str(claim.target.name)
    keys: list[DocumentKey] = [
        (Installation, STOP_SWITCH_ITEM),
        (AwsAccount, str(claim.target.aws_account)),
        (Person, claim.identity.person),
        (Target, target_name),
        (Association, target_name, str(claim.entitlement.last_group)),
        _session_key(claim),
    ]
    switch, account, person, target, association, session = serializable_read(keys)
    return Basis(
        stop_switch=_typed(Installation, switch),
        account=_typed(AwsAccount, account),
        person=_typed(Person, person),
        target=_typed(Target, target),
        association=_typed(Association, association),
        session=_typed(WebSession, session) or _typed(CommandLine, session),
    )


def _session_key(claim: Claim) -> DocumentKey:
    if claim.command_line:
        return (CommandLine, claim.command_line)
    return (WebSession, claim.web_session)


def _typed(model: type[DocumentT], document: Document | None) -> DocumentT | None:
    return document if isinstance(document, model) else None

"""`probe`: try a target for real and discard what it gives; what its trust policy allows is settled here."""

import secrets
from typing import Any

from accounts.identity import Identity
from brokers import arns, catalogue
from brokers.aws_errors import explained, is_duration_refusal
from brokers.federation_keys import keys_of
from brokers.models import Target
from brokers.probing.key_check import HARMLESS
from brokers.readiness import ProbeResult
from brokers.sts import Request, assume_role, federation_token
from brokers.sts.names import new_grant_id, session_name
from brokers.sts.request import policies, tags
from core import aws
from core.errors import CooperError, Unavailable

PROBER = Identity("cooper", "try", "cooper's try")


def is_coopers_own(role_arn: arns.RoleArn, caller: str) -> bool:
    """Return whether the role is the one that cooper itself runs as."""
    return arns.role_name_of(caller) == (role_arn.account_id, role_arn.name)


def probe(target: Target, external_id: str = "") -> ProbeResult:
    """Try the target (900 s, discarded) and return what it allows; grants nothing.

    The session policy denies all, but in the one call that tries the target's own.

    `external_id` is that of an AWS account which is not stored yet. Raise Unavailable when AWS does not answer, or is
    busy; its refusals are findings.
    """
    return _probe_role(target, external_id) if target.is_role else _probe_federated_user(target)


def _arguments(target: Target, own: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return the least AssumeRole of a try; `own` are the target's session policies instead of the one of a try."""
    asked = {"RoleArn": target.role_arn, "RoleSessionName": session_name(PROBER, new_grant_id())}
    return {**asked, "DurationSeconds": 900, **(own or {"Policy": HARMLESS}), **more}


def _decided(error: CooperError) -> CooperError:
    """Return the error when it is AWS's no; raise it when AWS decided nothing: no answer, throttled, a fault."""
    if not error.code or isinstance(error, Unavailable):
        raise error
    return error


def _refusal(target: Target, own: dict[str, Any] | None = None, **more: Any) -> CooperError | None:
    """Try AssumeRole once, discard what it gives, and return AWS's refusal or None; raise when AWS decided nothing."""
    try:
        assume_role.assume(_arguments(target, own, **more))
    except CooperError as error:
        return _decided(error)
    return None


def _probe_role(target: Target, external_id: str) -> ProbeResult:
    """Try a role with the ExternalId, without it, with a wrong one, with tags, with a source identity, and for long."""
    external_id = external_id or str(catalogue.ensure_account(str(target.aws_account)).external_id)
    right: dict[str, Any] = {"ExternalId": external_id}
    refused = _refusal(target, **right)
    if refused is not None:
        return ProbeResult(works=False, findings=(_first_refusal(refused),))
    request = Request(PROBER, new_grant_id(), 900, external_id)
    findings: list[str] = []
    enforced = _enforces_external_id(target, findings)
    tagged = _allows(target, findings, "sts:TagSession", **right, Tags=tags(request))
    named: dict[str, Any] = {"Tags": tags(request)} if tagged else {}
    own = policies(target)
    unfit = _refusal(target, own, **right, **named) if own else None
    if unfit is not None:
        return ProbeResult(works=False, findings=(*findings, _of_own_policies(unfit)))
    source = _allows(
        target, findings, "sts:SetSourceIdentity", **right, SourceIdentity="cooper.try"
    )
    longest = _longest(target, right, findings)
    return ProbeResult(True, enforced, tagged, source, longest, tuple(findings))


def _first_refusal(refused: CooperError) -> str:
    """Return what a refusal of the plainest call means."""
    if refused.code == "AccessDenied":
        return (
            "AWS refuses sts:AssumeRole with the right ExternalId: the role does not exist, its trust policy does not "
            "name cooper or has another ExternalId, or cooper's own policy does not allow this role."
        )
    return f"AWS refuses: {refused.detail}"


def _of_own_policies(refused: CooperError) -> str:
    """Return what it means that AWS takes the try's session policy and not the target's."""
    return f"AWS refuses the target's own session policies: {refused.detail}"


def _enforces_external_id(target: Target, findings: list[str]) -> bool:
    """Return whether the role refuses callers without ExternalId and with a wrong one: AccessDenied alone says so."""
    without = _refusal(target)
    wrong = _refusal(target, ExternalId=f"wrong-{secrets.token_hex(16)}")
    odd = next(
        (each for each in (without, wrong) if each is not None and each.code != "AccessDenied"),
        None,
    )
    if without is None:
        findings.append(
            'The role can be assumed without an ExternalId: add the condition StringEquals "sts:ExternalId".'
        )
    elif wrong is None:
        findings.append(
            'The role accepts a wrong ExternalId: the condition has to be StringEquals "sts:ExternalId".'
        )
    elif odd is not None:
        findings.append(
            f"cooper cannot tell whether the role enforces the ExternalId, since AWS says: {odd.detail}"
        )
    return without is not None and wrong is not None and odd is None


def _allows(target: Target, findings: list[str], action: str, **more: Any) -> bool:
    """Return whether the call is allowed with what `action` covers; otherwise say which part is lacking."""
    refused = _refusal(target, **more)
    if refused is None:
        return True
    if refused.code != "AccessDenied":
        findings.append(f"AWS refuses {action}: {refused.detail}")
        return False
    findings.append(
        f"The trust policy does not allow {action}: add the second statement. People are not named in AWS's own log."
    )
    return False


def _longest(target: Target, right: dict[str, Any], findings: list[str]) -> int:
    """Return the seconds that AWS gives, up to the target's longest."""
    wanted = min(int(target.max_seconds), assume_role.LONGEST)
    refused = _refusal(target, **right, DurationSeconds=wanted) if wanted > 3600 else None
    if refused is None:
        return wanted
    if not is_duration_refusal(refused):
        findings.append(f"AWS refuses {wanted} seconds: {refused.detail}")
        return 3600
    chained = "chaining" in refused.detail
    cause = (
        "cooper's own credentials come from a role (chaining)"
        if chained
        else "the role's MaxSessionDuration is less"
    )
    findings.append(
        f"AWS refuses {wanted} seconds, since {cause}. "
        "People get at most one hour. Set the longest session to what AWS gives and test the target again."
    )
    return 3600


def _probe_federated_user(target: Target) -> ProbeResult:
    """Try a federated user's keys, then with tags."""
    keys, partition = keys_of(target), str(target.partition)
    asked: dict[str, Any] = {"Name": "cooper.try", "DurationSeconds": 900, "Policy": HARMLESS}
    try:
        federation_token.federate(keys, partition, asked)
    except CooperError as error:
        return ProbeResult(works=False, findings=(explained(_decided(error), target).message,))
    findings: list[str] = []
    tagged = _federated_tags(keys, partition, asked, findings)
    unfit = _federated_policies(target, keys, asked, tagged=tagged)
    if unfit is not None:
        return ProbeResult(works=False, findings=(*findings, _of_own_policies(unfit)))
    return ProbeResult(True, True, tagged, True, int(target.max_seconds), tuple(findings))


def _federated_tags(
    keys: aws.Keys, partition: str, asked: dict[str, Any], findings: list[str]
) -> bool:
    """Return whether the IAM user may pass session tags."""
    named = tags(Request(PROBER, new_grant_id(), 900))
    try:
        federation_token.federate(keys, partition, asked | {"Tags": named})
    except CooperError as error:
        _decided(error)
        findings.append(
            "The IAM user's policy does not allow sts:TagSession, so sessions do not name the grant."
        )
        return False
    return True


def _federated_policies(
    target: Target, keys: aws.Keys, asked: dict[str, Any], *, tagged: bool
) -> CooperError | None:
    """Try the target's own session policies once and discard what that gives; return AWS's refusal, or None."""
    own = policies(target)
    named: dict[str, Any] = {"Tags": tags(Request(PROBER, new_grant_id(), 900))} if tagged else {}
    plain = {name: value for name, value in asked.items() if name != "Policy"}
    try:
        if own:
            federation_token.federate(keys, str(target.partition), plain | own | named)
    except CooperError as error:
        return _decided(error)
    return None

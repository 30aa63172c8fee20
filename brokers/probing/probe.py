"""`probe`.

Try a target for real and discard what it gives, to learn what its trust policy allows.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any

from accounts.identity import Identity
from brokers import arns, aws_accounts
from brokers.aws_errors import explain, is_duration_refusal
from brokers.choices import ONE_HOUR, SHORTEST_SESSION
from brokers.federation_keys import decrypt_keys
from brokers.models import Target
from brokers.probing.key_check import DENY_ALL, PROBE_ARGUMENTS
from brokers.readiness import Place, ProbeResult
from brokers.sts import assume_role, federation_token
from brokers.sts.names import new_grant_id, session_name
from brokers.sts.request import SessionRequest, policy_arguments, tags
from core import aws
from core.errors import CooperError, Unavailable

EXPIRED_CODES = {"ExpiredToken", "ExpiredTokenException"}
"""AWS's error codes for temporary credentials after their end; Federation Keys have none."""

PROBER = Identity("cooper", "try", "cooper's try")
"""Who a probe's sessions are named after."""

ONE_OF_THREE = "AWS refuses sts:AssumeRole and does not say why. It is one of three:"
CAUSES_OF_REFUSAL = (
    "The role does not exist in that AWS account: correct the ARN, or create the role.",
    (
        "Its trust policy does not name cooper's principal, or has another ExternalId: "
        "give the role the trust policy on the target's page."
    ),
    (
        "cooper's own IAM policy does not allow sts:AssumeRole on this role: "
        "add the role's ARN to that policy, in cooper's AWS account."
    ),
)
"""Why AWS answers AccessDenied to the right ExternalId, and what to do about each."""


def is_coopers_own(role_arn: arns.RoleArn, caller_arn: str) -> bool:
    """Return whether the role is the one that cooper itself runs as."""
    return arns.assumed_role_of(caller_arn) == (role_arn.account_id, role_arn.name)


def probe(target: Target, external_id: str = "") -> ProbeResult:
    """Try the target (900 s, discarded) and return what it allows; grants nothing.

    The session policy denies everything, but in the one call that tries the target's own.
    `external_id` is that of an AWS account which is not stored yet.

    Raise Unavailable when AWS does not answer, or is busy, and NotAllowed when cooper's own
    credentials are not good; all other refusals are findings.
    """
    if not target.is_role:
        return _FederatedUserProbe(target).run()

    if not external_id:
        account = aws_accounts.ensure_account(str(target.aws_account))
        external_id = str(account.external_id)
    return _RoleProbe(target, external_id).run()


def _refusal_or_raise(error: CooperError) -> CooperError:
    """Return AWS's refusal; raise the error when AWS decided nothing (no answer, throttled).

    What AWS did not decide must never become a finding: a throttled call without ExternalId would
    look like "ExternalId enforced", and expired credentials like a trust policy that lacks a part.
    """
    if not error.code or isinstance(error, Unavailable) or error.code in EXPIRED_CODES:
        raise error
    return error


def _tags(target: Target) -> list[dict[str, str]]:
    """Return the tags that a grant of the target would have, with the example as its reason."""
    reason = str(target.reason_example or "") if target.reason_pattern else ""
    return tags(SessionRequest(PROBER, new_grant_id(), ONE_HOUR, "", reason=reason))


@dataclass
class _Findings:
    """What a probe has found so far, and what each finding is about."""

    texts: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)

    def add(self, place: Place, text: str) -> None:
        self.texts.append(text)
        self.places.append(place)

    def failed(self, place: Place, text: str) -> ProbeResult:
        """Return the result of a probe that ends with this finding."""
        self.add(place, text)
        return self.result(works=False)

    def result(self, **facts: Any) -> ProbeResult:
        return ProbeResult(findings=tuple(self.texts), places=tuple(self.places), **facts)


def _describe_policy_refusal(refusal: CooperError) -> str:
    return f"AWS refuses the target's own session policies: {refusal.detail}"


# -- roles -----------------------------------------------------------------------------------------
@dataclass
class _RoleProbe:
    """One probe of a role: up to eight AssumeRole calls, each of which asks one question."""

    target: Target
    external_id: str
    findings: _Findings = field(default_factory=_Findings)

    def run(self) -> ProbeResult:
        refusal = self._assume()
        if refusal is not None:
            return self._failed_at_once(refusal)

        external_id_enforced = self._enforces_external_id()
        tag_session = self._allows("sts:TagSession", Tags=_tags(self.target))

        refusal = self._refusal_of_own_policies(tag_session)
        if refusal is not None:
            text = _describe_policy_refusal(refusal)
            return self.findings.failed(Place.SESSION_POLICY, text)

        source_identity = self._allows("sts:SetSourceIdentity", SourceIdentity="cooper.try")
        longest_seconds = self._longest_seconds()
        return self.findings.result(
            works=True,
            external_id_enforced=external_id_enforced,
            tag_session=tag_session,
            source_identity=source_identity,
            longest_seconds=longest_seconds,
        )

    def _failed_at_once(self, refusal: CooperError) -> ProbeResult:
        """Return what the refusal of the plainest call means.

        AccessDenied has three causes that AWS does not tell apart, each mended elsewhere.
        """
        if refusal.code != "AccessDenied":
            return self.findings.failed(Place.ROLE, f"AWS refuses: {refusal.detail}")

        self.findings.add(Place.ASSUME_ROLE, ONE_OF_THREE)
        for cause in CAUSES_OF_REFUSAL:
            self.findings.add(Place.ASSUME_ROLE, cause)
        return self.findings.result(works=False)

    def _assume(self, **arguments: Any) -> CooperError | None:
        """Call AssumeRole with the right ExternalId and these arguments.

        Return AWS's refusal, or None.
        """
        return self._assume_exactly(ExternalId=self.external_id, Policy=DENY_ALL, **arguments)

    def _assume_exactly(self, **arguments: Any) -> CooperError | None:
        """Call AssumeRole once and discard what it gives; return AWS's refusal, or None.

        Raise when AWS decided nothing.
        """
        least = {
            "RoleArn": self.target.role_arn,
            "RoleSessionName": session_name(PROBER, new_grant_id()),
            "DurationSeconds": SHORTEST_SESSION,
        }
        try:
            assume_role.assume(least | arguments)
        except CooperError as error:
            if error.code in aws.BAD_CREDENTIAL_CODES:
                # cooper's own: AWS did not even look at the role
                raise
            return _refusal_or_raise(error)
        return None

    def _enforces_external_id(self) -> bool:
        """Return whether the role refuses callers without an ExternalId and with a wrong one.

        AccessDenied alone says so: any other refusal comes before AWS looks at the trust policy.
        """
        wrong_id = f"wrong-{secrets.token_hex(16)}"
        without = self._assume_exactly(Policy=DENY_ALL)
        wrong = self._assume_exactly(Policy=DENY_ALL, ExternalId=wrong_id)

        if without is None:
            self.findings.add(
                Place.EXTERNAL_ID,
                "The role can be assumed without an ExternalId: "
                'add the condition StringEquals "sts:ExternalId".',
            )
            return False
        if wrong is None:
            self.findings.add(
                Place.EXTERNAL_ID,
                "The role accepts a wrong ExternalId: "
                'the condition has to be StringEquals "sts:ExternalId".',
            )
            return False

        for refusal in (without, wrong):
            if refusal.code != "AccessDenied":
                self.findings.add(
                    Place.EXTERNAL_ID,
                    "cooper cannot tell whether the role enforces the ExternalId, "
                    f"since AWS says: {refusal.detail}",
                )
                return False
        return True

    def _allows(self, action: str, **arguments: Any) -> bool:
        """Return whether AssumeRole takes arguments that `action` covers.

        A refusal becomes a finding.
        """
        refusal = self._assume(**arguments)
        if refusal is None:
            return True

        if refusal.code == "AccessDenied":
            self.findings.add(
                Place.TRUST_POLICY,
                f"The trust policy does not allow {action}: add the second statement. "
                "People are not named in AWS's own log.",
            )
        else:
            self.findings.add(Place.TRUST_POLICY, f"AWS refuses {action}: {refusal.detail}")
        return False

    def _refusal_of_own_policies(self, tag_session: bool) -> CooperError | None:
        """Try the target's own session policies, which AWS packs together with the tags."""
        arguments = policy_arguments(self.target)
        if not arguments:
            return None
        if tag_session:
            arguments["Tags"] = _tags(self.target)
        return self._assume_exactly(ExternalId=self.external_id, **arguments)

    def _longest_seconds(self) -> int:
        """Return the seconds that AWS gives, up to the target's longest."""
        seconds = min(int(self.target.max_seconds), assume_role.LONGEST)
        if seconds <= ONE_HOUR:
            return seconds

        refusal = self._assume(DurationSeconds=seconds)
        if refusal is None:
            return seconds

        if is_duration_refusal(refusal):
            self.findings.add(Place.LONGEST, _describe_duration_refusal(seconds, refusal))
        else:
            self.findings.add(Place.LONGEST, f"AWS refuses {seconds} seconds: {refusal.detail}")
        return ONE_HOUR


def _describe_duration_refusal(seconds: int, refusal: CooperError) -> str:
    if "chaining" in refusal.detail:
        cause = "cooper's own credentials come from a role (chaining)"
    else:
        cause = "the role's MaxSessionDuration is less"
    return (
        f"AWS refuses {seconds} seconds, since {cause}. People get at most one hour. "
        "Set the longest session to what AWS gives, and test the target again."
    )


# -- federated users -------------------------------------------------------------------------------
@dataclass
class _FederatedUserProbe:
    """One probe of a federated user: up to three GetFederationToken calls with its own keys."""

    target: Target
    findings: _Findings = field(default_factory=_Findings)

    def __post_init__(self) -> None:
        self.keys = decrypt_keys(self.target)

    def run(self) -> ProbeResult:
        refusal = self._federate(PROBE_ARGUMENTS)
        if refusal is not None:
            return self.findings.failed(Place.KEYS, explain(refusal, self.target).message)

        tag_session = self._allows_tags()

        refusal = self._refusal_of_own_policies(tag_session)
        if refusal is not None:
            text = _describe_policy_refusal(refusal)
            return self.findings.failed(Place.SESSION_POLICY, text)

        # no ExternalId to enforce, no source identity to set, no limit but GetFederationToken's
        return self.findings.result(
            works=True,
            external_id_enforced=True,
            tag_session=tag_session,
            source_identity=True,
            longest_seconds=int(self.target.max_seconds),
        )

    def _federate(self, arguments: dict[str, Any]) -> CooperError | None:
        """Call GetFederationToken once and discard what it gives; return AWS's refusal, or None."""
        try:
            federation_token.federate(self.keys, str(self.target.partition), arguments)
        except CooperError as error:
            return _refusal_or_raise(error)
        return None

    def _allows_tags(self) -> bool:
        """Return whether the IAM user may pass session tags; a refusal becomes a finding."""
        refusal = self._federate(PROBE_ARGUMENTS | {"Tags": _tags(self.target)})
        if refusal is not None:
            self.findings.add(
                Place.KEYS,
                "The IAM user's policy does not allow sts:TagSession, "
                "so sessions do not name the grant.",
            )
        return refusal is None

    def _refusal_of_own_policies(self, tag_session: bool) -> CooperError | None:
        """Try the target's own session policies, which AWS packs together with the tags."""
        own = policy_arguments(self.target)
        if not own:
            return None

        arguments = {name: value for name, value in PROBE_ARGUMENTS.items() if name != "Policy"}
        arguments |= own
        if tag_session:
            arguments["Tags"] = _tags(self.target)
        return self._federate(arguments)

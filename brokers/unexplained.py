"""Sessions of cooper's principals in CloudTrail of which the audit log knows nothing.

cooper writes an event before and after each session that it asks STS for. A session that its
principals were given without one was asked for by somebody else: the role, or the Federation Keys,
are stolen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from brokers.cloudtrail import IssuedSession
from core.audit import Event
from core.errors import Invalid

TRY_TIME = timedelta(minutes=2)
"""Around the event of a test of a target, in which its sessions were issued."""

DOUBT_TIME = timedelta(minutes=1)
"""Around a grant whose answer was lost, in which its session was issued."""

NAMES_OF_TRIES = ("try.", "cooper.try")
"""How the names of the sessions begin that a test of a target asks for."""

Network = IPv4Network | IPv6Network


@dataclass
class Known:
    """What the audit log tells of sessions."""

    access_keys: set[str] = field(default_factory=set)
    """Of the sessions that were issued."""
    doubtful: dict[str, list[datetime]] = field(default_factory=dict)
    """Names of sessions whose answer was lost, each with when it was asked for."""
    tries: dict[str, list[datetime]] = field(default_factory=dict)
    """When targets were tested, by AWS account."""
    servers: set[str] = field(default_factory=set)
    """Patterns of the ARNs that servers ran under."""

    @classmethod
    def of(cls, events: Iterable[Mapping[str, Any]]) -> "Known":
        """Return what events tell, each as an export has it (`core.audit_export`)."""
        knowledge = cls()
        for event in events:
            knowledge.add(event)
        return knowledge

    def add(self, event: Mapping[str, Any]) -> None:
        """Take one event in; most tell nothing of sessions."""
        kind = event.get("event")
        facts: Mapping[str, Any] = event.get("details") or {}
        if kind == Event.GRANT_DONE:
            self.access_keys.add(str(facts.get("access_key_id")))

        elif kind == Event.GRANT_FAILED and facts.get("may_have_been_issued"):
            name = str(facts.get("session_name"))
            self.doubtful.setdefault(name, []).append(_moment(event))

        elif kind in {Event.TARGET_TRIED, Event.TARGET_TRY_FAILED}:
            account = str(event.get("aws_account"))
            self.tries.setdefault(account, []).append(_moment(event))

        elif kind == Event.SERVE_STARTED and facts.get("caller"):
            self.servers.add(pattern_of(str(facts["caller"])))

    def explains(self, session: IssuedSession) -> bool:
        """Return whether the audit log knows of a session."""
        if session.access_key_id in self.access_keys:
            return True

        moments = self.doubtful.get(session.name, [])
        if any(at - DOUBT_TIME <= session.at <= at + DOUBT_TIME for at in moments):
            return True

        tries = self.tries.get(session.account, [])
        is_try = session.name.startswith(NAMES_OF_TRIES)
        return is_try and any(at - TRY_TIME <= session.at <= at + TRY_TIME for at in tries)


@dataclass(frozen=True)
class Finding:
    """A session that somebody has to look at, and why."""

    session: IssuedSession
    reason: str

    @property
    def lines(self) -> list[str]:
        """What a person needs to go on: when, which session, and who asked from where."""
        session = self.session
        return [
            f"{session.at:%Y-%m-%d %H:%M:%S}Z {session.operation} {session.subject}",
            f"  {self.reason}",
            f"  asked for by {session.caller} from {session.address}",
            f"  access key {session.access_key_id}, request {session.request_id or 'unknown'}",
        ]


NO_OUTCOME = "no outcome on the audit log"
FROM_ELSEWHERE = "on the audit log, but it comes from elsewhere"


@dataclass(frozen=True)
class Comparison:
    """What came of comparing CloudTrail with the audit log."""

    count: int
    """Sessions in CloudTrail."""
    principals: list[str]
    """Patterns of the ARNs that were taken for cooper's."""
    findings: list[Finding]


def compare(
    sessions: Iterable[IssuedSession],
    knowledge: Known,
    principals: Iterable[str] = (),
    networks: Iterable[Network] = (),
) -> Comparison:
    """Return the sessions of cooper's principals that the audit log does not explain, by time.

    cooper's principals are: `principals` (ARNs, with `*`), those that servers ran under, and
    whoever asked for a session that the log does explain (the IAM users of Federation Keys). A
    session that did not come from one of `networks`, where there are any, is in the list too. Raise
    Invalid when no principal is known: nothing would be looked at.
    """
    # one that crosses AWS accounts is in the trails of both
    each_session = {session.access_key_id: session for session in sessions}
    explained = {key for key, session in each_session.items() if knowledge.explains(session)}

    patterns = {*principals, *knowledge.servers}
    patterns |= {pattern_of(each_session[key].caller) for key in explained}
    if each_session and not patterns:
        raise Invalid("Nothing tells who cooper is in AWS. Name its role: --principal ARN")

    findings = []
    own_networks = list(networks)
    for key, session in each_session.items():
        is_own = any(fnmatchcase(session.caller, pattern) for pattern in patterns)
        if key not in explained:
            if is_own:
                findings.append(Finding(session, NO_OUTCOME))
        elif own_networks and not _is_in(session.address, own_networks):
            findings.append(Finding(session, FROM_ELSEWHERE))
    findings.sort(key=lambda finding: finding.session.at)
    return Comparison(len(each_session), sorted(patterns), findings)


def pattern_of(arn: str) -> str:
    """Return the pattern of a principal: of a role, all sessions."""
    if ":assumed-role/" not in arn:
        return arn
    return f"{arn.rpartition('/')[0]}/*"


def _is_in(address: str, networks: Iterable[Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        # a service's name: AWS itself called
        return False
    return any(parsed in network for network in networks)


def _moment(event: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(event["at"]))

"""When a target is complete, when it is ready, and which change of it calls for a new probe.

Pure: no Django, no AWS. The target's form, the bulk actions and the import all decide by this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from brokers.choices import State

Changes = Mapping[str, Sequence[Any]]
"""Changed attributes of a target: name -> (before, after)."""

PROBE_FLAGS = ("external_id_enforced", "tag_session", "source_identity")
"""What a probe finds allowed or enforced, one by one; a target keeps each as an attribute."""

NOT_PROBED: dict[str, Any] = {
    "probe": None,
    "external_id_enforced": False,
    "tag_session": False,
    "source_identity": False,
    "effective_max_seconds": None,
}
"""The attributes that a probe sets, as they are before the first probe."""

PROBED_ATTRIBUTES = ("role_arn", "partition", "federation_keys", "session_policy", "policy_arns")
"""What a probe depends on: when one of them changes, its result tells nothing any more."""


class Place(StrEnum):
    """What a finding is about: a field of the target's form, or a part of its trust policy."""

    ROLE = "role_arn"
    ASSUME_ROLE = "assume_role"
    KEYS = "federation_keys"
    SESSION_POLICY = "session_policy"
    LONGEST = "max_seconds"
    EXTERNAL_ID = "external_id"
    TRUST_POLICY = "trust_policy"
    ELSEWHERE = ""
    """Nobody knows: the finding is of an imported target, or of a test of long ago."""


@dataclass(frozen=True)
class ProbeResult:
    """What a probe found. `findings` say in words what is lacking, and where to fix it."""

    works: bool
    """Whether AWS gives credentials at all."""

    external_id_enforced: bool = False
    tag_session: bool = False
    source_identity: bool = False
    longest_seconds: int = 0
    """The longest session that AWS gave, up to the target's own longest."""

    findings: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    """What each finding is about, in the same order."""

    @property
    def complete(self) -> bool:
        """Whether nothing is lacking, so that nobody has to accept a weaker mode."""
        return (
            self.works and self.external_id_enforced and self.tag_session and self.source_identity
        )

    def stored(self) -> dict[str, Any]:
        """Return the result as the target and the audit log keep it."""
        return {**asdict(self), "findings": list(self.findings), "places": list(self.places)}


def findings_by_place(result: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the findings of a stored result by what they are about."""
    findings = result.get("findings") or []
    places = result.get("places") or []
    if len(places) != len(findings):
        places = [Place.ELSEWHERE] * len(findings)

    grouped: dict[str, list[str]] = {}
    for place, finding in zip(places, findings, strict=True):
        grouped.setdefault(str(place), []).append(str(finding))
    return grouped


# -- the result and the target's attributes --------------------------------------------------------
def attributes_from(result: Mapping[str, Any], *, is_role: bool) -> dict[str, Any]:
    """Return what a target keeps of a stored result.

    Parts that an import file leaves out are False.
    """
    flags = {name: bool(result.get(name)) for name in PROBE_FLAGS}
    if not is_role:
        # GetFederationToken takes no source identity
        flags["source_identity"] = False

    probe = dict(result) if "works" in result else None
    longest_seconds = result.get("longest_seconds") or None
    return {"probe": probe, **flags, "effective_max_seconds": longest_seconds}


def result_from(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stored result that a target's attributes come from; {} when it was not probed."""
    if attributes["probe"]:
        # a file has no form whose fields a finding could stand beside
        return {name: value for name, value in attributes["probe"].items() if name != "places"}

    result: dict[str, Any] = {name: True for name in PROBE_FLAGS if attributes[name]}
    if attributes["effective_max_seconds"]:
        result["longest_seconds"] = attributes["effective_max_seconds"]
    return result


def known_result(attributes: Mapping[str, Any], *, is_role: bool) -> ProbeResult:
    """Return what is known of the last probe from a target's attributes alone.

    An import file may tell the flags without the result that they come from: then AWS did give
    credentials.
    """
    flags = {name: bool(attributes[name]) for name in PROBE_FLAGS}
    if attributes["probe"]:
        works = bool(attributes["probe"]["works"])
    else:
        works = any(flags.values())

    return ProbeResult(
        works,
        # Federation Keys need no ExternalId, and GetFederationToken takes no source identity
        external_id_enforced=flags["external_id_enforced"] or not is_role,
        tag_session=flags["tag_session"],
        source_identity=flags["source_identity"] or not is_role,
        longest_seconds=attributes["effective_max_seconds"] or 0,
    )


# -- is it ready? ----------------------------------------------------------------------------------
def is_ready(result: ProbeResult, *, sensitive: bool, weaker_mode_accepted: bool) -> bool:
    """Return whether the target may be enabled: nothing is lacking, or a weaker mode is accepted.

    A sensitive target never gets by with a weaker mode.
    """
    if not result.works:
        return False
    return result.complete or (weaker_mode_accepted and not sensitive)


def state_after_probe(before: State, *, ready: bool, enable: bool) -> State | None:
    """Return the state that a target gets by a probe; None: it was to be enabled and is not ready.

    `enable` says whether it is to be enabled. A pending target that turns out ready is enabled in
    any case: it waits for nothing else.
    """
    if ready:
        if enable or before == State.PENDING:
            return State.ENABLED
        return State.DISABLED

    if enable and before != State.ENABLED:
        return None
    # one that is to be disabled must not wait to be enabled by the next test that succeeds
    if enable or before == State.PENDING:
        return State.PENDING
    return State.DISABLED


# -- what calls for a new probe --------------------------------------------------------------------
def invalidates_probe(changes: Changes) -> bool:
    """Return whether the stored result says nothing of the target any more.

    Raising the longest session does that: AWS was not asked for so much. Lowering it does not:
    what AWS gave for long it gives for short, and where it gave less than was asked, people go on
    getting no more than that.
    """
    if any(name in changes for name in PROBED_ATTRIBUTES):
        return True
    if "max_seconds" in changes:
        before, after = changes["max_seconds"]
        return bool(after > before)
    return False


def demands_more(changes: Changes) -> bool:
    """Return whether more is asked of the same result.

    The target becomes sensitive, or no weaker mode is accepted.
    """
    becomes_sensitive = "sensitive" in changes and bool(changes["sensitive"][1])
    withdraws = "weaker_mode_accepted" in changes and not changes["weaker_mode_accepted"][1]
    return becomes_sensitive or withdraws


def needs_probe(changes: Changes, *, adding: bool = False, enabling: bool = False) -> bool:
    """Return whether a target has to be probed before it is saved, by form or bulk action.

    An import cannot probe: where the result is invalidated it leaves the target pending, and where
    more is demanded it decides by the stored result.
    """
    # accepting a weaker mode is asking for the target to be enabled in it
    accepts = "weaker_mode_accepted" in changes and bool(changes["weaker_mode_accepted"][1])
    return adding or enabling or accepts or invalidates_probe(changes) or demands_more(changes)


# -- in words --------------------------------------------------------------------------------------
FIX_AND_TEST = "Its page says what the test found and what to do; then test the target again."


def advice(result: ProbeResult, *, sensitive: bool) -> str:
    """Say what to do about a target that is not ready."""
    if not result.works:
        return f"Nobody can become it yet. {FIX_AND_TEST}"
    if sensitive:
        return (
            "A sensitive target cannot use weaker mode: "
            "fix the trust policy and test the target again."
        )
    return "Fix the trust policy and test the target again, or accept the weaker mode."


def report(
    result: ProbeResult, state: State, *, sensitive: bool, weaker_mode_accepted: bool
) -> str:
    """Say in one line how a probe went; `state` is the one after it.

    What it found stands on the target's page, beside what it is about.
    """
    if state == State.ENABLED:
        weaker = weaker_mode_accepted and not result.complete
        mode = " in weaker mode" if weaker else ""
        return f"The test succeeded. The target is enabled{mode}."
    if is_ready(result, sensitive=sensitive, weaker_mode_accepted=weaker_mode_accepted):
        return "The test succeeded. The target is disabled."

    state_line = "The target is pending: nobody can become it yet."
    if state == State.DISABLED:
        state_line = "The target is disabled, and not ready to be enabled."
    if not result.works:
        return f"{state_line} {FIX_AND_TEST}"
    return f"{state_line} {advice(result, sensitive=sensitive)}"

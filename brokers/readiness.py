"""What a try of a target leads to: whether it is enabled, and what people are told."""

from brokers.models import State, Target
from brokers.probing import ProbeResult
from core.errors import Invalid


def is_ready(target: Target, result: ProbeResult) -> bool:
    """Return whether the target may be enabled: nothing lacking, or a weaker mode accepted (never for sensitive)."""
    weaker = bool(target.weaker_mode_accepted) and not target.sensitive
    return result.works and (result.complete or weaker)


def remember(target: Target, result: ProbeResult) -> None:
    """Put what a try found into the target: what its trust policy allows, and for how long."""
    target.probe = result.stored()
    target.external_id_enforced = result.external_id_enforced
    target.tag_session = result.tag_session
    target.source_identity = result.source_identity and target.is_role
    target.effective_max_seconds = result.longest_seconds or None
    if result.complete:
        target.weaker_mode_accepted = False


def settle(target: Target, result: ProbeResult, was: State, wanted: bool) -> None:
    """Set the target's state after a try; raise Invalid when enabling it was asked for and it is not ready.

    `was` is its state before; `wanted` whether the form says enabled.
    """
    remember(target, result)
    if is_ready(target, result):
        keeps_disabled = was == State.DISABLED and not wanted
        target.state = str(
            State.DISABLED
            if keeps_disabled or (was == State.ENABLED and not wanted)
            else State.ENABLED
        )
        return
    if wanted and was != State.ENABLED:
        raise Invalid(" ".join([*result.findings, _way_on(target, result)]), field="enabled")
    target.state = str(State.DISABLED if was == State.DISABLED else State.PENDING)


def _way_on(target: Target, result: ProbeResult) -> str:
    """Say what to do about a target that is not ready."""
    if not result.works:
        return "Nobody can become it yet; save without this, mend the role, and try again."
    if target.sensitive:
        return "A sensitive target needs all of it: mend the trust policy and try again."
    return "Mend the trust policy and try again, or accept the weaker mode."


def told(target: Target, result: ProbeResult) -> list[str]:
    """Return what to tell the administrator after a try."""
    if target.state == State.ENABLED:
        mode = " in a weaker mode" if target.weaker_mode_accepted and not result.complete else ""
        return [f"The try succeeded; the target is enabled{mode}.", *result.findings]
    if is_ready(target, result):
        return ["The try succeeded; the target is disabled.", *result.findings]
    return [
        "The target is pending: nobody can become it yet.",
        *result.findings,
        _way_on(target, result),
    ]

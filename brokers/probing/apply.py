"""A probe's result, put into its target.

What the target keeps of it, and the state that follows.
"""

from brokers import readiness
from brokers.models import State, Target
from brokers.readiness import ProbeResult
from core.errors import Invalid


def apply_result(target: Target, result: ProbeResult, *, before: State, enable: bool) -> None:
    """Set the target's attributes and state by the result.

    `before` is the state it had, `enable` whether it is to be enabled. Nothing is written.
    Raise Invalid when it cannot be enabled as asked.
    """
    attributes = readiness.attributes_from(result.stored(), is_role=target.is_role)
    for name, value in attributes.items():
        setattr(target, name, value)

    if result.complete:
        target.weaker_mode_accepted = False

    state = readiness.state_after_probe(before, ready=_is_ready(target, result), enable=enable)
    if state is None:
        advice = readiness.advice(result, sensitive=bool(target.sensitive))
        raise Invalid(" ".join([*result.findings, advice]), field="enabled")
    target.state = str(state)


def _is_ready(target: Target, result: ProbeResult) -> bool:
    return readiness.is_ready(
        result,
        sensitive=bool(target.sensitive),
        weaker_mode_accepted=bool(target.weaker_mode_accepted),
    )


def report(target: Target, result: ProbeResult) -> str:
    """Return the line that tells an administrator how the probe of a target went."""
    return readiness.report(
        result,
        State(target.state),
        sensitive=bool(target.sensitive),
        weaker_mode_accepted=bool(target.weaker_mode_accepted),
    )

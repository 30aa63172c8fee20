"""What a target will be after an import: its settings, what is known of a probe, its state. Pure.

An import cannot probe. It enables a target only by the result of a probe that was made here, or
that the file tells of and that can be believed.
"""

from typing import Any

from brokers import readiness
from brokers.choices import Kind, State
from brokers.import_export.snapshot import DEFAULTS, KEY_ATTRIBUTES, Values
from brokers.readiness import NOT_PROBED, PROBE_FLAGS


def target_after(in_file: Values, before: Values | None, *, believe_probe: bool) -> dict[str, Any]:
    """Return the target as it will be; `before` is None for a new one.

    `believe_probe`: the probe that the file tells of was made under the conditions that hold here.
    """
    after = {name: in_file[name] for name in DEFAULTS}

    for name in in_file.get("unsaid", ()):
        after[name] = before[name] if before else None

    if before is not None and before["federation_keys"] and not in_file["federation_keys"]:
        # a file usually comes without keys: those that are here stay
        for name in (*KEY_ATTRIBUTES, "aws_account", "partition"):
            after[name] = before[name]

    after |= _probe_attributes(in_file, before, after, believe_probe)
    # a mode that is not weaker needs nobody to accept it
    if _known_result(after).complete:
        after["weaker_mode_accepted"] = False

    after["state"] = _state_after(in_file, before, after)
    return after


def notes_on(in_file: Values, before: Values | None, after: Values) -> list[str]:
    """Return what to tell people where the target's state may surprise them."""
    requested = _requested_state(in_file, before)
    if requested != after["state"]:
        return [f"{after['state']}, not {requested}: {_why_not_enabled(before, after)}"]
    if before is None and requested == State.ENABLED:
        return ["enabled because of the test result in the file; it was not tested here"]
    return []


def _probe_attributes(
    in_file: Values, before: Values | None, after: Values, believe_probe: bool
) -> Values:
    if before is None:
        attributes = in_file.get("facts") if believe_probe else None
        return attributes or NOT_PROBED

    if _invalidates_probe(before, after):
        return NOT_PROBED
    return {name: before[name] for name in NOT_PROBED}


def _requested_state(in_file: Values, before: Values | None) -> str:
    """Return the state that the file asks for; where it says nothing, the state stays."""
    if in_file["state"]:
        return str(in_file["state"])
    if before is not None:
        return str(before["state"])
    return str(State.PENDING)


def _state_after(in_file: Values, before: Values | None, after: Values) -> str:
    requested = _requested_state(in_file, before)
    if requested != State.ENABLED:
        return requested

    if before is not None and before["state"] == State.ENABLED:
        changes = _setting_changes(before, after)
        if not readiness.invalidates_probe(changes) and not readiness.demands_more(changes):
            return str(State.ENABLED)
    return str(State.ENABLED if _is_ready(after) else State.PENDING)


def _setting_changes(before: Values, after: Values) -> dict[str, tuple[Any, Any]]:
    """Return the settings that change: (before, after) by name."""
    changes = {}
    for name in DEFAULTS:
        if after[name] != before[name]:
            changes[name] = (before[name], after[name])
    return changes


def _invalidates_probe(before: Values, after: Values) -> bool:
    return readiness.invalidates_probe(_setting_changes(before, after))


def _known_result(after: Values) -> readiness.ProbeResult:
    return readiness.known_result(after, is_role=_is_role(after))


def _is_ready(after: Values) -> bool:
    if _lacks_keys(after):
        return False
    return readiness.is_ready(
        _known_result(after),
        sensitive=after["sensitive"],
        weaker_mode_accepted=after["weaker_mode_accepted"],
    )


def _is_role(target: Values) -> bool:
    return bool(target["kind"] == Kind.ROLE)


def _lacks_keys(target: Values) -> bool:
    return not _is_role(target) and not target["federation_keys"]


def _why_not_enabled(before: Values | None, after: Values) -> str:
    if _lacks_keys(after):
        return "it has no Federation Keys here; paste them into its form"
    if before is not None and _invalidates_probe(before, after):
        return "something that its last test depends on has changed; test it again"
    if any(after[name] for name in PROBE_FLAGS):
        return "its last test found something missing; fix the role and test it again"
    return "it has not been tested here; test it"

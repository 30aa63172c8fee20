"""Events as people read them: an intent with its outcome, a change with its fields."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.audit import AuditEvent, Event

UNKNOWN_AFTER = timedelta(seconds=60)
"""A grant without an outcome for so long may have been issued."""

WORDS = {
    Event.GRANT_DONE: "issued",
    Event.GRANT_FAILED: "failed",
}


@dataclass(frozen=True)
class Entry:
    """An event, and for a grant the event of its outcome."""

    event: AuditEvent
    outcome: AuditEvent | None = None

    @property
    def name(self) -> str:
        """Return what happened."""
        return str(self.event.event)

    @property
    def result(self) -> str:
        """Return how a grant ended; nothing for other events."""
        if self.event.event != Event.GRANT_INTENDED:
            return ""
        if self.outcome is not None:
            return WORDS.get(Event(self.outcome.event), str(self.outcome.event))
        return (
            "may have been issued"
            if datetime.now(UTC) - self.event.moment > UNKNOWN_AFTER
            else "under way"
        )

    @property
    def changes(self) -> list[tuple[str, Any, Any]]:
        """Return the fields that changed: (name, before, after)."""
        said = self.event.facts.get("changes") or {}
        return [
            (name, *values)
            for name, values in said.items()
            if isinstance(values, list) and len(values) == 2
        ]

    @property
    def details(self) -> list[tuple[str, str]]:
        """Return everything else that is known, by name."""
        facts = {**self.event.facts, **(self.outcome.facts if self.outcome else {})}
        facts.pop("changes", None)
        why = (self.outcome and self.outcome.why) or self.event.why
        known = {
            "why": why,
            "grant": self.event.grant,
            "source": self.event.source,
            "request": self.event.request_id,
        }
        shown = {**{name: value for name, value in known.items() if value}, **facts}
        return [
            (name.replace("_", " "), _spoken(value))
            for name, value in shown.items()
            if value not in (None, [], "")
        ]


def _spoken(value: Any) -> str:
    """Return a value as text."""
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return (
        {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    )


def entries(events: Iterable[AuditEvent]) -> list[Entry]:
    """Return events, newest first, each grant's outcome with its intent."""
    found = list(events)
    outcomes = {
        str(each.at).removesuffix("#outcome"): each
        for each in found
        if str(each.at).endswith("#outcome")
    }
    places = {str(each.at) for each in found}
    return [
        Entry(each, outcomes.get(str(each.at)))
        for each in found
        if not (
            str(each.at).endswith("#outcome") and str(each.at).removesuffix("#outcome") in places
        )
    ]


def with_outcome(entry: Entry) -> Entry:
    """Return the entry with its outcome, looked up where a search or the end of a page left it out."""
    if entry.event.event != Event.GRANT_INTENDED or entry.outcome is not None:
        return entry
    return Entry(entry.event, AuditEvent.find(entry.event.day, f"{entry.event.at}#outcome"))

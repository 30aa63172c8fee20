"""Events as people read them: an intent with its outcome, a change with its fields."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.audit import AuditEvent, Event

UNKNOWN_AFTER = timedelta(seconds=60)
"""A grant without an outcome for so long may have been issued."""

OUTCOME_SUFFIX = "#outcome"
"""What follows the intent's place (`AuditEvent.at`) in that of its outcome."""

RESULTS = {
    Event.GRANT_DONE: "issued",
    Event.GRANT_FAILED: "failed",
    Event.GRANT_STOPPED: "refused",
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
            if self.outcome.facts.get("may_have_been_issued"):
                # STS was asked, and its answer was lost
                return "may have been issued"
            return RESULTS.get(Event(self.outcome.event), str(self.outcome.event))

        age = datetime.now(UTC) - self.event.moment
        if age > UNKNOWN_AFTER:
            return "may have been issued"
        return "under way"

    @property
    def why(self) -> str:
        """Return the reason of a refusal or a failure, or ""."""
        if self.outcome is not None and self.outcome.why:
            return str(self.outcome.why)
        return str(self.event.why or "")

    @property
    def changes(self) -> list[tuple[str, Any, Any]]:
        """Return the fields that changed: (name, before, after)."""
        fields = self.event.facts.get("changes") or {}

        changes = []
        for name, values in fields.items():
            if isinstance(values, list) and len(values) == 2:
                before, after = values
                changes.append((name, before, after))
        return changes

    @property
    def details(self) -> list[tuple[str, str]]:
        """Return everything else that is known: (name, value in words)."""
        return [(name, words) for name, _, words in self.linked_details]

    @property
    def linked_details(self) -> list[tuple[str, Any, str]]:
        """Return the same with the values as they are, for links: (name, value, in words)."""
        attributes = {
            "why": self.why,
            "grant": self.event.grant,
            "source": self.event.source,
            "request": self.event.request_id,
        }
        facts = {name: value for name, value in attributes.items() if value}
        facts |= self.event.facts
        if self.outcome is not None:
            facts |= self.outcome.facts
        facts.pop("changes", None)

        details = []
        for name, value in facts.items():
            if value not in (None, [], ""):
                details.append((name.replace("_", " "), value, _in_words(value)))
        return details


def _in_words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def entries(events: Iterable[AuditEvent]) -> list[Entry]:
    """Return events, newest first, each grant's outcome with its intent."""
    events_by_place = {str(event.at): event for event in events}

    grouped = []
    for place, event in events_by_place.items():
        intent = place.removesuffix(OUTCOME_SUFFIX)
        if place != intent and intent in events_by_place:
            # it is part of its intent's entry
            continue
        grouped.append(Entry(event, events_by_place.get(place + OUTCOME_SUFFIX)))
    return grouped


def with_outcome(entry: Entry) -> Entry:
    """Return the entry with its outcome, looked up where a search left it out."""
    if entry.event.event != Event.GRANT_INTENDED or entry.outcome is not None:
        return entry

    outcome = AuditEvent.find(entry.event.day, f"{entry.event.at}{OUTCOME_SUFFIX}")
    return Entry(entry.event, outcome)

"""Events as people read them: an intent with its outcome, a change with its fields."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.audit import AuditEvent, Event
from core.event_words import MAY_HAVE_BEEN_ISSUED, EventWords, way_in_words, words_of

UNKNOWN_AFTER = timedelta(seconds=60)
"""A grant without an outcome for so long may have been issued."""

OUTCOME_SUFFIX = "#outcome"
"""What follows the intent's place (`AuditEvent.at`) in that of its outcome."""


@dataclass(frozen=True)
class Entry:
    """An event, and for a grant the event of its outcome."""

    event: AuditEvent
    outcome: AuditEvent | None = None

    @property
    def words(self) -> EventWords:
        """Return what happened, and how it ended: a grant by its outcome."""
        words = words_of(str(self.newest.event))
        if self.newest.facts.get("may_have_been_issued"):
            # STS was asked, and its answer was lost
            return words._replace(result=MAY_HAVE_BEEN_ISSUED)
        if self.newest.event != Event.GRANT_INTENDED:
            return words

        age = datetime.now(UTC) - self.event.moment
        if age > UNKNOWN_AFTER:
            return words._replace(result=MAY_HAVE_BEEN_ISSUED)
        return words._replace(result="under way")

    @property
    def newest(self) -> AuditEvent:
        """Return the outcome, or the event where there is none."""
        return self.outcome or self.event

    @property
    def way(self) -> str:
        """Return how it came about, in words; "" where the event does not say it."""
        return way_in_words(self.event.facts)

    @property
    def why(self) -> str:
        """Return the reason of a refusal or a failure, or ""."""
        why = self.newest.why or self.event.why
        if not why and self.event.event == Event.TARGET_TRY_FAILED:
            why = " ".join(self.event.facts.get("findings") or [])
        return str(why or "")

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

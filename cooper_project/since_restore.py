"""What a restore undid: events of the shipped log that the restored audit table does not have.

The shipped log reaches further than the restored tables. Each thing that was taken away
after the restore point, and is therefore back, becomes a line that somebody works off.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cooper_project.shipped_files import Gap, Shipped, ShippedFiles
from cooper_project.undone_topics import (
    ISSUED,
    KNOWN_KINDS,
    TOPIC_OF,
    TOPICS,
    Topic,
    subject_of,
)
from core.audit_days import oldest_first
from core.event_words import other_actor, words_of
from shipping.reading import CLOCK_SKEW

SHIPPER = "cooper -ship"

SKEW = CLOCK_SKEW
"""How far a shipper's or server's clock may be from the one by which AWS restores."""

WITHOUT_BEFORE = ("associations", "groups", "to_key")
"""Details of events that say what is set, and not what was before."""

DETAILS_LIMIT = 160
"""Characters of what a line says beside its words."""


@dataclass(frozen=True)
class Line:
    """Something that was taken away and is back."""

    id: str
    """Names it where it is accepted; the same in each run."""
    at: str
    words: str
    subject: str
    by: str
    details: str
    again: str
    done_at: str = ""
    """When it was done again, "" while it is open."""


@dataclass
class Report:
    """What the shipped log and the restored table come to."""

    lines: list[Line] = field(default_factory=list)
    added: list[Shipped] = field(default_factory=list)
    """Events whose effect is lost: people will miss it."""
    issued: list[Shipped] = field(default_factory=list)
    missing: int = 0
    """Events of the shipped log that the audit log lacks."""

    def open_lines(self, accepted: Iterable[str] = ()) -> list[Line]:
        """Return the lines that are neither done again nor accepted."""
        ids = set(accepted)
        return [line for line in self.lines if not line.done_at and line.id not in ids]


# -- beside the table ------------------------------------------------------------------------------
def compare(files: ShippedFiles, restored_to: str, found_at: datetime) -> Report:
    """Return what the restored tables lack, and what the files do.

    `restored_to` is the oldest moment of a restored table in ISO 8601 ("" where AWS does not say),
    `found_at` when set-up found the restore. Raise CooperError.
    """
    stored_ids: set[str] = set()
    for day in sorted({_moment(event).date() for event in files.events.values()}):
        stored_ids.update(event.pk for event in _events_of(day))

    oldest = datetime.fromisoformat(restored_to) if restored_to else NEVER
    missing = [event for id_, event in files.events.items() if id_ not in stored_ids]
    undone = [
        event
        for id_, event in files.events.items()
        # the audit log may be newer than another table, or never have been restored
        if id_ not in stored_ids or oldest < _moment(event) < found_at
    ]
    undone.sort(key=lambda event: str(event["at"]))

    report = _report(undone, _done_since(found_at))
    report.missing = len(missing)
    report.lines += _lines_of_what_is_missing(files, restored_to)
    return report


NEVER = datetime.min.replace(tzinfo=UTC)


def _moment(event: Shipped) -> datetime:
    return datetime.fromisoformat(event["at"]).astimezone(UTC)


def _events_of(day: date, since: datetime | None = None) -> Iterator[Any]:
    begin = datetime.combine(day, datetime.min.time(), UTC)
    start = max(begin, since or begin)
    end = begin + timedelta(days=1)
    return oldest_first(
        day, start.isoformat(timespec="microseconds"), end.isoformat(timespec="microseconds")
    )


Done = dict[tuple[str, str], list[Shipped]]
"""What was done since the restore, by topic and subject, oldest first."""


def _done_since(found_at: datetime) -> Done:
    done: Done = {}
    day = found_at.date()
    while day <= datetime.now(UTC).date():
        for stored in _events_of(day, found_at):
            event = _as_shipped(stored)
            for topic in TOPICS:
                if event["event"] in (*topic.taken_away, *topic.added, *topic.done_by):
                    done.setdefault((topic.name, subject_of(topic, event)), []).append(event)
        day += timedelta(days=1)
    return done


def _as_shipped(stored: Any) -> Shipped:
    event = {name: getattr(stored, name) for name in ("person", "target", "aws_account")}
    event |= {"event": stored.event, "at": stored.moment.isoformat(timespec="seconds")}
    return event | {"details": stored.facts}


def _report(undone: list[Shipped], done: Done) -> Report:
    report = Report()
    by_subject: dict[tuple[str, str], list[Shipped]] = {}
    for event in undone:
        topic = TOPIC_OF.get(event["event"])
        if topic:
            by_subject.setdefault((topic.name, subject_of(topic, event)), []).append(event)
        elif event["event"] in ISSUED:
            report.issued.append(event)
        elif event["event"] not in KNOWN_KINDS:
            report.lines.append(_line_of_unknown(event))

    for key, events in by_subject.items():
        topic = TOPIC_OF[events[0]["event"]]
        taken = [event for event in events if event["event"] in topic.taken_away]
        is_undone_again = topic.is_toggle and events[-1]["event"] in topic.added
        if taken and not is_undone_again:
            report.lines.append(_line(topic, key[1], taken, done.get(key, [])))
        report.added += [event for event in events if event["event"] in topic.added]
    return report


def _line(topic: Topic, subject: str, taken: list[Shipped], done: list[Shipped]) -> Line:
    newest = taken[-1]
    return Line(
        id=_id_of(newest),
        at=str(newest["at"])[:19],
        words=str(words_of(newest["event"])),
        subject=subject,
        by=str(other_actor(newest["details"]) or newest.get("person") or "?"),
        details=_details_of(taken),
        again=topic.again.format(subject=subject, name=subject.rpartition(":")[2]),
        done_at=_done_at(topic, taken, done),
    )


def _done_at(topic: Topic, taken: list[Shipped], done: list[Shipped]) -> str:
    """Return when the same was done again, with the same values; "" while it is open."""
    if topic.is_toggle and done and done[-1]["event"] in topic.added:
        return ""

    kinds = (taken[-1]["event"], *topic.done_by)
    again = [event for event in done if event["event"] in kinds]
    values = _values_of(again)
    values_before = _values_of(taken)
    is_same = all(
        _after(values.get(name)) == _after(value) for name, value in values_before.items()
    )
    if not again or not is_same:
        return ""
    return str(again[-1]["at"])


def _line_of_unknown(event: Shipped) -> Line:
    return Line(
        id=_id_of(event),
        at=str(event["at"])[:19],
        words=str(event["event"]),
        subject=str(event.get("target") or event.get("person") or "?"),
        by=str(event.get("person") or "?"),
        details="This cooper does not know what that is.",
        again="look at the event in the file",
    )


def _id_of(event: Shipped) -> str:
    return str(event["id"]).rpartition("#")[2][:8]


def _lines_of_what_is_missing(files: ShippedFiles, restored_to: str) -> Iterator[Line]:
    """Yield a line for what the files lack: something may have been taken away in it."""
    for gap in files.gaps:
        if not restored_to or gap.until + SKEW > datetime.fromisoformat(restored_to):
            yield _line_of_gap(gap)

    if files.without_batch:
        yield Line(
            id="no-batch",
            at=max(str(event["at"]) for event in files.events.values())[:19],
            words="sent, and they stand in no batch",
            subject=f"{files.without_batch:,} events",
            by=SHIPPER,
            details="Nobody can tell from these files whether others are missing.",
            again="name the batches themselves, from the bucket or the folder",
        )


def _line_of_gap(gap: Gap) -> Line:
    return Line(
        id=f"gap-{gap.last}",
        at=gap.until.isoformat()[:19],
        words="sent, and these files lack it",
        subject=gap.words,
        by=SHIPPER,
        details="What was taken away in it is not listed.",
        again="fetch it, and name its file too",
    )


def _details_of(events: list[Shipped]) -> str:
    """Return what these events changed, the newest value of each attribute."""
    text = ", ".join(f"{name}: {_in_words(it)}" for name, it in _values_of(events).items())
    return text if len(text) <= DETAILS_LIMIT else f"{text[:DETAILS_LIMIT]}..."


def _values_of(events: list[Shipped]) -> dict[str, Any]:
    """Return what these events have set, the newest of each attribute; pairs of before and after.

    A list alone is of an attribute of which the event does not say what it was before.
    """
    values: dict[str, Any] = {}
    for event in events:
        facts = event["details"]
        values |= facts.get("changes") or {}
        values |= {name: facts[name] for name in WITHOUT_BEFORE if facts.get(name)}
    return values


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2


def _after(value: Any) -> Any:
    return value[1] if _is_pair(value) else value


def _in_words(value: Any) -> str:
    return f"{value[0]} -> {value[1]}" if _is_pair(value) else str(value)

"""What a restore undid: events of the shipped log that the restored audit table does not have.

The shipped log reaches further than the restored tables. Each thing that was taken away
after the restore point, and is therefore back, becomes a line that somebody works off.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from cooper_project.shipped_files import Gap, Shipped, ShippedFiles
from core.audit import Event
from core.audit_days import oldest_first
from core.event_words import other_actor, words_of


class Topic(NamedTuple):
    """What events of some kinds are about; the newest one says how it is."""

    name: str
    taken_away: tuple[Event, ...]
    """Those whose undoing allows more than there was: each is done again, or accepted."""
    added: tuple[Event, ...]
    """Those whose undoing takes something from people, who will say so."""
    again: str
    """The command or page that does it again; {subject} and {name}, without its provider."""


TOPICS = (
    Topic(
        "disabled",
        (Event.PERSON_DISABLED,),
        (Event.PERSON_ENABLED,),
        "cooper -user disable {subject}",
    ),
    Topic(
        "account",
        (Event.PERSON_DELETED,),
        (Event.PERSON_ADDED,),
        "cooper -user disable {subject}, or delete it under Administration, Local accounts",
    ),
    Topic("groups", (Event.PERSON_CHANGED,), (), "cooper -user groups {name} GROUPS"),
    Topic("password", (Event.PASSWORD_CHANGED,), (), "cooper -user password {name}"),
    Topic(
        "device",
        (Event.DEVICE_REMOVED, Event.DEVICE_RESET, Event.DEVICE_REPLACED),
        (Event.DEVICE_ADDED,),
        "cooper -totp reset {subject}",
    ),
    Topic(
        "target",
        (Event.TARGET_CHANGED, Event.TARGET_DELETED),
        (Event.TARGET_ADDED, Event.TARGET_MODE_ACCEPTED),
        "/admin/brokers/target/{subject}/change/",
    ),
    Topic(
        "association",
        (Event.ASSOCIATION_CHANGED, Event.ASSOCIATION_DELETED),
        (Event.ASSOCIATION_ADDED,),
        "/admin/brokers/association/ ({subject})",
    ),
    Topic(
        "aws-account",
        (Event.ACCOUNT_CHANGED,),
        (Event.ACCOUNT_ADDED,),
        "/admin/brokers/awsaccount/{subject}/change/",
    ),
    Topic(
        "stop",
        (Event.STOP_SET,),
        (Event.STOP_LIFTED,),
        "Administration: stop {subject}",
    ),
    Topic(
        "identity-provider",
        (Event.IDP_CHANGED, Event.IDP_REMOVED),
        (Event.IDP_ADDED,),
        "cooper -saml remove {subject}, or cooper -saml refresh {subject}",
    ),
    Topic(
        "saml-key",
        (Event.SAML_KEY_USED, Event.SAML_KEY_DROPPED),
        (Event.SAML_KEY_MADE,),
        "cooper -saml keygen, then keygen -use-new, then keygen -drop-old",
    ),
    Topic("secret-key", (Event.SECRET_KEY_ROTATED,), (), "cooper -setup -rotate-secret-key"),
    Topic(
        "registration-key", (Event.REGISTRATION_KEY_ROTATED,), (), "cooper -registrations rotate"
    ),
    Topic(
        "service-token",
        (Event.SERVICE_TOKEN_REVOKED,),
        (Event.SERVICE_TOKEN_MADE,),
        "cooper -tokens list, then cooper -tokens revoke",
    ),
    Topic("kms-key", (Event.CIPHERTEXT_MOVED,), (), "cooper -rewrap -kms-key NEW"),
    Topic("name", (), (Event.PERSON_NAME_ALLOWED,), ""),
    Topic("contact", (), (Event.CONTACT_CHANGED,), ""),
    Topic("enrolment-code", (), (Event.ENROLMENT_CODE_MADE,), ""),
    Topic("import", (), (Event.IMPORT_DONE, Event.IMPORT_BEGUN, Event.IMPORT_GIVEN_UP), ""),
)

ISSUED = frozenset({Event.GRANT_DONE, Event.GRANT_INTENDED})
"""Grants: AWS sessions may be active that the table does not know."""

TOPIC_OF = {kind: topic for topic in TOPICS for kind in (*topic.taken_away, *topic.added)}

WHOLE = ("kms-key", "saml-key", "secret-key", "registration-key")
"""Topics of which there is one, whatever their events name."""

SHIPPER = "cooper -ship"

SKEW = timedelta(minutes=1)
"""How far the shipper's clock may be from the one by which AWS restores."""

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
    """Events of the shipped log that the table lacks."""
    other_kinds: Counter[str] = field(default_factory=Counter)
    """The rest of these, by kind: nothing is to be done about them."""

    def open_lines(self, accepted: Iterable[str] = ()) -> list[Line]:
        """Return the lines that are neither done again nor accepted."""
        ids = set(accepted)
        return [line for line in self.lines if not line.done_at and line.id not in ids]


# -- beside the table ------------------------------------------------------------------------------
def _moment(event: Shipped) -> datetime:
    return datetime.fromisoformat(event["at"])


def compare(files: ShippedFiles, restored_to: str, found_at: datetime) -> Report:
    """Return what the restored table lacks, and what the files do.

    `restored_to` is the moment of the tables in ISO 8601 ("" where AWS does not say), `found_at`
    when set-up found the restore. Raise CooperError.
    """
    shipped = files.events
    stored_ids: set[str] = set()
    for day in sorted({_moment(event).astimezone(UTC).date() for event in shipped.values()}):
        stored_ids.update(event.pk for event in _events_of(day))

    missing = [event for id_, event in shipped.items() if id_ not in stored_ids]
    missing.sort(key=lambda event: str(event["at"]))
    report = _report(missing, _done_since(found_at))
    report.lines += _lines_of_what_is_missing(files, restored_to)
    return report


def _events_of(day: date, since: datetime | None = None) -> Iterator[Any]:
    begin = datetime.combine(day, datetime.min.time(), UTC)
    start = max(begin, since or begin)
    end = begin + timedelta(days=1)
    return oldest_first(
        day, start.isoformat(timespec="microseconds"), end.isoformat(timespec="microseconds")
    )


def _done_since(found_at: datetime) -> dict[tuple[str, str], tuple[Event, str]]:
    """Return the newest event of each topic and subject since the restore: its kind and moment."""
    newest: dict[tuple[str, str], tuple[Event, str]] = {}
    day = found_at.date()
    while day <= datetime.now(UTC).date():
        for stored in _events_of(day, found_at):
            event = {name: getattr(stored, name) for name in ("person", "target", "aws_account")}
            event |= {"event": stored.event, "details": stored.facts}
            topic = TOPIC_OF.get(stored.event)
            if topic:
                key = (topic.name, subject_of(topic, event))
                newest[key] = (stored.event, stored.moment.isoformat(timespec="seconds"))
        day += timedelta(days=1)
    return newest


def _report(missing: list[Shipped], done: dict[tuple[str, str], tuple[Event, str]]) -> Report:
    report = Report(missing=len(missing))
    by_subject: dict[tuple[str, str], list[Shipped]] = {}
    for event in missing:
        topic = TOPIC_OF.get(event["event"])
        if topic:
            by_subject.setdefault((topic.name, subject_of(topic, event)), []).append(event)
        elif event["event"] in ISSUED:
            report.issued.append(event)
        else:
            report.other_kinds[str(event["event"])] += 1

    for key, events in by_subject.items():
        topic = TOPIC_OF[events[-1]["event"]]
        if events[-1]["event"] in topic.taken_away:
            report.lines.append(_line(topic, key[1], events, done.get(key)))
        report.added += [event for event in events if event["event"] in topic.added]
    return report


def _line(
    topic: Topic, subject: str, events: list[Shipped], done: tuple[Event, str] | None
) -> Line:
    newest = events[-1]
    is_done = done and done[0] in topic.taken_away
    return Line(
        id=str(newest["id"]).rpartition("#")[2][:8],
        at=str(newest["at"])[:19],
        words=str(words_of(newest["event"])),
        subject=subject,
        by=str(other_actor(newest["details"]) or newest.get("person") or "?"),
        details=_details_of(events),
        again=topic.again.format(subject=subject, name=subject.rpartition(":")[2]),
        done_at=done[1] if done and is_done else "",
    )


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


def subject_of(topic: Topic, event: Shipped) -> str:
    """Return what an event is about: a person, a target, a group at a target, an AWS account."""
    if topic.name in WHOLE:
        return "this installation"

    facts = event["details"]
    if "group" in facts and event.get("target"):
        return f"{facts['group']} at {event['target']}"
    named = facts.get("object") or event.get("target") or event.get("aws_account")
    return str(named or event.get("person") or "this installation")


def _details_of(events: list[Shipped]) -> str:
    """Return what these events changed, the newest value of each attribute."""
    changes: dict[str, Any] = {}
    for event in events:
        facts = event["details"]
        changes |= facts.get("changes") or {}
        for name in ("associations", "groups", "to_key"):
            if facts.get(name):
                changes[name] = facts[name]

    text = ", ".join(f"{name}: {_after(value)}" for name, value in changes.items())
    return text if len(text) <= DETAILS_LIMIT else f"{text[:DETAILS_LIMIT]}..."


def _after(value: Any) -> str:
    """Return what a value became, of a pair of before and after."""
    if isinstance(value, list) and len(value) == 2:
        return f"{value[0]} -> {value[1]}"
    return str(value)

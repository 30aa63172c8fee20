"""Whether another console of a person may be open, so that AWS's sign-in may want them out of it.

Without multi-session a browser has one session of AWS's console in each partition, and AWS answers
a second sign-in with "you must first log out". cooper knows what it has opened itself, no more.
https://docs.aws.amazon.com/awsconsolehelpdocs/latest/gsg/multisession.html
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from brokers.catalogue_state import Catalogue
from core.audit import AuditEvent, Event
from core.errors import CooperError
from core.partitions import served_partition

LONGEST_CONSOLE = timedelta(hours=12)
"""How far to look back: no console session of a role lasts longer."""

EVENTS_READ = 100
"""Newest events of the person that are looked at: one call, whatever they have done."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class OpenConsole:
    """A console session that cooper opened and that has not ended."""

    title: str
    """Of its target."""

    ends: datetime
    sign_out_url: str


def open_console_of(
    person: str, partition: str, catalogue: Catalogue, now: datetime
) -> OpenConsole | None:
    """Return the newest open console of a person in a partition; None when there is none.

    One read of an index, which may be a second behind. None also when it does not answer: a page
    does not fail for a hint.
    """
    try:
        for event in _newest_events(person, now):
            target = catalogue.targets.get(str(event.target))
            is_open = _is_open_console(event, now)
            if is_open and target and str(target.partition) == partition:
                return OpenConsole(str(target), _end_of(event), sign_out_url(partition))
    except CooperError as error:
        logger.warning("open consoles of %s: %s", person, error.detail)
    return None


def sign_out_url(partition: str) -> str:
    """Return the address by which a browser leaves AWS's console in a partition.

    AWS documents none; this is the one that its own console and the tools of the field go to.
    """
    return f"https://{served_partition(partition).signin_host}/oauth?Action=logout"


def _newest_events(person: str, now: datetime) -> Iterator[AuditEvent]:
    results = AuditEvent.by_person.query(
        person,
        range_key_condition=AuditEvent.at >= (now - LONGEST_CONSOLE).isoformat(),
        filter_condition=AuditEvent.event == Event.GRANT_DONE,
        scan_index_forward=False,
        page_size=EVENTS_READ,
    )
    for item in next(results.page_iter)["Items"]:
        yield AuditEvent.from_raw_data(item)


def _is_open_console(event: AuditEvent, now: datetime) -> bool:
    return event.facts.get("way") == "console" and _end_of(event) > now


def _end_of(event: AuditEvent) -> datetime:
    return datetime.fromisoformat(event.facts["expires_at"])

"""What a person became lately, for home: what they use most, and what is open until when.

From the audit log by one call, an index's newest page. For showing: an index is behind the log,
usually by less than a second, so a grant of this very moment may come with the next page.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from brokers.grants import ActiveGrant
from brokers.grants.events import KINDS, newest_of_each_grant
from core.audit import AuditEvent, Event
from core.errors import CooperError

NEWEST_EVENTS = 100
"""Events that are read: intents and outcomes of 50 grants, fewer where there is more."""

HALF_LIFE_DAYS = 3.0
"""After so many days a grant counts half, so that what is used now overtakes what was used much."""

DAY = 86_400

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class History:
    """What a person became lately, by the names of targets. No authority: nothing is allowed by it.

    `names` begins with what was used most and last.
    """

    names: tuple[str, ...] = ()

    open_until: Mapping[str, datetime] = field(default_factory=dict)
    """When the last session that AWS gave ends, of what has not ended."""


def history_of(person: str, now: datetime) -> History:
    """Return what a person (`provider:subject`) became lately; empty while DynamoDB does not say.

    Home is good without it.
    """
    try:
        events = _newest_events(person)
    except CooperError as error:
        logger.warning("home: no history, %s", error.line)
        return History()
    return history_from(events, now)


def history_from(events: Iterable[AuditEvent], now: datetime) -> History:
    """Return the history that events of grants say."""
    weights: dict[str, float] = {}
    open_until: dict[str, datetime] = {}
    for event in newest_of_each_grant(events):
        if event.event != Event.GRANT_DONE:
            continue

        name = str(event.target)
        days = max(0.0, (now - event.moment).total_seconds() / DAY)
        weights[name] = weights.get(name, 0.0) + 0.5 ** (days / HALF_LIFE_DAYS)

        ends = ActiveGrant.from_event(event).ends
        if ends > max(now, open_until.get(name, now)):
            open_until[name] = ends

    names = sorted(weights, key=lambda name: (-weights[name], name))
    return History(tuple(names), open_until)


def _newest_events(person: str) -> list[AuditEvent]:
    results = AuditEvent.by_person.query(
        person,
        filter_condition=AuditEvent.event.is_in(*KINDS),
        scan_index_forward=False,
        page_size=NEWEST_EVENTS,
    )
    # one page and no further: a call each
    page = next(results.page_iter)
    return [AuditEvent.from_raw_data(item) for item in page["Items"]]

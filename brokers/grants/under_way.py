"""Grants that are under way while something is taken away, and what comes of them.

Whoever takes something away looks first, saves, and waits then:

    grants = GrantsUnderWay()
    ...
    outcome = grants.wait_for(scope)

A grant has its intent on the audit log before it checks what it rests on. So one that was checked
before the saving is on the audit log when that is read after it, and one that is checked later is
refused. What had its outcome before is left out. No clock is compared with another one but to say
how far back to read.
"""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from brokers.grants.active import ActiveGrant
from brokers.grants.events import (
    GrantScope,
    events_since,
    is_intent,
    may_have_been_issued,
    newest_of_each_grant,
)
from brokers.grants.limits import DEADLINE
from core import audit, aws
from core.audit import AuditEvent
from core.errors import CooperError

LOOK_BACK = timedelta(seconds=DEADLINE + 60)
"""How old a grant under way may look: its deadline, and a minute by which clocks may differ."""

FIRST_LOOK = 2.0
"""Seconds for reading what was finished before. An emergency stop must not wait for it."""

LONGEST_WAIT = float(DEADLINE)
"""Seconds from the saving until no grant that was checked before it can be handed out any more.

The deadline of a grant begins before its intent.
"""

PAUSE = 0.3
"""Seconds between two looks at the audit log."""

COULD_NOT_BE_READ = (
    "It is saved, but which grants were under way then could not be read. "
    "Look at the grants of the last minute on the audit log."
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AwaitedGrants:
    """What came of the grants that were under way when something was saved."""

    issued: tuple[ActiveGrant, ...] = ()
    """Those that were issued, or may have been: without an outcome even now. Newest first."""

    nothing_issued: int = 0
    """How many were refused, or failed."""

    are_known: bool = True
    """False when the audit log could not be read: there may have been any."""

    @property
    def headline(self) -> str:
        """How many there were, and how many of them came to nothing; "" for none."""
        if not self.are_known:
            return COULD_NOT_BE_READ

        count = len(self.issued) + self.nothing_issued
        if not count:
            return ""
        were = "1 grant was" if count == 1 else f"{count} grants were"
        line = f"{were} under way when this was saved."
        if self.nothing_issued:
            line += f" Refused or failed: {self.nothing_issued}."
        return line

    @property
    def lines(self) -> list[str]:
        """All of it in words, for a terminal; nothing where none was under way."""
        if not self.headline:
            return []
        return [self.headline, *(f"{grant.description}." for grant in self.issued)]


class GrantsUnderWay:
    """The grants that have no outcome when this is made: before something is taken away."""

    def __init__(self) -> None:
        self._since = audit.now() - LOOK_BACK
        self._finished_before = self._finished_grants()

    def wait_for(self, scope: GrantScope) -> AwaitedGrants:
        """Wait for those of the scope until each has an outcome or is past its deadline.

        Called once everything is saved, which a failure of this does not undo: it raises nothing.
        Where none is under way it takes as long as reading the last minute of the audit log.
        """
        if not scope:
            return AwaitedGrants()
        try:
            return _summary(self._wait(scope))
        except CooperError as error:
            logger.warning("grants under way could not be read: %s", error.detail)
            return AwaitedGrants(are_known=False)

    def _finished_grants(self) -> frozenset[str]:
        """Return the grants that are finished; none when that cannot be read in time."""
        everything = GrantScope(all_grants=True)
        try:
            with aws.deadline(FIRST_LOOK):
                newest = newest_of_each_grant(events_since(self._since, everything))
        except CooperError as error:
            # some more are then named as under way
            logger.warning("finished grants could not be read: %s", error.detail)
            return frozenset()
        return frozenset(str(event.grant) for event in newest if not is_intent(event))

    def _wait(self, scope: GrantScope) -> list[AuditEvent]:
        """Return the newest event of each grant that was under way."""
        end = time.monotonic() + LONGEST_WAIT
        newest = newest_of_each_grant(events_since(self._since, scope))
        concerned = [event for event in newest if str(event.grant) not in self._finished_before]

        while any(is_intent(event) for event in concerned) and time.monotonic() < end:
            # the request that saves has its own deadline, which was not made for waiting
            aws.extend_deadline()
            time.sleep(PAUSE)
            concerned = _read_again(concerned, scope)
        return concerned


def _read_again(events: list[AuditEvent], scope: GrantScope) -> list[AuditEvent]:
    """Return the newest event of each of these grants, as it is by now."""
    oldest = min(event.moment for event in events)
    newest = newest_of_each_grant(events_since(oldest, scope))
    newest_by_grant = {event.grant: event for event in newest}
    return [newest_by_grant.get(event.grant, event) for event in events]


def _summary(newest: Iterable[AuditEvent]) -> AwaitedGrants:
    issued = []
    nothing_issued = 0
    for event in newest:
        if may_have_been_issued(event):
            issued.append(ActiveGrant.from_event(event))
        else:
            nothing_issued += 1
    return AwaitedGrants(tuple(issued), nothing_issued)

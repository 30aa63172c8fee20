"""How long a session may be, and how often a person may become targets."""

import threading
from datetime import datetime
from enum import StrEnum

from django.conf import settings

from accounts import throttle
from accounts.identity import Identity
from accounts.models import Attempt
from brokers.catalogue_rows import AnyTarget
from brokers.choices import SHORTEST_SESSION
from brokers.entitlements import Entitlement
from brokers.errors import TooMany
from brokers.models import Kind
from brokers.sts import assume_role, federation_token
from core.dynamo import Transaction, after
from core.errors import Invalid, Refused

DEADLINE = 10
"""Seconds for a grant, all in all."""

TIME_FOR_OUTCOME = 1.0
"""Seconds of the deadline that AWS's part leaves for recording the outcome."""

MINUTE = 60

RECORDED_REFUSALS = 30
"""Refusals of one person that are recorded in a minute; further ones are not, only counted."""

CEILINGS = {Kind.ROLE: assume_role.LONGEST, Kind.FEDERATED_USER: federation_token.LONGEST}
"""Seconds that AWS gives at most, by kind."""


class Counter(StrEnum):
    """What counts together in a minute; each has a limit of its own."""

    ONE_BY_ONE = "grants"
    SEVERAL = "profiles"
    COMMAND_LINE = "command-lines"

    @property
    def limit(self) -> int:
        """Grants of one person in a minute."""
        limits: dict[str, int] = {
            Counter.ONE_BY_ONE: settings.COOPER_GRANTS_PER_MINUTE,
            Counter.SEVERAL: settings.COOPER_PROFILES_PER_MINUTE,
            Counter.COMMAND_LINE: settings.COOPER_CLI_GRANTS_PER_MINUTE,
        }
        return limits[self]


class _LongestAllowed:
    """What AWS turned out to allow."""

    def __init__(self) -> None:
        self.by_target: dict[str, tuple[int, int]] = {}
        """Each target's version and the seconds, by target name.

        A target that was changed since is tried anew.
        """

        self.lessons = 0
        """How often that changed."""

        self.lock = threading.Lock()

    def note_lesson(self) -> None:
        # after the change: who reads the new number sees the change too
        with self.lock:
            self.lessons += 1


_longest_allowed = _LongestAllowed()


# -- how long --------------------------------------------------------------------------------------
def longest_seconds(target: AnyTarget) -> int:
    """Return the seconds that the target, this installation and AWS's limits allow at most."""
    configured = int(target.max_seconds)
    allowed = min(
        configured,
        int(target.effective_max_seconds or configured),
        settings.COOPER_MAX_SESSION,
        CEILINGS[Kind(target.kind)],
    )
    version, seconds_for_version = _longest_allowed.by_target.get(str(target.name), (None, 0))
    if version == _version_of(target):
        allowed = min(allowed, seconds_for_version)
    return max(SHORTEST_SESSION, allowed)


def remember_longest(target: AnyTarget, seconds: int) -> None:
    """Remember that AWS allows no more than this for the target as it is now."""
    _longest_allowed.by_target[str(target.name)] = (_version_of(target), seconds)
    _longest_allowed.note_lesson()


def forget() -> None:
    """Forget what AWS turned out to allow."""
    _longest_allowed.by_target.clear()
    _longest_allowed.note_lesson()


def lessons() -> int:
    """Return a number that changes whenever `longest_seconds` may give another answer.

    Beside what it reads of the target and of the settings.
    """
    return _longest_allowed.lessons


def _version_of(target: AnyTarget) -> int:
    return int(target.version or 0)


def allowed_seconds(
    target: AnyTarget, entitlement: Entitlement, requested: int, now: datetime
) -> int:
    """Return the seconds to ask AWS for.

    As requested, but never past the association's end; raise Invalid or Refused.
    """
    longest = longest_seconds(target)
    if not SHORTEST_SESSION <= requested <= longest:
        raise Invalid(f"Choose from {SHORTEST_SESSION} to {longest} seconds.", field="duration")
    if entitlement.until is None:
        return requested

    # AWS counts from its own call, which may come as late as the deadline
    until_end = int((entitlement.until - now).total_seconds())
    left = until_end - DEADLINE
    if left < SHORTEST_SESSION:
        raise Refused(
            f"Your access to this target ends at {entitlement.until:%Y-%m-%d %H:%M} UTC, "
            "and AWS gives no session under 15 minutes.",
            f"association ends in {until_end} s",
        )
    return min(requested, left)


# -- how often -------------------------------------------------------------------------------------
def attempts_key(person: str) -> str:
    """Return the key of the Attempt that counts the grants of a person in this minute."""
    return throttle.window_key(_attempts_of(person), MINUTE)


def demand_attempts_left(identity: Identity, attempts: int | None) -> None:
    """Raise TooMany when the person has no grant left in this minute.

    `attempts` were read with the request; None: not read, and read here. It saves a one-time code
    from being used up for nothing. The intent counts, and is what decides.
    """
    if attempts is None:
        attempts = throttle.tries_so_far(_attempts_of(identity.person), MINUTE)
    if attempts >= settings.COOPER_GRANTS_PER_MINUTE:
        raise _too_many()


def count_attempt(writes: Transaction, identity: Identity, counter: Counter) -> None:
    """Let a transaction count one more grant of the person in this minute.

    It raises TooMany above the counter's limit. Whether AWS gives anything does not matter.
    """
    is_below_limit = Attempt.tries < counter.limit
    writes.update(
        Attempt,
        throttle.window_key(f"{counter}#{identity.person}", MINUTE),
        actions=[Attempt.tries.add(1), Attempt.expires.set(after(2 * MINUTE))],
        condition=Attempt.tries.does_not_exist() | is_below_limit,
        refusal=_too_many(),
    )


def _attempts_of(person: str) -> str:
    return f"{Counter.ONE_BY_ONE}#{person}"


def _too_many() -> TooMany:
    seconds = throttle.seconds_left(MINUTE)
    message = f"Too many requests. Try again in {seconds} seconds."
    return TooMany(message, "grants per minute", retry_after=seconds)


def may_record_refusal(identity: Identity) -> bool:
    """Count one more refusal of the person and return whether it is to be recorded.

    The limit keeps one person from filling the audit log.
    """
    return throttle.count(f"refusals#{identity.person}", MINUTE) <= RECORDED_REFUSALS


def count_unknown(identity: Identity) -> None:
    """Count one more try of a target that does not exist, by person and minute.

    Nothing decides by this number. The audit log takes no names that somebody made up, so that the
    counter, in the table of attempts for two minutes, is all there is to see of such tries.
    """
    throttle.count(f"unknown-targets#{identity.person}", MINUTE)

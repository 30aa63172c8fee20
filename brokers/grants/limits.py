"""How long a session may be, and how often a person may become targets."""

from datetime import datetime

from django.conf import settings

from accounts import throttle
from accounts.identity import Identity
from brokers.entitlements import Entitlement
from brokers.errors import TooMany
from brokers.models import Kind, Target
from brokers.sts import assume_role, federation_token
from core.errors import Invalid, Refused

DEADLINE = 10
"""Seconds for a grant, all in all."""

SHORTEST = 900
"""Seconds that AWS gives at least."""

ONE_HOUR = 3600
"""Seconds that AWS gives for every role, even to credentials that come from another role."""

MINUTE = 60
RECORDED_REFUSALS = 30
"""Refusals of one person that are recorded one by one in a minute; more are counted."""

CEILINGS = {Kind.ROLE: assume_role.LONGEST, Kind.FEDERATED_USER: federation_token.LONGEST}
"""Seconds that AWS gives at most, by kind."""

_longest_known: dict[tuple[str, int], int] = {}
"""Seconds that AWS turned out to allow, by target and its version.

A changed target is tried anew.
"""


# -- how long --------------------------------------------------------------------------------------
def longest_seconds(target: Target) -> int:
    """Return the seconds that the target, this installation and AWS's limits allow at most."""
    configured = int(target.max_seconds)
    allowed = min(
        configured,
        int(target.effective_max_seconds or configured),
        settings.COOPER_MAX_SESSION,
        CEILINGS[Kind(target.kind)],
    )
    allowed = min(allowed, _longest_known.get(_version(target), allowed))
    return max(SHORTEST, allowed)


def remember_longest(target: Target, seconds: int) -> None:
    """Remember that AWS allows no more than this for the target as it is now."""
    _longest_known[_version(target)] = seconds


def forget() -> None:
    """Forget what AWS turned out to allow."""
    _longest_known.clear()


def _version(target: Target) -> tuple[str, int]:
    return str(target.name), int(target.version or 0)


def allowed_seconds(target: Target, entitlement: Entitlement, requested: int, now: datetime) -> int:
    """Return the seconds to ask AWS for.

    As requested, but never past the association's end; raise Invalid or Refused.
    """
    longest = longest_seconds(target)
    if not SHORTEST <= requested <= longest:
        raise Invalid(f"Choose from {SHORTEST} to {longest} seconds.", field="duration")
    if entitlement.until is None:
        return requested

    # AWS counts from its own call, which may come as late as the deadline
    until_end = int((entitlement.until - now).total_seconds())
    left = until_end - DEADLINE
    if left < SHORTEST:
        raise Refused(
            f"Your access to this target ends at {entitlement.until:%Y-%m-%d %H:%M} UTC, "
            "and AWS gives no session under 15 minutes.",
            f"association ends in {until_end} s",
        )
    return min(requested, left)


# -- how often -------------------------------------------------------------------------------------
def count_grant(identity: Identity) -> None:
    """Count one more grant of the person; raise TooMany above COOPER_GRANTS_PER_MINUTE."""
    grants = throttle.count(f"grants#{identity.person}", MINUTE)
    if grants > settings.COOPER_GRANTS_PER_MINUTE:
        seconds = throttle.seconds_left(MINUTE)
        raise TooMany(f"Too many requests. Try again in {seconds} seconds.", "grants per minute")


def may_record_refusal(identity: Identity) -> bool:
    """Count one more refusal of the person and return whether it is still recorded by itself."""
    return throttle.count(f"refusals#{identity.person}", MINUTE) <= RECORDED_REFUSALS


def count_unknown(identity: Identity) -> None:
    """Count one more try of a target that does not exist, by person and minute."""
    throttle.count(f"unknown-targets#{identity.person}", MINUTE)

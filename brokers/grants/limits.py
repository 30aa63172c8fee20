"""How long, and how often."""

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

DEFAULT = 3600
RECORDED_REFUSALS = 30
"""Refusals of one person that are recorded one by one in a minute; more are counted."""

CEILINGS = {Kind.ROLE: assume_role.LONGEST, Kind.FEDERATED_USER: federation_token.LONGEST}
"""Seconds that AWS gives at most, by kind."""

_learned: dict[tuple[str, int], int] = {}
"""Seconds that AWS turned out to allow, by target and its version: an edited target is tried anew."""


def longest_seconds(target: Target) -> int:
    """Return the longest session that the target, this installation and AWS's limits allow (seconds)."""
    found = int(target.effective_max_seconds or target.max_seconds)
    asked = min(
        int(target.max_seconds), found, settings.COOPER_MAX_SESSION, CEILINGS[Kind(target.kind)]
    )
    return max(SHORTEST, min(asked, _learned.get(_version(target), asked)))


def _version(target: Target) -> tuple[str, int]:
    """Return the target as it is now."""
    return str(target.name), int(target.version or 0)


def learn(target: Target, seconds: int) -> None:
    """Remember that AWS allows no more than this for the target as it is now."""
    _learned[_version(target)] = seconds


def allowed_seconds(target: Target, entitlement: Entitlement, wished: int, now: datetime) -> int:
    """Return the seconds to ask AWS for: as wished, but never past the association's end; raise Invalid or Refused.

    AWS counts from its own call, which may come as late as the deadline.
    """
    longest = longest_seconds(target)
    if not SHORTEST <= wished <= longest:
        raise Invalid(f"Choose from {SHORTEST} to {longest} seconds.", field="duration")
    if entitlement.until is None:
        return wished
    left = int((entitlement.until - now).total_seconds()) - DEADLINE
    if left < SHORTEST:
        message = f"What entitles you ends at {entitlement.until:%Y-%m-%d %H:%M} UTC; AWS gives no session under 15 minutes."
        raise Refused(message, f"association ends in {left + DEADLINE} s")
    return min(wished, left)


def count_grant(identity: Identity) -> None:
    """Count one more grant of the person; raise TooMany above COOPER_GRANTS_PER_MINUTE."""
    if throttle.count(f"grants#{identity.person}", 60) > settings.COOPER_GRANTS_PER_MINUTE:
        left = throttle.seconds_left(60)
        raise TooMany(
            f"You became targets very often within a minute. Try again in {left} s.",
            "grants per minute",
        )


def may_record_refusal(identity: Identity) -> bool:
    """Count one more refusal of the person and return whether it is still recorded by itself."""
    return throttle.count(f"refusals#{identity.person}", 60) <= RECORDED_REFUSALS


def count_unknown(identity: Identity) -> None:
    """Count one more try of a target that does not exist, by person and minute."""
    throttle.count(f"unknown-targets#{identity.person}", 60)

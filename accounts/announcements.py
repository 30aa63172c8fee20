"""What happened in a person's name, told at the top of the next page of each of their web sessions.

They lie with the person's preferences, which each request reads first: no page asks DynamoDB for
them. Like those they are never authority. The audit log has the same events for good.
"""

import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from django.http import HttpRequest
from pynamodb.expressions.condition import size
from pynamodb.expressions.operand import Path

from accounts.first_read import first_read_of
from accounts.models import StoredPreferences
from accounts.preferences import change_stored, preferences_key
from accounts.sessions import AUTHENTICATED_AT, SIGNED_IN_FROM
from core.errors import CooperError
from core.requests import CooperRequest

MOST = 10
"""Announcements that are kept for a person, the newest: about 2 KB."""

KEPT = 90 * 86_400
"""Seconds after which one is shown no more."""

PUT_AWAY = "announcements_put_away"
"""Where a web session keeps the ids of those that were put away in it."""

LONGEST = 128
"""Characters of a client's name, and of an address, that are kept."""


class Happening(StrEnum):
    """What an announcement tells."""

    COMMAND_LINE = "command-line"
    DEVICE_CODE = "device-code"
    OTHER_ADDRESS = "other-address"


SENTENCES = {
    Happening.COMMAND_LINE: "A new command line signed in as you: {client}, from {address}.",
    Happening.DEVICE_CODE: (
        "A command line on a host without a browser was allowed to sign in as you: {client}, "
        "from {address}."
    ),
    Happening.OTHER_ADDRESS: (
        "Your command line {client} was used from another address than the one it signed in "
        "from: {address}."
    ),
}


@dataclass(frozen=True)
class Announcement:
    """Something that happened in a person's name; `client` is what a stranger calls themselves."""

    happening: Happening
    client: str
    address: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def sentence(self) -> str:
        """Return what happened, in words for its person."""
        address = self.address or "an address that is not known"
        return SENTENCES[self.happening].format(client=self.client, address=address)


# -- telling ---------------------------------------------------------------------------------------
def announce(person: str, announcement: Announcement) -> None:
    """Keep an announcement until the person's web sessions have shown it; raise CooperError.

    The same id twice is one announcement. Usually one write; the first of all takes another one,
    and so does one for which an older one has to go.
    """
    entry = _entry(announcement)
    is_kept = _put(person, announcement.id, entry) or _put_first(person, announcement.id, entry)
    if not is_kept:
        _put_over_oldest(person, announcement.id, entry)


def _entry(announcement: Announcement) -> dict[str, Any]:
    return {
        "happening": str(announcement.happening),
        "client": announcement.client[:LONGEST],
        "address": announcement.address[:LONGEST],
        "at": int(announcement.at.timestamp()),
    }


def _put(person: str, announcement_id: str, entry: dict[str, Any]) -> bool:
    kept = Path("announcements")
    number_kept = size(kept)  # type: ignore[no-untyped-call]
    own = Path(["announcements", announcement_id])
    return change_stored(person, [own.set(entry)], kept.exists() & (number_kept < MOST))


def _put_first(person: str, announcement_id: str, entry: dict[str, Any]) -> bool:
    kept = Path("announcements")
    return change_stored(person, [kept.set({announcement_id: entry})], kept.does_not_exist())


def _put_over_oldest(person: str, announcement_id: str, entry: dict[str, Any]) -> None:
    stored = StoredPreferences.find(preferences_key(person))
    others = [other.id for other in _announcements(stored) if other.id != announcement_id]
    removals = [Path(["announcements", other]).remove() for other in others[MOST - 1 :]]
    own = Path(["announcements", announcement_id])
    change_stored(person, [own.set(entry), *removals], Path("announcements").exists())


# -- showing ---------------------------------------------------------------------------------------
def announcements_for(request: HttpRequest) -> list[Announcement]:
    """Return what the web session that asks has not put away, the newest first.

    Raise CooperError when DynamoDB does not say.
    """
    identity = getattr(request, "identity", None)
    if not identity:
        return []

    stored = first_read_of(request).find(StoredPreferences, preferences_key(identity.person))
    if not stored:
        return []

    put_away = {*request.session.get(PUT_AWAY, ()), *_put_away_before(request, stored)}
    oldest = time.time() - KEPT
    return [
        announcement
        for announcement in _announcements(stored)
        if announcement.id not in put_away and announcement.at.timestamp() > oldest
    ]


def announcements_context(request: HttpRequest) -> dict[str, list[Announcement]]:
    """Return, for every page, what this web session has to tell (a context processor).

    Nothing on the answer to a form: it may show what is shown once.
    """
    if request.method not in ("GET", "HEAD"):
        return {"announcements": []}

    try:
        return {"announcements": announcements_for(request)}
    except CooperError:
        # the page may be the one that says that DynamoDB, which has them, does not answer
        return {"announcements": []}


def _put_away_before(request: HttpRequest, stored: StoredPreferences) -> Collection[str]:
    """Return what was put away at this same address before the person signed in here.

    Web sessions that were open then show it themselves, and so do those of other addresses: where
    one of them is a thief's, it can put nothing away for the person.
    """
    put_away: Any = stored.announcements_put_away
    last = put_away.as_dict() if put_away else {}
    address = request.session.get(SIGNED_IN_FROM, {}).get("address")
    is_same_address = bool(address) and address == last.get("address")

    # a web session of an earlier cooper may not say it
    signed_in_at = str(request.session.get(AUTHENTICATED_AT, "")) or "1970-01-01T00:00+00:00"
    is_later = datetime.fromisoformat(signed_in_at).timestamp() > int(last.get("at", 0))
    return tuple(last.get("ids", ())) if is_same_address and is_later else ()


def _announcements(stored: StoredPreferences | None) -> list[Announcement]:
    """Return what is stored, the newest first."""
    entries: Any = stored.announcements if stored else None
    kept = []
    for announcement_id, entry in entries.as_dict().items() if entries else ():
        # another cooper may keep something else there
        if isinstance(entry, Mapping) and entry.get("happening") in set(Happening):
            kept.append(_announcement(announcement_id, entry))
    return sorted(kept, key=lambda announcement: announcement.at, reverse=True)


def _announcement(announcement_id: str, entry: Mapping[str, Any]) -> Announcement:
    return Announcement(
        Happening(entry["happening"]),
        client=str(entry.get("client", "")),
        address=str(entry.get("address", "")),
        at=datetime.fromtimestamp(int(entry.get("at", 0)), UTC),
        id=announcement_id,
    )


# -- putting away ----------------------------------------------------------------------------------
def put_away(request: CooperRequest, ids: Collection[str]) -> None:
    """Put announcements that were shown away for this web session, and for later ones from here."""
    shown = [
        announcement.id for announcement in announcements_for(request) if announcement.id in ids
    ]
    if not shown:
        return

    all_here = [*request.session.get(PUT_AWAY, ()), *shown][-2 * MOST :]
    request.session[PUT_AWAY] = all_here
    entry = {"address": request.client_address, "at": int(time.time()), "ids": all_here}
    change_stored(request.identity.person, [Path("announcements_put_away").set(entry)])

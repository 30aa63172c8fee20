"""From which addresses a command line is used: another one than it signed in from is told of once.

What it was told of is kept with the command line, which each request reads anyway: no request from
a known address asks DynamoDB for anything more.
"""

import hashlib
import ipaddress
from functools import partial

from django.conf import settings

from accounts import announcements
from accounts.announcements import Announcement, Happening
from accounts.command_lines import TRIES, CommandLine
from core import audit
from core.audit import Event
from core.dynamo import Stale, transaction
from core.errors import Refused
from core.forwarded import parse_address
from core.retry import retry

MOST = 20
"""Addresses that a command line may be used from, beside the one that it signed in from."""

NOT_KNOWN = "not known"
"""In place of an address that the server does not know, as behind a Unix socket."""

OTHER_NETWORK = (
    "This command line signed in from another network, and cooper lets it be used there alone. "
    "Run `aws sso login` here."
)
OVER = "This session is over. Run: aws sso login"
TOO_MANY = "This command line was used from too many addresses. Run `aws sso login` again."


class OtherAddress(Refused):
    """A command line is not let be used from where the request came from."""


def demand_place(command_line: CommandLine, address: str) -> None:
    """Tell of a use from another address, once for each; raise OtherAddress where it is refused.

    Raise CooperError when it cannot be told: it is not used then.
    """
    here = address or NOT_KNOWN
    signed_in_from = str(command_line.address or NOT_KNOWN)
    if here == signed_in_from:
        return

    is_refused = not _may_be_used(signed_in_from, here)
    if here not in (command_line.other_addresses or ()):
        tell = partial(_tell_once, str(command_line.session_id), here, is_refused=is_refused)
        retry(tell, on=Stale, tries=TRIES)
    if is_refused:
        raise OtherAddress(OTHER_NETWORK, f"signed in from {signed_in_from}, used from {here}")


def _may_be_used(signed_in_from: str, address: str) -> bool:
    prefixes = settings.COOPER_CLI_SAME_NETWORK
    return not prefixes or is_same_network(signed_in_from, address, prefixes)


def is_same_network(address: str, other: str, prefixes: tuple[int, ...]) -> bool:
    """Return whether two addresses have a network in common, by the lengths of its prefix.

    `prefixes` are that of IPv4 and that of IPv6. What is no address is in no network.
    """
    first = parse_address(address)
    second = parse_address(other)
    if not first or not second or first.version != second.version:
        return False

    of_ipv4, of_ipv6 = prefixes
    length = of_ipv4 if first.version == 4 else of_ipv6
    return second in ipaddress.ip_network(f"{first}/{length}", strict=False)


def _tell_once(session_id: str, address: str, *, is_refused: bool) -> None:
    command_line = CommandLine.find(session_id)
    if command_line is None:
        raise OtherAddress(OVER, "ended meanwhile")

    others = set(command_line.other_addresses or ())
    if address in others:
        return
    if len(others) >= MOST:
        raise OtherAddress(TOO_MANY, f"more than {MOST} addresses")

    announcements.announce(str(command_line.person), _announcement(command_line, address))
    command_line.other_addresses = others | {address}
    event = Event.COMMAND_LINE_STOPPED if is_refused else Event.COMMAND_LINE_MOVED
    with transaction() as writes:
        writes.save(command_line)
        writes.create(
            audit.event(
                event,
                person=str(command_line.person),
                target=str(command_line.person),
                command_line=session_id,
                client=str(command_line.client),
                address=address,
                signed_in_from=str(command_line.address or NOT_KNOWN),
            )
        )


def _announcement(command_line: CommandLine, address: str) -> Announcement:
    # the same one for requests that come at the same moment
    of_both = f"{command_line.session_id} {address}"
    announcement_id = hashlib.sha256(of_both.encode()).hexdigest()[:16]
    return Announcement(
        Happening.OTHER_ADDRESS, str(command_line.client), address, id=announcement_id
    )

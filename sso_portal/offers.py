"""What a command line may become, and credentials for it: the inside, whatever the protocol."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from accounts import command_lines
from accounts.command_lines import CommandLine
from accounts.identity import Identity
from brokers import catalogue
from brokers.catalogue_rows import CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.choices import ONE_HOUR
from brokers.credentials import Credentials
from brokers.entitlements import entitlements_of
from brokers.grants import (
    Counter,
    Delivery,
    GrantRequest,
    grant,
    longest_seconds,
    require_entitlement,
)
from brokers.permits import Permit
from brokers.role_names import Place, place_of
from core import audit
from core.client_kinds import ClientProgram
from sso_portal import addresses, tokens
from sso_portal.address_limits import UNKNOWN_TOKENS
from sso_portal.tokens import Kind


@dataclass(frozen=True)
class Caller:
    """Who asks with an access token."""

    identity: Identity
    command_line: CommandLine


def caller_with(access_token: str, address: str) -> Caller | None:
    """Return who asks with a token, None when it is not good; raise CooperError.

    `address` is where the request came from: see `sso_portal.addresses`.
    """
    caller = owner_of(access_token, address)
    if caller:
        addresses.demand_place(caller.command_line, address)
    return caller


def owner_of(access_token: str, address: str) -> Caller | None:
    """Return whose token it is, wherever the request came from: enough to end a command line.

    Raise TooMany for an address that has tried too many which are not good.
    """
    UNKNOWN_TOKENS.demand(address, access_token)
    caller = _owner_of(access_token)
    if not caller:
        UNKNOWN_TOKENS.count(address, access_token)
    return caller


def _owner_of(access_token: str) -> Caller | None:
    now = time.time()
    token = tokens.find(access_token, Kind.ACCESS)
    if token is None or not tokens.is_good(token, now):
        return None

    active = command_lines.find_active(str(token.session_id), now)
    if active is None:
        return None
    return Caller(active.person.identity(), active.command_line)


# -- which -----------------------------------------------------------------------------------------
def targets_of(caller: Caller) -> Iterator[CatalogueTarget]:
    """Yield the targets that the caller may become by this command line."""
    return open_targets(caller.identity, catalogue.current(), caller.command_line)


def open_targets(
    identity: Identity, catalogue_now: Catalogue, command_line: CommandLine | None = None
) -> Iterator[CatalogueTarget]:
    """Yield the targets that a person may become by a command line, by name.

    Without one: by any that they sign in with the browser of its own computer.
    """
    for target in _own_targets(identity, catalogue_now):
        if is_open(target, catalogue_now, command_line):
            yield target


def _own_targets(identity: Identity, catalogue_now: Catalogue) -> Iterator[CatalogueTarget]:
    associations = catalogue_now.associations_for(identity.groups)
    entitlements = entitlements_of(identity, associations, datetime.now(UTC))
    for name in sorted(entitlements):
        target = catalogue_now.targets.get(name)
        if target and target.enabled:
            yield target


def is_open(
    target: CatalogueTarget, catalogue_now: Catalogue, command_line: CommandLine | None
) -> bool:
    """Return whether a command line may become the target, be it with a permit.

    None stands for one that signs in with the browser of its own computer.
    """
    if not catalogue_now.takes_permit(target):
        return True
    if command_line and not command_line.is_from_browser:
        return False
    return catalogue_now.is_open_with_permit(target)


def takes_permit(target: CatalogueTarget) -> bool:
    """Return whether a command line needs a permit to become the target."""
    return catalogue.latest().takes_permit(target)


def target_called(caller: Caller, account_id: str, role_name: str) -> CatalogueTarget:
    """Return the caller's target by its AWS account and role name, open or closed.

    Raise TargetNotAccessible, recorded or counted as a grant's is.
    """
    catalogue_now = catalogue.current()
    place = place_of(account_id, role_name)
    for target in _own_targets(caller.identity, catalogue_now):
        if place_of(target.aws_account, target.role_name) == place:
            return target

    name = _name_at(place, catalogue_now)
    return require_entitlement(caller.identity, name, datetime.now(UTC), catalogue_now).target


def _name_at(place: Place, catalogue_now: Catalogue) -> str:
    """Return the name of a target at a place, whoever it is for; "" where there is none."""
    for target in catalogue_now.targets.values():
        # most are in another AWS account: nothing is made of their names
        is_near = target.aws_account == place[0]
        if is_near and place_of(target.aws_account, target.role_name) == place:
            return str(target.name)
    return ""


def target_named(caller: Caller, name: str) -> CatalogueTarget:
    """Return the caller's target of this name, open or closed.

    Raise TargetNotAccessible, recorded or counted as a grant's is.
    """
    catalogue_now = catalogue.current()
    return require_entitlement(caller.identity, name, datetime.now(UTC), catalogue_now).target


def account_names() -> dict[str, str]:
    """Return the names of the AWS accounts, by their ids, once the targets have been read."""
    accounts = catalogue.latest().accounts
    return {account_id: str(account.name or "") for account_id, account in accounts.items()}


# -- credentials -----------------------------------------------------------------------------------
@contextmanager
def refusals_name(client: ClientProgram) -> Iterator[None]:
    """Let the events of the block name the program that asks."""
    with audit.acting(extra={**audit.context().extra, **client.facts}):
        yield


def credentials_for(
    caller: Caller,
    target: CatalogueTarget,
    client: ClientProgram,
    seconds: int = ONE_HOUR,
    permit: Permit | None = None,
) -> Credentials:
    """Let the caller become the target, as every grant is decided; raise what `grant` raises.

    The session is as long as asked for, or as the target allows at most. The command line keeps
    that it became the target, and by which kind of program.
    """
    request = GrantRequest(
        target=target.name,
        seconds=min(seconds, longest_seconds(target)),
        delivery=Delivery.COMMAND_LINE,
        command_line=str(caller.command_line.session_id),
        counter=Counter.COMMAND_LINE,
        permit=permit,
        reason=str(permit.reason or "") if permit else "",
    )
    # of this very request: the target was found in it, and the grant reads what it rests on anew
    catalogue_now = catalogue.latest()

    with refusals_name(client):
        issued = grant(caller.identity, request, datetime.now(UTC), catalogue_now)

    command_lines.note_use(caller.command_line, target.name, str(client.kind), time.time())
    return issued.credentials

"""What is stopped now, as pages show it. It decides nothing: each grant checks by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils.functional import SimpleLazyObject

from accounts.first_read import first_read_of
from brokers.entitlements import entitlement_to
from brokers.request_catalogue import catalogue_of
from core.errors import CooperError
from core.installation import STOP_SWITCH_ITEM, Installation
from core.requests import CooperRequest, once_per_request

ALL_STOPPED = "All grants are stopped: nobody becomes anything until an administrator lifts it."


@dataclass(frozen=True)
class Stops:
    """Whether all grants are stopped, and in which AWS accounts they are: number -> name."""

    all_grants: bool = False
    accounts: Mapping[str, str] = field(default_factory=dict)

    def reason_for(self, account_id: str) -> str:
        """Return why nobody becomes a target in this AWS account now, or ""."""
        if self.all_grants:
            return ALL_STOPPED
        if account_id in self.accounts:
            return _account_stopped(self.accounts[account_id])
        return ""


def stops_now(request: CooperRequest) -> Stops:
    """Return what is stopped, computed once a request."""
    return once_per_request(request, "stops", lambda: _compute_stops(request))


def _compute_stops(request: CooperRequest) -> Stops:
    switch = first_read_of(request).find(Installation, STOP_SWITCH_ITEM)
    # a grant demands a switch that is there and off
    is_stopped = switch is None or bool(switch.stopped)
    return Stops(is_stopped, catalogue_of(request).stopped_accounts)


def stops_context(request: CooperRequest) -> dict[str, Any]:
    """Return, for every page, the lines of its banner (a context processor); read when shown."""
    return {"stops": SimpleLazyObject(lambda: _banner_lines(request))}


def _banner_lines(request: CooperRequest) -> list[str]:
    """Return what is stopped that concerns the person: administrators, all of it."""
    if not getattr(request, "identity", None):
        return []
    try:
        stops = stops_now(request)
        concerned = stops.accounts
        if concerned and not request.user.is_admin:
            concerned = _own_accounts(request, stops)
    except CooperError:
        # the page may be the one that says that DynamoDB does not answer
        return []

    lines = [ALL_STOPPED] if stops.all_grants else []
    return lines + [_account_stopped(name) for _, name in sorted(concerned.items())]


def _own_accounts(request: CooperRequest, stops: Stops) -> dict[str, str]:
    """Return the stopped AWS accounts in which the person may become anything."""
    current = catalogue_of(request)
    identity = request.identity
    now = datetime.now(UTC)

    names: set[str] = set()
    for group in identity.groups:
        names |= current.by_group.get(str(group), frozenset())

    # of many targets, few are in an AWS account that is stopped: only for those is it decided
    own: dict[str, str] = {}
    for name in names:
        target = current.targets.get(name)
        account_id = str(target.aws_account) if target else ""
        if account_id in own or account_id not in stops.accounts:
            continue
        if entitlement_to(name, identity, current.associations_by_target.get(name, ()), now):
            own[account_id] = stops.accounts[account_id]
    return own


def _account_stopped(name: str) -> str:
    return f"Grants in {name} are stopped: nobody becomes anything in this AWS account."

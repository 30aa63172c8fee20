"""What is stopped now, as pages show it. It decides nothing: each grant checks by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from accounts.first_read import first_read_of
from brokers.contacts import default_contact
from brokers.entitlements import entitlement_to
from brokers.request_catalogue import catalogue_of
from core.emergency_stop import EmergencyStop, stop_in
from core.errors import CooperError
from core.installation import STOP_SWITCH_ITEM, Installation
from core.requests import CooperRequest, once_per_request

UNTIL = "nobody becomes anything until an administrator lifts the stop."
ALL_STOPPED = f"All grants are stopped: {UNTIL}"

ALL_LINE = "stop-all"
"""The `id` of the banner's line about the stop of all grants."""


@dataclass(frozen=True)
class Stops:
    """The stop of all grants, if it is on, and the stopped AWS accounts: number -> name."""

    stop: EmergencyStop | None = None
    accounts: Mapping[str, str] = field(default_factory=dict)

    @property
    def all_grants(self) -> bool:
        """Whether all grants are stopped."""
        return bool(self.stop)

    def reason_for(self, account_id: str) -> str:
        """Return why nobody becomes a target in this AWS account now, or ""."""
        if self.all_grants:
            return ALL_STOPPED
        if account_id in self.accounts:
            return _account_stopped(self.accounts[account_id])
        return ""

    def line_for(self, account_id: str) -> str:
        """Return the `id` of the banner's line that says so, or ""."""
        if self.all_grants:
            return ALL_LINE
        if account_id in self.accounts:
            return _line_of(account_id)
        return ""


@dataclass(frozen=True)
class BannerLine:
    """What the banner of every page says of one stop."""

    id: str
    text: str
    by: str = ""
    """Who stopped it: shown to administrators."""

    address: str = ""
    """Where it is lifted: for administrators."""

    contact: str = ""
    """Whom to ask: for everybody else."""


def stops_now(request: CooperRequest) -> Stops:
    """Return what is stopped, computed once a request."""
    return once_per_request(request, "stops", lambda: _compute_stops(request))


def _compute_stops(request: CooperRequest) -> Stops:
    switch = first_read_of(request).find(Installation, STOP_SWITCH_ITEM)
    return Stops(stop_in(switch), catalogue_of(request).stopped_accounts)


def stops_context(request: CooperRequest) -> dict[str, Any]:
    """Return, for every page, the lines of its banner (a context processor); read when shown."""
    return {"stops": SimpleLazyObject(lambda: _banner_lines(request))}


def _banner_lines(request: CooperRequest) -> list[BannerLine]:
    """Return what is stopped that concerns the person: administrators, all of it."""
    if not getattr(request, "identity", None):
        return []
    try:
        stops = stops_now(request)
        concerned = stops.accounts
        if concerned and not request.user.is_admin:
            concerned = _own_accounts(request, stops)

        lines = [_line_of_all(request, stops.stop)] if stops.stop else []
    except CooperError:
        # the page may be the one that says that DynamoDB does not answer
        return []

    for account_id, name in sorted(concerned.items()):
        lines.append(BannerLine(_line_of(account_id), _account_stopped(name)))
    return lines


def _line_of_all(request: CooperRequest, stop: EmergencyStop) -> BannerLine:
    """Return the line about the stop of all grants; who set it, administrators need to know."""
    facts = stop.facts(datetime.now(UTC))
    text = f"All grants are stopped{facts}. {UNTIL[:1].upper()}{UNTIL[1:]}"
    if request.user.is_admin:
        address = reverse("admin:cooper_installation_change", args=[STOP_SWITCH_ITEM])
        return BannerLine(ALL_LINE, text, by=stop.by, address=address)
    return BannerLine(ALL_LINE, text, contact=default_contact(request))


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


def _line_of(account_id: str) -> str:
    return f"stop-{account_id}"


def _account_stopped(name: str) -> str:
    return f"Grants in {name} are stopped: nobody becomes anything in this AWS account."

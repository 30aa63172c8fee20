"""The page of the person who asks: who they are here, what they may, and what they prefer."""

from datetime import UTC, datetime

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.views.decorators.http import require_safe

from accounts.first_read import first_read_of
from accounts.identity import Identity
from accounts.models import TotpDevice
from accounts.preferences import preferences_of
from accounts.preferences_form import PreferencesForm, filled_form
from accounts.providers import provider_for
from brokers.becoming import sign_in_first
from brokers.group_targets import targets_by_group
from brokers.request_catalogue import catalogue_of
from core.http import post_only, safe_next
from core.requests import CooperRequest


@require_safe
def me(request: CooperRequest) -> HttpResponse:
    """Show a person what cooper knows of them, and what they can change about it."""
    if request.identity is None:
        return sign_in_first(request, request.get_full_path())
    return _me_page(request, request.identity, filled_form(preferences_of(request)))


def _me_page(
    request: CooperRequest, identity: Identity, form: PreferencesForm, status: int = 200
) -> HttpResponse:
    now = datetime.now(UTC)
    rows = targets_by_group(identity.groups, catalogue_of(request), now)
    context = {
        "identity": identity,
        "provider": provider_for(identity.provider),
        "giving": [row for row in rows if row.targets],
        "not_giving": [row.group for row in rows if not row.targets],
        "device": first_read_of(request).find(TotpDevice, identity.person),
        "preferences_form": form,
        "is_saved": "saved" in request.GET,
    }
    return render(request, "brokers/me.html", context, status=status)


@post_only("me")
def preferences(request: CooperRequest) -> HttpResponse:
    """Change what was sent of the person's preferences; go back to where they were."""
    identity: Identity | None = request.identity
    if identity is None:
        return sign_in_first(request, resolve_url("me"))

    form = PreferencesForm(request.POST)
    if not form.is_valid():
        return _me_page(request, identity, form, 400)

    form.save(identity.person, preferences_of(request))
    return HttpResponseRedirect(safe_next(request) or f"{resolve_url('me')}?saved")

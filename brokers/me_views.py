"""The page of the person who asks: who they are here, what they may, and what they prefer."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.views.decorators.http import require_safe

from accounts import login, own_sessions
from accounts.end_reasons import EndReason
from accounts.first_read import first_read_of
from accounts.identity import Identity
from accounts.models import TotpDevice
from accounts.own_sessions import NotIndexed, OwnSession
from accounts.preferences import preferences_of
from accounts.preferences_form import PreferencesForm, filled_form
from accounts.providers import provider_for
from accounts.roles import roles_through
from accounts.sessions import hash_session_key
from brokers.becoming import sign_in_first
from brokers.group_targets import targets_by_group
from brokers.own_history import own_history
from brokers.portal_links import portal_links
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
    web_sessions, are_listed = _web_sessions(request, now)
    rows = targets_by_group(identity.groups, catalogue_of(request), now)
    roles = roles_through(identity.groups)
    groups_with_role = {group for role in roles for group in role.groups}
    context = {
        "identity": identity,
        "provider": provider_for(identity.provider),
        "roles": roles,
        "giving": [row for row in rows if row.targets],
        "not_giving": [
            row.group for row in rows if not row.targets and row.group not in groups_with_role
        ],
        "device": first_read_of(request).find(TotpDevice, identity.person),
        "web_sessions": web_sessions,
        "are_listed": are_listed,
        "history": own_history(identity.person, now, request.GET.get("before", "")),
        "is_older": "before" in request.GET,
        "targets": {target.name for row in rows for target in row.targets},
        "portal_links": portal_links(),
        "preferences_form": form,
        "is_saved": "saved" in request.GET,
    }
    return render(request, "brokers/me.html", context, status=status)


def _web_sessions(request: CooperRequest, now: datetime) -> tuple[list[OwnSession], bool]:
    """Return the person's web sessions, and whether all of them can be listed."""
    try:
        return own_sessions.own_sessions(request, now.timestamp()), True
    except NotIndexed:
        return [own_sessions.this_session(request)], False


# -- what one can change ---------------------------------------------------------------------------
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


@post_only("me")
def end_session(request: CooperRequest) -> HttpResponse:
    """End one of the person's own web sessions; this very one is signed out."""
    identity: Identity | None = request.identity
    if identity is None:
        return sign_in_first(request, resolve_url("me"))

    key_hash = request.POST.get("session", "")
    if key_hash == hash_session_key(request.session.session_key or ""):
        login.sign_out(request)
        return HttpResponseRedirect(f"{resolve_url('login')}?signed-out=1")

    if own_sessions.end_one(identity.person, key_hash, EndReason.PERSON):
        messages.success(request, "That web session is ended.")
    else:
        messages.info(request, "That web session had ended already.")
    return HttpResponseRedirect(resolve_url("me"))


@post_only("me")
def end_other_sessions(request: CooperRequest) -> HttpResponse:
    """End all web sessions of the person but this one."""
    if request.identity is None:
        return sign_in_first(request, resolve_url("me"))

    own_sessions.end_others(request)
    messages.success(request, "All your other web sessions are ended.")
    return HttpResponseRedirect(resolve_url("me"))

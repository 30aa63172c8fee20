"""Putting announcements away."""

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from accounts import announcements
from core.http import login_redirect, post_only, safe_next
from core.requests import CooperRequest


@post_only("home")
def announcements_seen(request: CooperRequest) -> HttpResponse:
    """Put the announcements away that the page has shown; go back to it."""
    if request.identity is None:
        return login_redirect(resolve_url("home"))

    announcements.put_away(request, request.POST.getlist("announcement")[: announcements.MOST])
    return HttpResponseRedirect(safe_next(request) or resolve_url("home"))

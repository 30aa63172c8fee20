"""Pages on which a person sets their command line up."""

import time
from collections.abc import Iterable
from pathlib import Path

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.views.decorators.http import require_safe

from accounts import command_lines
from brokers.becoming import sign_in_first
from brokers.catalogue_rows import CatalogueTarget
from brokers.credentials_views import region_of
from brokers.request_catalogue import catalogue_of
from core.http import post_only
from core.requests import CooperRequest
from sso_portal import aws_config, offers
from sso_portal.permitting import public_url
from sso_portal.start_views import LABEL

PROFILE_SCRIPT = Path(__file__).with_name("profile_script.py").read_bytes()
"""What keeps the profiles up to date on people's computers, as it is served."""


@require_safe
def set_up(request: CooperRequest) -> HttpResponse:
    """Show the part of `~/.aws/config` for all of the person's targets, or for those ticked."""
    if request.identity is None:
        return sign_in_first(request, request.get_full_path())

    targets = list(offers.open_targets(request.identity, catalogue_of(request)))
    ticked = set(request.GET.getlist("target"))
    chosen = [target for target in targets if not ticked or target.name in ticked]
    block = aws_config.config_block(portal_of(request), profiles_of(chosen))
    if "download" in request.GET:
        return _download(block)

    context = {
        "targets": targets,
        "chosen": {target.name for target in chosen},
        "with_permit": {target.name for target in targets if offers.takes_permit(target)},
        "config": block,
        "example": aws_config.profile_name(chosen[0].name) if chosen else "",
        "command_lines": command_lines.active_of(request.user.stored_person, time.time()),
    }
    return render(request, "sso_portal/set_up.html", context)


@post_only("command-line")
def end(request: CooperRequest) -> HttpResponse:
    """End one of the person's own command lines."""
    if request.identity is None:
        return sign_in_first(request, resolve_url("command-line"))

    session_id = request.POST.get("command_line", "")

    if command_lines.end(session_id, person=request.identity.person):
        messages.success(request, "That command line is signed out.")
    else:
        messages.info(request, "That command line was signed out already.")
    return HttpResponseRedirect(resolve_url("command-line"))


@post_only("command-line")
def end_all(request: CooperRequest) -> HttpResponse:
    """End all command lines of the person."""
    if request.identity is None:
        return sign_in_first(request, resolve_url("command-line"))

    for command_line in command_lines.active_of(request.user.stored_person, time.time()):
        command_lines.end(str(command_line.session_id), person=request.identity.person)

    messages.success(request, "All your command lines are signed out.")
    return HttpResponseRedirect(resolve_url("command-line"))


@require_safe
def profile_script(request: CooperRequest) -> HttpResponse:
    """Return the script that keeps the profiles up to date: the same bytes for everybody."""
    return HttpResponse(PROFILE_SCRIPT, content_type="text/plain; charset=utf-8")


def portal_of(request: CooperRequest) -> aws_config.Portal:
    """Return where this cooper is, by its public address."""
    url = public_url(request)
    # a host has no case, but a session's name has
    url = url.lower()
    # without https the CLI takes no start URL of ours: it is given where that would have led
    start_url = f"{url}/start" if url.startswith("https://") else LABEL
    return aws_config.Portal(url, start_url)


def profiles_of(targets: Iterable[CatalogueTarget]) -> list[aws_config.Profile]:
    """Return a profile for each target that tools can name."""
    return [
        aws_config.Profile(
            target.name, str(target.aws_account), str(target.role_name), region_of(target)
        )
        for target in targets
        if target.role_name
    ]


def _download(block: str) -> HttpResponse:
    response = HttpResponse(block, content_type="text/plain; charset=utf-8")

    response["Content-Disposition"] = 'attachment; filename="aws-config"'
    return response

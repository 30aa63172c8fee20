"""Ending one's own command lines."""

import time

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from accounts import command_lines
from brokers.becoming import sign_in_first
from core.http import post_only
from core.requests import CooperRequest


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

"""The command lines of one person, on their page in the admin: which there are, and ending them."""

import time

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect

from accounts import command_lines
from accounts.admin.person_operations import PersonOperationKind
from accounts.command_lines import CommandLine
from accounts.models import Person
from core import admin
from core.admin import AdminOperation, AdminRequest
from core.errors import Conflict

WHY = "ended by an administrator"


def command_lines_of(person: Person) -> list[CommandLine]:
    """Return the active command lines of a person for their page, the newest first."""
    return command_lines.active_of(person, time.time())


def end_view(model_admin: admin.ModelAdmin, request: AdminRequest, object_id: str) -> HttpResponse:
    """Ask, then end one command line of a person (`?command_line=`), or all of them."""
    person = model_admin.get_object(request, unquote(object_id))
    if not isinstance(person, Person):
        return model_admin.redirect_missing(request, object_id)
    if not model_admin.has_change_permission(request, person):
        raise PermissionDenied

    chosen = command_lines_of(person)
    session_id = request.GET.get("command_line", "")
    if session_id:
        chosen = [line for line in chosen if line.session_id == session_id]
    return _end(model_admin, request, person, chosen)


def _end(
    model_admin: admin.ModelAdmin,
    request: AdminRequest,
    person: Person,
    chosen: list[CommandLine],
) -> HttpResponse:
    operation = AdminOperation(PersonOperationKind.END_COMMAND_LINES, [person])
    title = f"End command lines of {person}"
    lines = [_sentence(person, line) for line in chosen] or [f"{person}: none is signed in."]
    back = model_admin.change_url(person)

    page = model_admin.confirm(request, operation, title, lines, back=back)
    if page is not None:
        return page

    def end(request: AdminRequest, operation: AdminOperation[Person]) -> None:
        ended = [_end_one(person, line) for line in chosen]
        if not any(ended):
            raise Conflict("They had ended already.")

    model_admin.apply_to_each(request, operation, end, "person's command lines ended")
    return HttpResponseRedirect(back)


def _end_one(person: Person, line: CommandLine) -> bool:
    return command_lines.end(str(line.session_id), person=str(person.person), why=WHY)


def _sentence(person: Person, line: CommandLine) -> str:
    """Return what ends, for the administrator."""
    where = line.address or "an address that is not known"
    return f"{person}: {line.client} at {where}, since {line.started:%Y-%m-%d %H:%M} UTC ends."

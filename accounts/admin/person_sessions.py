"""The web sessions of one person, on their page in the admin: which there are, and ending them."""

import time
from functools import partial

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect

from accounts import own_sessions
from accounts.admin.person_operations import PersonOperationKind
from accounts.end_reasons import EndReason
from accounts.models import Person
from accounts.own_sessions import OwnSession
from accounts.sessions import hash_session_key
from core import admin, audit
from core.admin import AdminOperation, AdminRequest
from core.admin.options import ApplyOperation
from core.audit import Event
from core.dynamo import transaction
from core.errors import Conflict


def web_sessions_of(request: AdminRequest, person: Person) -> list[OwnSession]:
    """Return the active web sessions of a person for their page, the newest first."""
    this = hash_session_key(request.session.session_key or "")
    return own_sessions.all_active(person, time.time(), this)


def end_view(model_admin: admin.ModelAdmin, request: AdminRequest, object_id: str) -> HttpResponse:
    """Ask, then end one web session of a person (`?session=`), or all of them."""
    person = model_admin.get_object(request, unquote(object_id))
    if not isinstance(person, Person):
        return model_admin.redirect_missing(request, object_id)
    if not model_admin.has_change_permission(request, person):
        raise PermissionDenied

    if request.GET.get("session"):
        return _end_one(model_admin, request, person, request.GET["session"])
    return _end_all(model_admin, request, person)


def _end_one(
    model_admin: admin.ModelAdmin, request: AdminRequest, person: Person, key_hash: str
) -> HttpResponse:
    """Ask, then end the web session with this hash of its key."""
    active = own_sessions.all_active(person, time.time())
    chosen = [session for session in active if session.key_hash == key_hash]
    lines = _session_lines(person, chosen) or [f"{person}: this web session has ended already."]

    def end(request: AdminRequest, operation: AdminOperation[Person]) -> None:
        if not own_sessions.end_one(str(person.person), key_hash, EndReason.ADMINISTRATOR):
            raise Conflict("This web session had ended already.")

    return _end_sessions(model_admin, request, person, lines, end, "person's web session ended")


def _end_all(model_admin: admin.ModelAdmin, request: AdminRequest, person: Person) -> HttpResponse:
    """Ask, then end all web sessions of a person."""
    active = own_sessions.all_active(person, time.time())
    lines = _session_lines(person, active) or [f"{person}: has no web session now."]
    end = partial(end_all_sessions, model_admin)
    return _end_sessions(model_admin, request, person, lines, end, "person's web sessions ended")


def _end_sessions(
    model_admin: admin.ModelAdmin,
    request: AdminRequest,
    person: Person,
    lines: list[str],
    end: ApplyOperation,
    done: str,
) -> HttpResponse:
    operation = AdminOperation(PersonOperationKind.END_WEB_SESSIONS, [person])
    title = f"End web sessions of {person}"
    back = model_admin.change_url(person)

    page = model_admin.confirm(request, operation, title, lines, back=back)
    if page is not None:
        return page

    model_admin.apply_to_each(request, operation, end, done)
    return HttpResponseRedirect(back)


def end_all_sessions(
    model_admin: admin.ModelAdmin, request: AdminRequest, operation: AdminOperation[Person]
) -> None:
    """Begin a new epoch for the person: sessions of an older one count no more."""
    person = operation.document
    person.start_new_epoch(EndReason.ADMINISTRATOR)
    with transaction() as writes:
        writes.save(person)
        writes.create(audit.event(Event.SESSIONS_ENDED, **model_admin.audit_facts(person)))


def _session_lines(person: Person, chosen: list[OwnSession]) -> list[str]:
    """Return a sentence for each web session that ends."""
    lines = []
    for session in chosen:
        where = session.browser or "a browser that is not known"
        if session.address:
            where = f"{where} at {session.address}"
        lines.append(f"{person}: {where}, signed in {session.since:%Y-%m-%d %H:%M} UTC ends.")
    return lines

"""The web sessions of one person, on their page in the admin: which there are, and ending them."""

import time
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import path

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


class WebSessionsAdmin(admin.ModelAdmin):
    """An admin of people whose page has their web sessions, each with a way to end it."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.end_view)
        end_url = path("<path:object_id>/end/", view, name="accounts_person_end")
        return [end_url, *super().get_urls()]

    def render_change_form(
        self, request: AdminRequest, context: Any, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """Show the active web sessions beside the form."""
        this = hash_session_key(request.session.session_key or "")
        context["web_sessions"] = own_sessions.all_active(context["original"], time.time(), this)
        return super().render_change_form(request, context, *arguments, **named)

    def end_view(self, request: AdminRequest, object_id: str) -> HttpResponse:
        """Ask, then end one web session of a person (`?session=`), or all of them."""
        person = self.get_object(request, unquote(object_id))
        if not isinstance(person, Person):
            return self.redirect_missing(request, object_id)
        if not self.has_change_permission(request, person):
            raise PermissionDenied

        if request.GET.get("session"):
            return self._end_one(request, person, request.GET["session"])
        return self._end_all(request, person)

    def _end_one(self, request: AdminRequest, person: Person, key_hash: str) -> HttpResponse:
        """Ask, then end the web session with this hash of its key."""
        active = own_sessions.all_active(person, time.time())
        chosen = [session for session in active if session.key_hash == key_hash]
        lines = _session_lines(person, chosen) or [f"{person}: this web session has ended already."]

        def end(request: AdminRequest, operation: AdminOperation[Person]) -> None:
            if not own_sessions.end_one(str(person.person), key_hash, EndReason.ADMINISTRATOR):
                raise Conflict("This web session had ended already.")

        return self._end_sessions(request, person, lines, end, "person's web session ended")

    def _end_all(self, request: AdminRequest, person: Person) -> HttpResponse:
        """Ask, then end all web sessions of a person."""
        active = own_sessions.all_active(person, time.time())
        lines = _session_lines(person, active) or [f"{person}: has no web session now."]
        done = "person's web sessions ended"
        return self._end_sessions(request, person, lines, self.end_all_sessions, done)

    def _end_sessions(
        self,
        request: AdminRequest,
        person: Person,
        lines: list[str],
        end: ApplyOperation,
        done: str,
    ) -> HttpResponse:
        operation = AdminOperation(PersonOperationKind.END_WEB_SESSIONS, [person])
        title = f"End web sessions of {person}"
        back = self.change_url(person)

        page = self.confirm(request, operation, title, lines, back=back)
        if page is not None:
            return page

        self.apply_to_each(request, operation, end, done)
        return HttpResponseRedirect(back)

    def end_all_sessions(self, request: AdminRequest, operation: AdminOperation[Person]) -> None:
        """Begin a new epoch for the person: sessions of an older one count no more."""
        person = operation.document
        person.start_new_epoch(EndReason.ADMINISTRATOR)
        with transaction() as writes:
            writes.save(person)
            writes.create(audit.event(Event.SESSIONS_ENDED, **self.audit_facts(person)))


def _session_lines(person: Person, chosen: list[OwnSession]) -> list[str]:
    """Return a sentence for each web session that ends."""
    lines = []
    for session in chosen:
        where = session.browser or "a browser that is not known"
        if session.address:
            where = f"{where} at {session.address}"
        lines.append(f"{person}: {where}, signed in {session.since:%Y-%m-%d %H:%M} UTC ends.")
    return lines

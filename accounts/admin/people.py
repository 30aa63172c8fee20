"""Everybody who has signed in, in the admin."""

import time
from collections.abc import Hashable, Iterable
from functools import partial
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html

from accounts import administrators, enrolment_codes, totp
from accounts.admin import person_command_lines, person_groups, person_sessions
from accounts.admin.people_list import (
    FRESH,
    DisabledFilter,
    GroupsFilter,
    ProviderFilter,
    as_stored,
)
from accounts.admin.person_operations import PersonOperationKind
from accounts.admin.step_up import StepUpMixin
from accounts.end_reasons import EndReason
from accounts.models import LocalAccount, Person
from core import admin, audit
from core.admin import AdminOperation, AdminRequest, OperationKind
from core.admin.document_writes import Build
from core.audit import AuditEvent, Event
from core.audit_search import history_for
from core.dynamo import Document, Transaction
from core.errors import Invalid, Refused
from core.templatetags.moments import moment


class PersonForm(admin.DocumentForm):
    """What an administrator may change of a person."""

    disabled = forms.BooleanField(
        required=False,
        help_text=(
            "Ends web sessions at the next request and stops sign-in. Active AWS sessions go on."
        ),
    )


@admin.register(Person)
class PersonAdmin(StepUpMixin, admin.ModelAdmin):
    """Everybody who has signed in; their provider says who they are."""

    form = PersonForm
    menu_rank = 40
    list_display = ("person", "name", "group_links", "roles", "device", "last_sign_in", "disabled")
    list_filter = (ProviderFilter, DisabledFilter, GroupsFilter)
    search_fields = ("person", "name", "group_names")
    search_help_text = "Person, name or group"
    search_hint = f"Somebody new is found within {FRESH:.0f} seconds of their first sign-in."
    readonly_fields = ("person", "name", "groups_and_origin", "device_since", "last_sign_in")
    change_form_template = "admin/person_form.html"
    ordering = ("person",)
    actions = ("end_web_sessions", "reset_devices", "make_enrolment_codes")
    step_up = (OperationKind.CHANGE, *PersonOperationKind)
    step_up_strict = True

    def get_fields(self, request: AdminRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, "disabled")

    def has_add_permission(self, request: AdminRequest) -> bool:
        # people come by signing in
        return False

    def has_delete_permission(self, request: AdminRequest, obj: Any = None) -> bool:
        # the audit log names them
        return False

    def commit(
        self, request: AdminRequest, operation: AdminOperation[Person], build: Build
    ) -> None:
        try:
            super().commit(request, operation, build)
        finally:
            # whoever changed something sees it, whether it was done or not
            self.forget_documents()

    # -- columns
    @admin.display(description="Groups")
    def group_names(self, person: Person) -> str:
        """Return the groups of the newest sign-in."""
        return ", ".join(person.groups) or "-"

    group_links = staticmethod(person_groups.group_links)
    groups_and_origin = staticmethod(person_groups.groups_and_origin)
    roles = staticmethod(person_groups.role_names)

    @admin.display(description="Last sign-in", ordering="last_seen")
    def last_sign_in(self, person: Person) -> str:
        return moment(person.last_seen) or "-"

    def documents_state(self, request: HttpRequest) -> Hashable:
        # an action on the chosen ones goes by what is stored now
        return int(time.time() / FRESH) if request.method == "GET" else None

    def get_changelist_instance(self, request: AdminRequest) -> Any:
        """Show the people of a page as they are now, and which of them have a device."""
        changelist = super().get_changelist_instance(request)
        changelist.result_list = as_stored(changelist.result_list)
        return changelist

    @admin.display(description="Device")
    def device(self, person: Person) -> str:
        """Whether the person has a device for one-time codes."""
        return "yes" if person.has_device else "none"  # type: ignore[attr-defined]

    @admin.display(description="Device")
    def device_since(self, person: Person) -> str:
        """Whether the person has a device, and since when; never its seed."""
        device = totp.device_of(person.person)
        if device is None:
            return "none"
        if device.created_at is None:
            return "has one"
        return f"has one since {device.created_at:%Y-%m-%d %H:%M} UTC"

    def history_of(self, obj: Document) -> Iterable[AuditEvent]:
        return history_for(str(obj.key[0]))

    def audit_facts(self, document: Document) -> dict[str, Any]:
        """Name the person, so that it is in their history."""
        return dict.fromkeys(("object", "target"), str(document.key[0]))

    # -- disabling and enabling
    def prepare(self, request: AdminRequest, operation: AdminOperation[Person]) -> None:
        """Refuse to disable oneself, or the last administrator; a change ends web sessions."""
        person = operation.document
        if person.disabled and request.user.pk == person.person:
            raise Invalid("You cannot disable yourself.", field="disabled")
        administrators.refuse_removing_last_admin(person.person, **_admin_before_and_after(person))
        # a web session carries the epoch that it began in; those of an older one count no more
        person.start_new_epoch(EndReason.ADMINISTRATOR)

    def write(
        self, request: AdminRequest, operation: AdminOperation[Person], writes: Transaction
    ) -> None:
        """Keep a local account in step, so that it can be enabled and disabled at either place."""
        super().write(request, operation, writes)

        person = operation.document
        administrators.guard_admin_change(writes, person.person, **_admin_before_and_after(person))

        if person.provider != "local":
            return
        account = LocalAccount.find(person.subject)
        if account is None:
            # it would stay enabled beside its disabled person
            writes.check_absent(LocalAccount(person.subject))
            return
        account.disabled = person.disabled
        writes.save(account)

    def audit_events(
        self, request: AdminRequest, operation: AdminOperation[Person]
    ) -> list[AuditEvent]:
        kind = Event.PERSON_ENABLED
        if operation.changes.cleaned_data["disabled"]:
            kind = Event.PERSON_DISABLED
        return [audit.event(kind, **self.audit_facts(operation.document))]

    # -- actions on the chosen people
    @admin.action(description="End all web sessions of the chosen people")
    def end_web_sessions(self, request: AdminRequest, queryset: Any) -> HttpResponse | None:
        """Ask, then end every web session of the chosen people."""
        operation = AdminOperation(PersonOperationKind.END_WEB_SESSIONS, list(queryset))
        lines = [f"{person}: web sessions end at the next request." for person in queryset]

        page = self.confirm(request, operation, "End web sessions", lines)
        if page is None:
            done = "people signed out of all web sessions"
            end = partial(person_sessions.end_all_sessions, self)
            self.apply_to_each(request, operation, end, done)
        return page

    @admin.action(description="Reset the one-time-code devices of the chosen people")
    def reset_devices(self, request: AdminRequest, queryset: Any) -> HttpResponse | None:
        """Ask, then remove other people's devices; nobody resets their own here."""
        people = as_stored(queryset)
        operation = AdminOperation(PersonOperationKind.RESET_DEVICES, people)
        lines = [
            format_html("{}: {}", person, self._reset_consequence(request, person))
            for person in people
        ]

        page = self.confirm(request, operation, "Reset devices", lines)
        if page is None:
            self.apply_to_each(request, operation, self._reset_device, "devices reset")
        return page

    @admin.action(description="Make enrolment codes for the chosen people")
    def make_enrolment_codes(self, request: AdminRequest, queryset: Any) -> HttpResponse | None:
        """Ask, then show an enrolment code for each chosen person, once."""
        operation = AdminOperation(PersonOperationKind.MAKE_ENROLMENT_CODES, list(queryset))
        lines = [
            f"{person}: gets a code for setting up a first device, valid for three days."
            for person in queryset
        ]

        page = self.confirm(request, operation, "Make enrolment codes", lines)
        if page is not None:
            return page

        operation.demand_authorized()
        codes = [(str(person), enrolment_codes.create(person.person)) for person in queryset]
        context = {
            **self.admin_site.each_context(request),
            "title": "Enrolment codes",
            "opts": self.opts,
            "codes": codes,
        }
        return TemplateResponse(request, "admin/enrolment_codes.html", context)

    def _reset_consequence(self, request: AdminRequest, person: Person) -> str:
        """Return what a reset does to somebody, in words."""
        if request.user.pk == person.person:
            return format_html(
                'yourself: not possible here, use <a href="{}">the page of your device</a>.',
                reverse("device"),
            )
        if not person.has_device:  # type: ignore[attr-defined]
            return "has no device: nothing happens."
        return "has to set up a new device; web sessions end at the next request."

    def _reset_device(self, request: AdminRequest, operation: AdminOperation[Person]) -> None:
        """Remove a person's device, tell them at their next sign-in, and end their web sessions."""
        person = operation.document
        if request.user.pk == person.person:
            raise Refused(
                "You cannot reset your own device here. "
                "Use a code or a recovery code on the page of your device, under My access."
            )
        totp.reset_device(person.person, by=str(request.user.pk))

    # -- one person's page
    def get_urls(self) -> list[Any]:
        end_sessions = self.admin_site.admin_view(partial(person_sessions.end_view, self))
        end_lines = self.admin_site.admin_view(partial(person_command_lines.end_view, self))
        return [
            path("<path:object_id>/end/", end_sessions, name="accounts_person_end"),
            path(
                "<path:object_id>/end-command-lines/",
                end_lines,
                name="accounts_person_end_command_lines",
            ),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: AdminRequest, context: Any, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """Mark an administrator and an auditor; show the active web sessions and command lines."""
        person = context["original"]
        context["roles"] = person_groups.roles_of(person)
        context["web_sessions"] = person_sessions.web_sessions_of(request, person)
        context["command_lines"] = person_command_lines.command_lines_of(person)
        return super().render_change_form(request, context, *arguments, **named)


def _admin_before_and_after(person: Person) -> dict[str, Any]:
    """Return whether the person can administer as they are stored, and as they are about to be."""
    stored = Person.find(person.person)
    return {
        "was": administrators.could_administer(stored, person),
        "will": administrators.can_administer(person),
    }

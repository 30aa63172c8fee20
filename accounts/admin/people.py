"""Everybody who has signed in, in the management plane."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django import forms
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path

from accounts import administrators, enrolment_codes, sessions, totp
from accounts.models import LocalAccount, Person, TotpDevice, WebSession
from accounts.stepup import StepUpMixin
from core import admin, audit
from core.audit import AuditEvent, Event
from core.audit_search import history_for
from core.dynamo import Document, Transaction, transaction
from core.errors import Invalid, Refused


class PersonForm(admin.DocumentForm):
    """What an administrator may change of a person."""

    disabled = forms.BooleanField(
        required=False,
        help_text="Ends web sessions at the next request; no sign-in works. AWS sessions that live go on.",
    )


class ProviderFilter(admin.ValuesFilter):
    """Filters by provider."""

    title = parameter_name = "provider"


class GroupsFilter(admin.ValuesFilter):
    """Filters by group."""

    title, parameter_name = "group", "groups"


class DisabledFilter(admin.ValuesFilter):
    """Filters by whether they may come in."""

    title = parameter_name = "disabled"


@admin.register(Person)
class PersonAdmin(StepUpMixin, admin.ModelAdmin):
    """Everybody who has signed in; their provider says who they are."""

    form = PersonForm
    list_display = ("person", "name", "groups_said", "device", "last_seen", "disabled")
    list_filter = (ProviderFilter, DisabledFilter, GroupsFilter)
    search_fields = ("person", "name", "groups_said")
    readonly_fields = ("person", "name", "groups_said", "device_said", "last_seen")
    change_form_template = "admin/person_form.html"
    ordering = ("person",)
    actions = ("end_web_sessions", "reset_devices", "make_enrolment_codes")
    step_up = ("change", "end_web_sessions", "reset_devices", "make_enrolment_codes")
    step_up_strict = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show who it is, then what may be changed."""
        return (*self.readonly_fields, "disabled")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let providers bring people."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep people: the record names them."""
        return False

    @admin.display(description="Groups")
    def groups_said(self, person: Person) -> str:
        """Return the groups of the newest sign-in."""
        return ", ".join(person.groups) or "-"

    @admin.display(description="Device", boolean=True)
    def device(self, person: Person) -> bool:
        """Return whether the person has a device for one-time codes."""
        return bool(person.has_device)  # type: ignore[attr-defined]

    @admin.display(description="Device")
    def device_said(self, person: Person) -> str:
        """Return whether the person has a device, and since when; never its seed."""
        found = totp.device_of(str(person.person))
        if found is None:
            return "none"
        return (
            "has one"
            if found.created_at is None
            else f"has one since {found.created_at:%Y-%m-%d %H:%M} UTC"
        )

    def documents(self, request: HttpRequest) -> list[Any]:
        """Return everybody, each with whether they have a device."""
        devices, people = (
            {str(each.person) for each in TotpDevice.everything()},
            list(super().documents(request)),
        )
        for each in people:
            each.has_device = str(each.person) in devices  # type: ignore[attr-defined]
        return people

    def history_of(self, obj: Document) -> Iterable[AuditEvent]:
        """Return the person's newest events."""
        return history_for(str(obj.key[0]))

    def audit_facts(self, document: Document) -> dict[str, Any]:
        """Name the person, so that it is in their history."""
        return dict.fromkeys(("object", "target"), str(document.key[0]))

    def prepare(self, request: HttpRequest, outcome: admin.FormChanges) -> None:
        """Refuse to disable oneself; a change ends web sessions."""
        person = outcome.document
        assert isinstance(person, Person)  # noqa: S101 - this admin is for people alone
        if person.disabled and request.user.pk == person.person:
            raise Invalid("You cannot disable yourself.", field="disabled")
        administrators.refuse_removing_last_admin(str(person.person), **_standing(person))
        person.epoch = int(person.epoch) + 1

    def write(self, request: HttpRequest, writes: Transaction, outcome: admin.FormChanges) -> None:
        """Keep a local account in step, so that it can be enabled and disabled at either place."""
        super().write(request, writes, outcome)
        person = outcome.document
        administrators.guard_admin_change(writes, str(person.key[0]), **_standing(person))  # type: ignore[arg-type]
        account = LocalAccount.find(person.subject) if person.provider == "local" else None  # type: ignore[attr-defined]
        if account is not None:
            account.disabled = person.disabled  # type: ignore[attr-defined]
            writes.save(account)

    def audit_events(self, request: HttpRequest, outcome: admin.FormChanges) -> list[AuditEvent]:
        """Record that they may come in, or may not."""
        kind = Event.PERSON_DISABLED if outcome.cleaned["disabled"] else Event.PERSON_ENABLED
        return [audit.event(kind, **self.audit_facts(outcome.document))]

    @admin.action(description="End all web sessions of the chosen people")
    def end_web_sessions(self, request: HttpRequest, queryset: Any) -> Any:
        """Ask, then end every web session of the chosen people."""
        lines = [f"{each}: web sessions end at the next request." for each in queryset]
        asked = self.confirm(
            request, "End web sessions", lines, action="end_web_sessions", objects=queryset
        )
        if asked is None:
            self.each_of(
                request, queryset, self._end_web_sessions, "people have no web session any more"
            )
        return asked

    @admin.action(description="Reset the one-time-code devices of the chosen people")
    def reset_devices(self, request: HttpRequest, queryset: Any) -> Any:
        """Ask, then remove other people's devices; nobody resets their own here."""
        lines = [f"{each}: {self._reset_said(request, each)}" for each in queryset]
        asked = self.confirm(
            request, "Reset devices", lines, action="reset_devices", objects=queryset
        )
        if asked is None:
            self.each_of(
                request, queryset, lambda each: self._reset_device(request, each), "devices reset"
            )
        return asked

    def _reset_said(self, request: HttpRequest, person: Person) -> str:
        """Say what a reset does to somebody."""
        if request.user.pk == person.person:
            return "yourself: not here, use Device."
        if not self.device(person):
            return "has none: nothing happens."
        return "has to set up a device anew; web sessions end at the next request."

    def _reset_device(self, request: HttpRequest, person: Person) -> None:
        """Remove a person's device, tell them at their next sign-in, and end their web sessions; raise Refused."""
        if request.user.pk == person.person:
            raise Refused(
                "Nobody resets their own device: use your code or a recovery code under Device."
            )
        totp.reset_device(str(person.person), by=str(request.user.pk))

    @admin.action(description="Make enrolment codes for the chosen people")
    def make_enrolment_codes(self, request: HttpRequest, queryset: Any) -> Any:
        """Ask, then show an enrolment code for each chosen person, once."""
        lines = [
            f"{each}: gets a code that sets up a first device, for three days." for each in queryset
        ]
        asked = self.confirm(
            request, "Make enrolment codes", lines, action="make_enrolment_codes", objects=queryset
        )
        if asked is not None:
            return asked
        made = [(str(each), enrolment_codes.create(str(each.person))) for each in queryset]
        context = {
            **self.admin_site.each_context(request),
            "title": "Enrolment codes",
            "opts": self.opts,
            "made": made,
        }
        return TemplateResponse(request, "admin/enrolment_codes.html", context)

    def _end_web_sessions(self, person: Person) -> None:
        """Begin a new epoch for the person, with its event."""
        person.epoch = int(person.epoch) + 1
        with transaction() as writes:
            writes.save(person)
            writes.create(audit.event(Event.SESSIONS_ENDED, **self.audit_facts(person)))

    # -- one person's page --------------------------------------------------------------------------------------------
    def get_urls(self) -> list[Any]:
        """Add the address at which web sessions are ended."""
        view = self.admin_site.admin_view(self.end_view)
        return [
            path("<path:object_id>/end/", view, name="accounts_person_end"),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: Any, context: Any, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """Show the living web sessions beside the form."""
        context["web_sessions"] = sessions.active_sessions_for(context["original"])
        context["own_session"] = sessions.hash_session_key(request.session.session_key or "")
        return super().render_change_form(request, context, *arguments, **named)

    def end_view(self, request: HttpRequest, object_id: str) -> Any:
        """Ask, then end one web session of a person (`?session=`), or all of them."""
        person = self.get_object(request, unquote(object_id))
        if not isinstance(person, Person):
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        wanted = request.GET.get("session", "")
        chosen = [
            each for each in sessions.active_sessions_for(person) if wanted in ("", each.key_hash)
        ]
        lines = [
            f"{person}: the web session of {each.started:%Y-%m-%d %H:%M} UTC ends."
            for each in chosen
        ]
        asked = self.confirm(
            request,
            f"End web sessions of {person}",
            lines
            or [
                f"{person}: this web session has ended already."
                if wanted
                else f"{person}: has none now."
            ],
            action="end_web_sessions",
            objects=[person],
            back=self.change_url(person),
        )
        if asked is not None:
            return asked
        deed = partial(self._end_chosen, chosen) if wanted else self._end_web_sessions
        self.each_of(
            request,
            [person],
            deed,
            "person's web session ended" if wanted else "person's web sessions ended",
        )
        return HttpResponseRedirect(self.change_url(person))

    def _end_chosen(self, chosen: list[WebSession], person: Person) -> None:
        """End web sessions for good, each with its event."""
        for each in chosen:
            with transaction() as writes:
                writes.delete(each)
                writes.create(
                    audit.event(Event.SESSION_ENDED, begun=each.started, **self.audit_facts(person))
                )


def _standing(person: Person) -> dict[str, Any]:
    """Return whether the person administered as stored, and whether they will as they are about to be."""
    stored = Person.find(str(person.person))
    return {
        "was": administrators.can_administer(stored),
        "will": administrators.can_administer(person),
    }

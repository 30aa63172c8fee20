"""Associations in the admin: inline in their target, and by themselves."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from accounts.admin.step_up import StepUpMixin
from accounts.identity import Group
from accounts.providers import provider_for, provider_ids
from brokers import catalogue
from brokers.admin import impact
from brokers.admin.grants_awaited import await_grants
from brokers.admin.group_notes import notes_on_new_groups
from brokers.catalogue_rows import CatalogueAssociation
from brokers.entitlements import ends_of, is_active, next_end
from brokers.form_fields import GroupField, UntilField
from brokers.grants.events import GrantScope
from brokers.impact import AccessState, impact_lines
from brokers.models import Association, State, Target
from brokers.request_catalogue import catalogue_of
from core import admin, audit
from core.admin import AdminOperation, AdminRequest
from core.admin.document_writes import Build
from core.admin.links import Links, Thing
from core.audit import AuditEvent, Event
from core.dynamo import Document, Transaction
from core.errors import Invalid

GROUP_HELP = "provider:name, such as okta:prod-admins; a bare name means local:"
UNTIL_HELP = "UTC. From then on it no longer entitles; empty: for good. A day alone ends with it."


def own_groups(request: AdminRequest, groups: Iterable[str]) -> list[str]:
    """Return those of the groups that the administrator is in, who so entitles themself."""
    administrator_groups = {str(group) for group in request.identity.groups}
    return sorted(administrator_groups.intersection(groups))


def warn_if_self_entitled(request: AdminRequest, groups: Iterable[str]) -> None:
    """Tell an administrator that they entitled themself by associating these groups."""
    own = own_groups(request, groups)
    if own:
        messages.warning(
            request,
            f"You are in {', '.join(own)}, so you entitled yourself. The audit log says so.",
        )


def require_provider(group: str) -> str:
    """Return the group; raise ValidationError when nobody can be in it: its provider is not there.

    Whoever connected a provider of that id later would have what nobody looks at any more.
    """
    provider_id = Group.from_stored(group).provider
    if group and provider_for(provider_id) is None:
        connected = ", ".join(sorted(provider_ids()))
        raise forms.ValidationError(
            f"There is no provider {provider_id}. Those that are connected: {connected}."
        )
    return group


class AssociationInlineForm(admin.InlineForm):
    """A group in a target's form."""

    group = GroupField(
        label="Group",
        max_length=560,
        help_text=GROUP_HELP,
        widget=forms.TextInput(attrs={"size": 40}),
    )
    until = UntilField(label="Until", required=False, help_text=UNTIL_HELP)

    def clean_group(self) -> str:
        """Refuse a group of no provider, unless it was there before."""
        group: str = self.cleaned_data["group"]
        if "group" in self.changed_data:
            return require_provider(group)
        return group

    def display_value(self, name: str, value: Any) -> str:
        if name != "until":
            return super().display_value(name, value)
        if value is None:
            return "for good"
        return f"until {value:%Y-%m-%d %H:%M} UTC"


class AssociationInline(admin.TabularInline):
    """The groups that may become a target."""

    model = Association
    form = AssociationInlineForm
    key_field = "group"


class AssociationForm(admin.DocumentForm):
    """One association."""

    target = forms.CharField(
        max_length=64,
        help_text="The target's name.",
        widget=forms.TextInput(attrs={"list": "known-targets"}),
    )
    group = GroupField(max_length=560, help_text=GROUP_HELP)
    until = UntilField(required=False, help_text=UNTIL_HELP)

    def clean_group(self) -> str:
        """Refuse a group of no provider."""
        return require_provider(self.cleaned_data["group"])

    def clean_target(self) -> str:
        """Refuse a target that does not exist, or not any more."""
        name: str = self.cleaned_data["target"]
        target = catalogue.current().targets.get(name)
        if target is None or target.state == State.DELETED:
            raise forms.ValidationError(f"There is no target {name}.")
        return name


class UntilFilter(admin.ValuesFilter):
    """Filters by whether the association ends."""

    title = "end"
    parameter_name = "ends"

    def depends_on(self, queryset: admin.DocumentQuerySet) -> datetime | None:
        """Return the next end: until then the same ones have ended."""
        associations: Any = queryset.table.documents
        ends = queryset.table.once("ends", partial(ends_of, associations))
        return next_end(ends, audit.now())

    def values_of(self, document: Any) -> list[str]:
        if document.until is None:
            return ["for good"]
        if is_active(document.until, audit.now()):
            return ["ends"]
        return ["ended"]


class GroupFilter(admin.ValuesFilter):
    """Filters by group."""

    title = "group"
    parameter_name = "group"


@admin.register(Association)
class AssociationAdmin(StepUpMixin, admin.ModelAdmin):
    """All associations: which group may become what."""

    form = AssociationForm
    change_form_template = "admin/association_form.html"
    menu_rank = 20
    list_display = ("group", "target_link", "title", "until")
    list_filter = (UntilFilter, GroupFilter)
    search_fields = ("group", "target", "title")
    ordering = ("target", "group")
    events = {  # noqa: RUF012 - as in Django's admin
        "add": Event.ASSOCIATION_ADDED,
        "change": Event.ASSOCIATION_CHANGED,
        "delete": Event.ASSOCIATION_DELETED,
    }

    def is_strict(self, request: AdminRequest, obj: Association | None) -> bool:
        """Ask for a code of its own where the target is sensitive, or not known yet."""
        if obj is None or not obj.target:
            return True
        current = catalogue_of(request)
        target = current.targets.get(obj.target)
        return target is None or current.takes_code(target)

    def documents_state(self, request: HttpRequest) -> int:
        return catalogue_of(request).snapshot

    def documents(self, request: HttpRequest) -> list[Any]:
        """Return the associations of targets that are not deleted, from the catalogue."""
        current = catalogue_of(request)

        associations: list[Any] = []
        for target in catalogue.not_deleted(current.targets.values()):
            associations += current.associations_by_target.get(target.name, ())
        return associations

    def get_readonly_fields(self, request: AdminRequest, obj: Any = None) -> Any:
        # target and group are the key: only the end can be changed
        return ("target", "group") if obj else ()

    @admin.display(description="Target", ordering="target")
    def target_link(self, association: Association) -> str:
        return Links(administers=True).to(Thing.TARGET, association.target)

    @admin.display(description="Title")
    def title(self, association: Association) -> str:
        """Return the target's title."""
        return str(catalogue.latest().targets.get(association.target) or "")

    def audit_facts(self, document: Document) -> dict[str, Any]:
        target, group = document.key
        return {"target": target, "group": group}

    def duplicate_message(self, document: Document) -> str:
        return f"{document.key[1]} may become this target already."

    # -- saving
    def preview_impact(
        self, request: AdminRequest, operation: AdminOperation[Association]
    ) -> list[str]:
        """Who gains and who loses the target."""
        association = operation.document
        name = association.target
        current = catalogue_of(request)
        target = current.targets.get(name)
        if target is None:
            return []

        rules = current.associations_by_target.get(name, ())
        others = [rule for rule in rules if rule.group != association.group]
        after = AccessState(target.enabled, (*others, association))
        people = impact.people_for(request)
        lines = impact_lines(
            impact.impact_on(target, rules, after, was_enabled=target.enabled, people=people)
        )
        return lines + notes_on_new_groups(rules, after, people)

    def audit_events(
        self, request: AdminRequest, operation: AdminOperation[Association]
    ) -> list[AuditEvent]:
        """Say so when the administrator entitles themself."""
        association = operation.document
        event = audit.event(
            self.events[operation.kind],
            changes=operation.changes.before_and_after,
            self_entitled=own_groups(request, [association.group]) or None,
            **self.audit_facts(association),
        )
        return [event]

    around_writing = await_grants

    def grants_concerned(self, operation: AdminOperation[Association]) -> GrantScope:
        if operation.is_adding:
            return GrantScope()
        return GrantScope.of_targets(rule.target for rule in operation.documents)

    def commit(
        self, request: AdminRequest, operation: AdminOperation[Association], build: Build
    ) -> None:
        """Write it through the catalogue.

        The target's version moves too, so that a form that is open elsewhere becomes stale.
        """
        name, group = operation.document.key

        def build_with_target(writes: Transaction) -> None:
            build(writes)
            refusal = Invalid(f"There is no target {name}.", field="target")
            writes.update(
                Target, name, actions=[], condition=Target.still_exists(), refusal=refusal
            )

        catalogue.edit(build_with_target, name)
        if operation.writes_anything:
            warn_if_self_entitled(request, [group])

    # -- deleting
    def get_deleted_objects(self, objs: Any, request: AdminRequest) -> Any:
        """Say who loses what when all of them are gone."""
        lines, *more = super().get_deleted_objects(objs, request)

        removed_groups: dict[str, list[str]] = {}
        for association in objs:
            groups = removed_groups.setdefault(association.target, [])
            groups.append(association.group)

        targets = catalogue_of(request).targets
        lost: list[str] = []
        for name, groups in sorted(removed_groups.items()):
            lost += impact.losses(request, targets.get(name), groups)

        if lost:
            lost.append("Active AWS sessions go on until they end.")
        else:
            lost.append("Nobody loses anything by this.")
        return [*lines, *lost], *more


admin.adapt_row(CatalogueAssociation, Association)

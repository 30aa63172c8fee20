"""Associations in the management plane: inline in their target, and by themselves."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from accounts.identity import Identity
from accounts.stepup import StepUpMixin
from brokers import catalogue
from brokers.admin import impact
from brokers.admin.foreseeing import ImpactPreviewMixin, losses, seen_by
from brokers.entitlements import is_active
from brokers.form_fields import GroupField, UntilField
from brokers.impact import AccessState, Impact
from brokers.models import Association, State, Target
from core import admin, audit
from core.admin.document_writes import Build
from core.admin.inline_forms import RowForm
from core.audit import AuditEvent, Event
from core.dynamo import Document, Transaction
from core.errors import Invalid

GROUP_HELP = "provider:name, such as okta:prod-admins; a bare name means local:"
UNTIL_HELP = "UTC. From then on it no longer entitles; empty: for good."


def own_groups(request: HttpRequest, groups: Iterable[str]) -> list[str]:
    """Return those of the groups that the administrator is in, who so entitles themself."""
    identity: Identity = request.identity  # type: ignore[attr-defined]
    mine = {str(group) for group in identity.groups}
    return sorted(set(groups) & mine)


def warn_of_own(request: HttpRequest, groups: list[str]) -> None:
    """Tell an administrator that they entitled themself."""
    if groups:
        said = f"You are in {', '.join(groups)}, so you entitled yourself. The record says so."
        messages.warning(request, said)


class AssociationRowForm(RowForm):
    """A group in a target's form."""

    group = GroupField(
        label="Group",
        max_length=560,
        help_text=GROUP_HELP,
        widget=forms.TextInput(attrs={"size": 40}),
    )
    until = UntilField(label="Until", required=False, help_text=UNTIL_HELP)

    def said(self, name: str, value: Any) -> str:
        """Say an end in words."""
        if name != "until":
            return super().said(name, value)
        return f"until {value:%Y-%m-%d %H:%M} UTC" if value else "for good"


class AssociationInline(admin.TabularInline):
    """The groups that may become a target."""

    model = Association
    form = AssociationRowForm
    key_field = "group"


class AssociationForm(admin.DocumentForm):
    """One association."""

    target = forms.CharField(max_length=64, help_text="The target's name.")
    group = GroupField(max_length=560, help_text=GROUP_HELP)
    until = UntilField(required=False, help_text=UNTIL_HELP)

    def clean_target(self) -> str:
        """Refuse a target that there is not."""
        name: str = self.cleaned_data["target"]
        target = catalogue.current().targets.get(name)
        if target is None or target.state == State.DELETED:
            raise forms.ValidationError(f"There is no target {name}.")
        return name


class UntilFilter(admin.ValuesFilter):
    """Filters by whether the association ends."""

    title = "end"
    parameter_name = "ends"

    def values_of(self, document: Any) -> list[str]:
        """Return whether it has an end, or has ended."""
        if document.until is None:
            return ["for good"]
        return ["ends"] if is_active(document.until, audit.now()) else ["ended"]


class GroupFilter(admin.ValuesFilter):
    """Filters by group."""

    title = "group"
    parameter_name = "group"


@admin.register(Association)
class AssociationAdmin(ImpactPreviewMixin, StepUpMixin, admin.ModelAdmin):
    """All associations: which group may become what."""

    form = AssociationForm
    change_form_template = "admin/association_form.html"
    list_display = ("group", "target", "title", "until")
    list_filter = (UntilFilter, GroupFilter)
    search_fields = ("group", "target", "title")
    ordering = ("target", "group")
    events = {  # noqa: RUF012 - as in Django's admin
        "add": Event.ASSOCIATION_ADDED,
        "change": Event.ASSOCIATION_CHANGED,
        "delete": Event.ASSOCIATION_DELETED,
    }

    def is_strict(self, request: HttpRequest, obj: Document | None) -> bool:
        """Ask for a code of its own where the target is sensitive, or not known yet."""
        target = (
            catalogue.current().targets.get(str(obj.key[0]))
            if obj is not None and obj.key[0]
            else None
        )
        return target is None or bool(target.sensitive)

    def documents(self, request: HttpRequest) -> list[Any]:
        """Return the associations of living targets, from the catalogue."""
        held = catalogue.current()
        living = {str(each.name) for each in catalogue.living(held.targets.values())}
        return [rule for name, rules in held.rules.items() if name in living for rule in rules]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave the end alone to be changed."""
        return ("target", "group") if obj else ()

    @admin.display(description="Title")
    def title(self, rule: Association) -> str:
        """Return the target's title."""
        return str(catalogue.latest().targets.get(str(rule.target)) or "")

    def audit_facts(self, document: Document) -> dict[str, Any]:
        """Name the target and the group."""
        return {"target": document.key[0], "group": document.key[1]}

    def effect_of(self, request: HttpRequest, outcome: admin.FormChanges) -> Impact | None:
        """Return who gains and who loses the target."""
        name, group = outcome.document.key
        held = catalogue.current()
        target = held.targets.get(name)
        if target is None:
            return None
        others = [rule for rule in held.rules.get(name, ()) if rule.group != group]
        after = AccessState(target.enabled, (*others, outcome.document))  # type: ignore[arg-type]
        return impact.of_change(target, after, target.enabled, seen_by(request))

    def audit_events(self, request: HttpRequest, outcome: admin.FormChanges) -> list[AuditEvent]:
        """Mark it when the administrator entitles themself."""
        mine = own_groups(request, [outcome.document.key[1]])
        kind = self.events["add" if outcome.adding else "change"]
        facts = self.audit_facts(outcome.document) | {"changes": outcome.before_and_after}
        return [audit.event(kind, self_entitled=mine or None, **facts)]

    def commit(self, request: HttpRequest, outcome: admin.FormChanges, build: Build) -> None:
        """Write it through the catalogue; the target's version moves too, so that its open forms become stale."""
        name, group = outcome.document.key

        def whole(writes: Transaction) -> None:
            build(writes)
            there = Target.state != str(State.DELETED)
            gone = Invalid(f"There is no target {name}.", field="target")
            writes.update(Target, name, actions=[], condition=there, refusal=gone)

        catalogue.edit(whole, name)
        if outcome.changed:
            warn_of_own(request, own_groups(request, [group]))

    def duplicate_message(self, document: Document) -> str:
        """Say that it is there."""
        return f"{document.key[1]} may become this target already."

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Say who loses what when all of them are gone."""
        shown, *more = super().get_deleted_objects(objs, request)
        gone: dict[str, list[str]] = {}
        for each in objs:
            gone.setdefault(str(each.target), []).append(str(each.group))
        targets = catalogue.current().targets
        lost = [
            line
            for name, groups in sorted(gone.items())
            for line in losses(request, targets.get(name), groups)
        ]
        after = (
            [*lost, "AWS sessions that live go on until they end."]
            if lost
            else ["Nobody loses anything by this."]
        )
        return [*shown, *after], *more

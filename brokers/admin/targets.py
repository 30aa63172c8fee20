"""Targets in the admin."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe

from accounts.admin.step_up import StepUpMixin
from accounts.stepup import FIELD as CODE_FIELD
from brokers import catalogue
from brokers.admin import (
    impact,
    import_export,
    last_used,
    link_names,
    target_columns,
    target_save,
)
from brokers.admin.access_lookup import lookup_page
from brokers.admin.action_forms import ACTION_FORMS
from brokers.admin.actions import BULK_ACTIONS
from brokers.admin.associations import AssociationInline, own_groups, warn_if_self_entitled
from brokers.admin.filters import FILTERS, KINDS, SEARCH_FIELDS, SEARCH_HELP
from brokers.admin.grants_awaited import active_grants_context, await_grants, awaited
from brokers.admin.group_notes import notes_on_new_groups
from brokers.admin.operation_kinds import WITH_CODE, TargetOperationKind
from brokers.admin.review_page import ReviewForm, review_page
from brokers.admin.suggestions import groups_of_all_providers
from brokers.admin.target_fieldsets import fieldsets_of
from brokers.admin.target_page import (
    after_test,
    code_lines,
    findings_of,
    probe_and_save,
    probe_form,
    show_findings,
    show_result,
    trust_policy_context,
    typed_trust_context,
    warn_if_short,
    with_result,
)
from brokers.admin.target_save import PreparedTarget
from brokers.catalogue_rows import CatalogueTarget
from brokers.grants.events import GrantScope
from brokers.impact import impact_lines
from brokers.models import Association, Kind, State, Target
from brokers.request_catalogue import catalogue_of
from brokers.target_forms import FederatedUserForm, RoleForm, TargetForm
from core import admin
from core.admin import AdminOperation, AdminRequest, OperationKind
from core.admin.document_writes import Build
from core.audit import AuditEvent, Event
from core.audit_history import events_of
from core.audit_search import HISTORY_LIMIT
from core.dynamo import Document, Transaction
from core.error_pages import name_request
from core.errors import CooperError, Invalid
from core.http import post_only

MOST_CHANGES = 90
"""Associations that one save may change: it is one transaction, and DynamoDB takes 100 writes."""


@admin.register(Target)
class TargetAdmin(StepUpMixin, admin.ModelAdmin):
    """What one may become, with the groups that may."""

    list_display = (
        "name",
        "title",
        "account_link",
        "owner_label",
        "kind_label",
        "group_links",
        "last_used",
        "state_label",
        "sensitive",
    )
    list_filter = FILTERS
    search_fields = SEARCH_FIELDS
    search_help_text = SEARCH_HELP
    ordering = ("name",)
    inlines = (AssociationInline,)
    step_up = (*StepUpMixin.step_up, *WITH_CODE)
    actions = (*BULK_ACTIONS, "delete_chosen")
    action_forms = (*ACTION_FORMS, import_export.FileForm, ReviewForm)
    change_form_template = "admin/target_form.html"
    change_list_template = "admin/target_list.html"
    around_writing = await_grants
    events = {  # noqa: RUF012 - as in Django's admin
        "add": Event.TARGET_ADDED,
        "change": Event.TARGET_CHANGED,
        "delete": Event.TARGET_DELETED,
    }

    def is_strict(self, request: AdminRequest, obj: Target | None) -> bool:
        """Ask for a code of its own where the target is, or was, sensitive, or one like it is."""
        if obj is None:
            return False
        current = catalogue_of(request)
        stored = current.targets.get(obj.name)
        was_sensitive = stored is not None and stored.sensitive
        return bool(was_sensitive) or current.takes_code(obj)

    # -- the list
    def documents_state(self, request: HttpRequest) -> int:
        return catalogue_of(request).snapshot

    def documents(self, request: HttpRequest) -> list[Any]:
        """Return the targets that are not deleted, from the catalogue."""
        return catalogue.not_deleted(catalogue_of(request).targets.values())

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Target | None:
        """Return the target as it is now; a deleted one is gone."""
        target = super().get_object(request, object_id)
        if not isinstance(target, Target) or target.state == State.DELETED:
            return None
        return target

    def get_changelist_instance(self, request: AdminRequest) -> Any:
        """Ask for the last uses of a page's targets all at once."""
        changelist = super().get_changelist_instance(request)
        # remembered there, so that the column does not ask target by target
        last_used.read_for_list(target.name for target in changelist.result_list)
        return changelist

    account = staticmethod(target_columns.account)
    account_link = staticmethod(target_columns.account_link)
    owner_label = staticmethod(target_columns.owner_label)
    kind_label = staticmethod(target_columns.kind_label)
    groups = staticmethod(target_columns.groups)
    group_links = staticmethod(target_columns.group_links)
    last_used = staticmethod(target_columns.last_use)
    state_label = staticmethod(target_columns.state_label)

    def history_of(self, obj: Document) -> Iterable[AuditEvent]:
        return events_of(str(obj.key[0]), scan_index_forward=False, limit=HISTORY_LIMIT)

    # -- the form
    def form_class(self, request: AdminRequest, obj: Any = None) -> type[TargetForm]:
        """Return the form of the target's kind (a new one's: `?kind=federated_user`)."""
        kind = request.GET.get("kind")
        if obj is not None:
            kind = obj.kind
        if kind == Kind.FEDERATED_USER:
            return FederatedUserForm
        return RoleForm

    def form_classes(self) -> tuple[type[TargetForm], ...]:
        return (RoleForm, FederatedUserForm)

    def get_readonly_fields(self, request: AdminRequest, obj: Any = None) -> Any:
        # a name is the key, and is never given to another target
        return ("name",) if obj else ()

    def document_fieldsets(self, request: AdminRequest, obj: Target | None = None) -> Any:
        """Return what a new target needs first; the rest is folded, save where a test failed."""
        unfolded = findings_of(obj)
        return fieldsets_of(self.form_class(request, obj), adding=obj is None, unfolded=unfolded)

    def render_change_form(
        self, request: AdminRequest, context: Any, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """Show the trust policy, the last probe and who may become it beside the form."""
        target: Target | None = named.get("obj")
        form = context["adminform"].form
        context["kind_label"] = KINDS[str(self.form_class(request, target).kind)]
        context["probe_form"] = probe_form(self, request, target)
        if target is not None:
            context |= impact.access_context(catalogue_of(request), target)
            context |= trust_policy_context(request, target)
            context |= show_findings(form, target)
            if not target.enabled:
                context |= active_grants_context(GrantScope.of_targets([target.name]))
        elif request.method == "POST":
            context |= typed_trust_context(request, form)
        return super().render_change_form(request, context, *arguments, **named)

    # -- saving it
    def preview_impact(self, request: AdminRequest, operation: AdminOperation[Target]) -> list[str]:
        """Who gains and who loses the target."""
        target = operation.document
        current = catalogue_of(request)
        rules = current.associations_by_target.get(target.name, ())
        after = target_save.access_after(
            target, rules, operation.changes, adding=operation.is_adding
        )
        people = impact.people_for(request)
        lines = impact_lines(
            impact.impact_on(target, rules, after, was_enabled=target.enabled, people=people)
        )
        if {"role_arn", "federation_keys", "sensitive"} & operation.changes.before_and_after.keys():
            lines += code_lines(current, target)
        lines += notes_on_new_groups(rules, after, people)
        return lines + link_names.lines_about_change(current.targets.get(target.name), target)

    def prepare(self, request: AdminRequest, operation: AdminOperation[Target]) -> PreparedTarget:
        """Examine keys or the role, and probe the target where that is called for."""
        changes = operation.changes
        if len(changes.rows_to_save) + len(changes.rows_to_delete) > MOST_CHANGES:
            raise Invalid(
                f"At most {MOST_CHANGES} associations can be changed at once. Do it in parts."
            )
        prepared = target_save.prepare(operation.document, changes, adding=operation.is_adding)
        link_names.demand_free(catalogue_of(request), operation)
        return prepared

    def write(
        self, request: AdminRequest, operation: AdminOperation[Target], writes: Transaction
    ) -> None:
        """Put the target, its associations, its AWS account and the events into the transaction."""
        super().write(request, operation, writes)
        target_save.write_account(writes, operation.prepared)

    def audit_events(
        self, request: AdminRequest, operation: AdminOperation[Target]
    ) -> list[AuditEvent]:
        """Record the change with its associations, the probe, and what was accepted."""
        self_entitled = own_groups(request, _saved_groups(operation))
        return target_save.audit_events(self.events[operation.kind], operation, self_entitled)

    def duplicate_message(self, document: Document) -> str:
        return "This name is taken, or was once: names are never given twice."

    def grants_concerned(self, operation: AdminOperation[Target]) -> GrantScope:
        is_removal = operation.kind == OperationKind.DELETE
        if not is_removal and not target_save.takes_from_grants(operation.changes):
            return GrantScope()
        return GrantScope.of_targets(target.name for target in operation.documents)

    def commit(
        self, request: AdminRequest, operation: AdminOperation[Target], build: Build
    ) -> None:
        """Write through the catalogue."""
        target = operation.document

        def build_if_free(writes: Transaction) -> None:
            # what is read here has every change before this one, and one that is written
            # meanwhile makes this one begin again
            # without a new name there is nothing to read for
            if link_names.may_take_name(operation):
                link_names.demand_free(catalogue.current(), operation)
            build(writes)

        catalogue.edit(build_if_free, target.name, accounts=filter(None, [target.aws_account]))

    def save_document(self, request: AdminRequest, operation: AdminOperation[Target]) -> None:
        """Save, then say what the administrator may not have thought of."""
        super().save_document(request, operation)
        warn_if_short(request, operation)
        warn_if_self_entitled(request, _saved_groups(operation))

    def message_user(
        self, request: AdminRequest, message: Any, *arguments: Any, **named: Any
    ) -> None:
        """Say in one message that it was saved and how the test went."""
        message = with_result(request.operation, message)
        super().message_user(request, message, *arguments, **named)

    def response_add(
        self, request: AdminRequest, obj: Any, post_url_continue: str | None = None
    ) -> Any:
        return after_test(self, request, obj) or super().response_add(request, obj)

    def response_change(self, request: AdminRequest, obj: Any) -> Any:
        return after_test(self, request, obj) or super().response_change(request, obj)

    # -- deleting it
    def consequences(self, request: AdminRequest, obj: Target) -> list[str]:
        """Who loses it, and the associations that go with it."""
        groups = sorted(association.group for association in Association.under(obj.name))

        lines = impact.losses(request, obj)
        lines += [f"The association of {group} goes with it." for group in groups]
        lines += link_names.lines_about_removal(obj)
        lines.append("Its name is never given again. Active AWS sessions go on until they end.")
        return lines

    def remove(self, request: AdminRequest, operation: AdminOperation[Target]) -> None:
        """Empty the target, keep its name, and delete its associations."""
        target_save.delete(operation.document)

    # -- other pages
    def get_urls(self) -> list[Any]:
        """Add the addresses of probing, looking access up, import and export."""
        stem = f"{self.opts.app_label}_{self.opts.model_name}"
        admin_view = self.admin_site.admin_view
        return [
            path("review/", admin_view(self.review_view), name=f"{stem}_review"),
            path("explain/", admin_view(self.explain_view), name=f"{stem}_explain"),
            path("groups/", admin_view(self.groups_view), name=f"{stem}_groups"),
            path("<path:object_id>/try/", admin_view(self.try_view), name=f"{stem}_try"),
            *import_export.urls(self),
            *super().get_urls(),
        ]

    def review_view(self, request: AdminRequest) -> HttpResponseBase:
        """Export who may become what, for administrators and auditors."""
        return review_page(self, request)

    @method_decorator(require_safe)
    def groups_view(self, request: AdminRequest) -> JsonResponse:
        """Return groups that exist, by a part of their name (`q`), for fields that suggest them."""
        return JsonResponse({"groups": groups_of_all_providers(request.GET.get("q", "")[:560])})

    @method_decorator(require_safe)
    def explain_view(self, request: AdminRequest) -> HttpResponse:
        """Show what a person, or somebody in some groups, may become, and why."""
        return lookup_page(self, request)

    @method_decorator(post_only("admin:brokers_target_change"))
    def try_view(self, request: AdminRequest, object_id: str) -> HttpResponse:
        """Probe a target: a pending one may be enabled by it, an enabled one become pending."""
        target = self.get_object(request, unquote(object_id))
        if target is None:
            return self.redirect_missing(request, object_id)

        code = request.POST.get(CODE_FIELD, "")
        operation = AdminOperation(TargetOperationKind.TEST, [target], given={CODE_FIELD: code})
        try:
            self.authorize_operation(request, operation)
            operation.demand_authorized()
            with awaited(request, GrantScope.of_targets([target.name])):
                show_result(request, target, probe_and_save(target))
        except CooperError as error:
            name_request(request, error)
            messages.error(request, error.message)
        return HttpResponseRedirect(self.change_url(target))


admin.adapt_row(CatalogueTarget, Target)


def _saved_groups(operation: AdminOperation[Target]) -> list[str]:
    return [str(row.key[1]) for row in operation.changes.rows_to_save]

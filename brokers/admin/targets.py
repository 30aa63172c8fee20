"""Targets in the management plane."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.http import require_POST, require_safe

from accounts.identity import parse_groups
from accounts.stepup import StepUpMixin
from brokers import arns, catalogue, trust_policy
from brokers.admin import impact, last_used, target_save
from brokers.admin.access_lookup import ExplainForm, answers_for
from brokers.admin.actions import BULK, BulkActions
from brokers.admin.associations import AssociationInline, own_groups, warn_of_own
from brokers.admin.filters import (
    KINDS,
    AwsAccountFilter,
    KindFilter,
    LabelFilter,
    SensitiveFilter,
    StateFilter,
)
from brokers.admin.foreseeing import ImpactPreviewMixin, losses, seen_by
from brokers.admin.import_export import Transfers
from brokers.impact import Impact
from brokers.models import Association, AwsAccount, Kind, State, Target
from brokers.probing import ProbeResult, apply_result, probe, report
from brokers.target_forms import FederatedUserForm, RoleForm, TargetForm
from core import admin, aws
from core.admin.document_writes import Build
from core.audit import AuditEvent, Event
from core.dynamo import Document, Transaction
from core.errors import CooperError, Invalid

MOST_CHANGES = 90
"""Associations that one save may change: all of it is one transaction."""


@admin.register(Target)
class TargetAdmin(Transfers, ImpactPreviewMixin, StepUpMixin, BulkActions, admin.ModelAdmin):
    """What one may become, with the groups that may."""

    list_display = (
        "name",
        "title",
        "account",
        "kind_said",
        "groups",
        "last_used",
        "state",
        "sensitive",
    )
    list_filter = (StateFilter, KindFilter, AwsAccountFilter, LabelFilter, SensitiveFilter)
    search_fields = ("name", "title", "description", "account", "role_arn", "labels", "groups")
    search_help_text = "Name, title, AWS account, ARN, label or group."
    ordering = ("name",)
    inlines = (AssociationInline,)
    step_up = ("add", "change", "delete", "import", *BULK)
    actions = (*BULK, "delete_chosen")
    change_form_template = "admin/target_form.html"
    change_list_template = "admin/target_list.html"
    events = {  # noqa: RUF012 - as in Django's admin
        "add": Event.TARGET_ADDED,
        "change": Event.TARGET_CHANGED,
        "delete": Event.TARGET_DELETED,
    }

    def is_strict(self, request: HttpRequest, obj: Any) -> bool:
        """Ask for a code of its own where the target is, or was, sensitive."""
        stored = catalogue.current().targets.get(str(obj.name)) if obj is not None else None
        return bool((obj is not None and obj.sensitive) or (stored and stored.sensitive))

    # -- reading ------------------------------------------------------------------------------------------------------
    def documents(self, request: HttpRequest) -> list[Any]:
        """Return the living targets, from the catalogue."""
        return catalogue.living(catalogue.current().targets.values())

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return the target as it is now; a deleted one is gone."""
        found = super().get_object(request, object_id)
        return None if isinstance(found, Target) and found.state == State.DELETED else found

    @admin.display(description="AWS account", ordering="aws_account")
    def account(self, target: Target) -> str:
        """Return the AWS account's name and number."""
        return str(
            catalogue.latest().accounts.get(str(target.aws_account)) or target.aws_account or "-"
        )

    @admin.display(description="Kind", ordering="kind")
    def kind_said(self, target: Target) -> str:
        """Return the kind in words."""
        return KINDS[str(target.kind)]

    @admin.display(description="Groups")
    def groups(self, target: Target) -> str:
        """Return the groups that may become it."""
        return ", ".join(
            sorted(str(rule.group) for rule in catalogue.latest().rules.get(str(target.name), ()))
        )

    @admin.display(description="Last used")
    def last_used(self, target: Target) -> str:
        """Return the day that somebody became it last."""
        found = last_used.last_used([str(target.name)])[str(target.name)]
        return f"{found:%Y-%m-%d}" if found else "-"

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Ask for the last uses of a page's targets all at once."""
        shown = super().get_changelist_instance(request)
        last_used.last_used(str(each.name) for each in shown.result_list)
        return shown

    def history_of(self, obj: Document) -> Iterable[AuditEvent]:
        """Return the target's newest events."""
        return AuditEvent.by_target.query(obj.key[0], scan_index_forward=False, limit=200)

    # -- forms --------------------------------------------------------------------------------------------------------
    def form_class(self, request: HttpRequest, obj: Any = None) -> type[TargetForm]:
        """Return the form of the target's kind; a new one's is in the address (`?kind=federated_user`)."""
        kind = obj.kind if obj else request.GET.get("kind")
        return FederatedUserForm if kind == Kind.FEDERATED_USER else RoleForm

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep the name."""
        return ("name",) if obj else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave the switches to targets that exist."""
        declared = self.form_class(request, obj).base_fields
        special = ("role_arn", "federation_keys", "target_partition", "confirm_keys", "max_seconds")
        first = ["name", "title", "description", *(name for name in special if name in declared)]
        switches = {"enabled", "accept_weaker"} if obj is None else set()
        return [*first, *(name for name in declared if name not in {*first, *switches})]

    def render_change_form(
        self, request: Any, context: Any, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """Show the last try, the ExternalId and the trust policy beside the form."""
        obj = named.get("obj")
        context["kind_said"] = KINDS[str(self.form_class(request, obj).kind)]
        context["try_form"] = self._try_form(request, obj)
        context["ways"] = impact.ways_into(obj) if obj is not None else []
        if obj is not None and obj.is_role and obj.aws_account:
            account = AwsAccount.find(obj.aws_account)
            context["external_id"] = account.external_id if account else ""
            context["snippets"] = self._snippets(obj, str(account.external_id)) if account else []
        return super().render_change_form(request, context, *arguments, **named)

    def _try_form(self, request: HttpRequest, obj: Target | None) -> forms.Form:
        """Return the form beside the button that tries a target: a try that may enable it takes a code."""
        form = forms.Form(auto_id="try_%s")
        if obj is not None and obj.state == State.PENDING:
            form.fields.update(self.extra_form_fields(request, obj, "enable"))
        return form

    def _snippets(self, target: Target, external_id: str) -> list[tuple[str, str]]:
        """Return the trust policy in each form; nothing when AWS does not say who cooper is."""
        try:
            arn = arns.role_arn(str(target.role_arn))
            return trust_policy.snippets(
                arn, external_id, aws.caller_identity().arn, int(target.max_seconds)
            )
        except (CooperError, ValueError):
            return []

    # -- writing ------------------------------------------------------------------------------------------------------
    def prepare(self, request: HttpRequest, outcome: admin.FormChanges) -> None:
        """Examine keys or the role, and try the target where that is called for."""
        if len(outcome.put) + len(outcome.removed) > MOST_CHANGES:
            raise Invalid(
                f"At most {MOST_CHANGES} associations can be changed at once. Do it in parts."
            )
        target = outcome.document
        assert isinstance(target, Target)  # noqa: S101 - this admin is for targets alone
        prepared = target_save.prepare(target, outcome)
        request.target_saved = prepared  # type: ignore[attr-defined]

    def effect_of(self, request: HttpRequest, outcome: admin.FormChanges) -> Impact:
        """Return who gains and who loses the target."""
        target = outcome.document
        assert isinstance(target, Target)  # noqa: S101 - this admin is for targets alone
        after = target_save.standing_after(target, outcome)
        catalogue.current()
        return impact.of_change(target, after, target.enabled, seen_by(request))

    def write(self, request: HttpRequest, writes: Transaction, outcome: admin.FormChanges) -> None:
        """Put the target, its associations, its AWS account's name and the events into the transaction."""
        super().write(request, writes, outcome)
        target_save.write_account(writes, outcome, request.target_saved)  # type: ignore[attr-defined]

    def audit_events(self, request: HttpRequest, outcome: admin.FormChanges) -> list[AuditEvent]:
        """Record the change with its associations, the try, and what was accepted."""
        mine = own_groups(request, [str(row.key[1]) for row in outcome.put])
        prepared: target_save.Prepared = request.target_saved  # type: ignore[attr-defined]
        return target_save.events(
            self.events["add" if outcome.adding else "change"], outcome, prepared, mine
        )

    def duplicate_message(self, document: Document) -> str:
        """Say that names are for ever."""
        return "This name is taken, or was once: names are never given twice."

    def commit(self, request: HttpRequest, outcome: admin.FormChanges, build: Build) -> None:
        """Write through the catalogue."""
        target = outcome.document
        accounts = [target.aws_account] if target.aws_account else []  # type: ignore[attr-defined]
        catalogue.edit(build, target.key[0], accounts=accounts)

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        """Save, then say what the try found, and that an administrator entitled themself."""
        super().save_related(request, form, formsets, change)
        prepared: target_save.Prepared | None = getattr(request, "target_saved", None)
        if prepared is not None and prepared.result is not None:
            self._tell(request, form.instance, prepared.result)
        warn_of_own(
            request, own_groups(request, [str(row.key[1]) for row in request.deed_outcome.put])
        )

    def _tell(self, request: HttpRequest, target: Target, result: ProbeResult) -> None:
        """Show what a try found."""
        level = messages.SUCCESS if result.complete else messages.WARNING
        for line in report(target, result):
            messages.add_message(request, level, line)

    def response_add(self, request: Any, obj: Any, post_url_continue: str | None = None) -> Any:
        """Go on to a pending target's own page, where its trust policy waits to be pasted."""
        if obj.state == State.PENDING and "_addanother" not in request.POST:
            return HttpResponseRedirect(self.change_url(obj))
        return super().response_add(request, obj, post_url_continue)

    # -- trying -------------------------------------------------------------------------------------------------------
    def get_urls(self) -> list[Any]:
        """Add the addresses of trying, explaining, import and export."""
        name, guarded = f"{self.opts.app_label}_{self.opts.model_name}", self.admin_site.admin_view
        return [
            path("explain/", guarded(self.explain_view), name=f"{name}_explain"),
            path("<path:object_id>/try/", guarded(self.try_view), name=f"{name}_try"),
            *self.transfer_urls(),
            *super().get_urls(),
        ]

    @method_decorator(require_safe)
    def explain_view(self, request: HttpRequest) -> HttpResponse:
        """Show what a person, or somebody in some groups, may become, and why."""
        form = ExplainForm(request.GET or None)
        who, answers = None, None
        if form.is_valid():
            who = form.cleaned_data.get("found")
            groups = who.groups if who else form.cleaned_data["groups"]
            answers = answers_for(parse_groups(groups))
        title = "What may somebody become, and why?"
        context = {**self.admin_site.each_context(request), "title": title, "opts": self.opts}
        free = 0 if who and who.disabled else sum(1 for each in answers or () if not each.hindrance)
        context |= {"form": form, "who": who, "answers": answers, "free": free}
        return TemplateResponse(
            request, "admin/access_lookup.html", context, status=400 if form.errors else 200
        )

    @method_decorator(require_POST)
    def try_view(self, request: HttpRequest, object_id: str) -> Any:
        """Try a target; a pending one is enabled when nothing is lacking."""
        target = self.get_object(request, unquote(object_id))
        if target is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        try:
            deed = "enable" if target.state == State.PENDING else "try"
            self.authorize_operation(request, deed, target, {"code": request.POST.get("code", "")})
            self._tell(request, target, self._tried(target))
        except CooperError as error:
            messages.error(request, error.message)
        return HttpResponseRedirect(self.change_url(target))

    def _tried(self, target: Target) -> ProbeResult:
        """Try, keep what was found, and record it."""
        was, result = State(target.state), probe(target)
        apply_result(target, result, before=was, enable=was == State.ENABLED)

        def build(writes: Transaction) -> None:
            writes.save(target)
            writes.create(target_save.try_event(target, result))

        catalogue.edit(build, str(target.name))
        return result

    # -- deleting -----------------------------------------------------------------------------------------------------
    def consequences(self, request: HttpRequest, obj: Any) -> list[str]:
        """Say who loses it, and name the associations that go with it."""
        catalogue.current()
        rules = sorted(str(rule.group) for rule in Association.under(obj.name))
        gone = [f"The association of {group} goes with it." for group in rules]
        return [
            *losses(request, obj),
            *gone,
            "Its name is never given again. AWS sessions that live go on until they end.",
        ]

    def remove(self, request: HttpRequest, obj: Any) -> None:
        """Empty the target, keep its name, and delete its associations."""
        target_save.delete(obj)

    @admin.display(description="Role")
    def role(self, target: Target) -> str:
        """Return the role's ARN."""
        return format_html("<code>{}</code>", target.role_arn)

"""Import and export in the management plane: choose a file, look at its plan, confirm it with a code, watch it go."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from accounts import stepup
from accounts.identity import Identity
from brokers.admin import impact
from brokers.admin.associations import own_groups
from brokers.import_export import export, jobs, summary
from brokers.import_export.drafts import Draft, FileRefused, draft, load_file, save_file
from brokers.import_export.yaml_reader import LARGEST
from brokers.models import Import
from core.admin import AdminRequest
from core.audit import now
from core.errors import CooperError, Invalid, StepUpRequired

SLICE = 8.0
"""Seconds of steps in one request; the page goes on by itself, or by its button."""

CONFIRMED = "import_confirmed"
"""Where a web session keeps the number of the import that it gave a code for."""


class FileForm(forms.Form):
    """The file to import."""

    file = forms.FileField(label="File", help_text="YAML, as an export writes it: at most 20 MB.")
    prune = forms.BooleanField(
        required=False,
        label="Remove what the file lacks",
        help_text="Targets and associations that are not in it. Names of removed targets are never given again.",
    )

    def clean_file(self) -> Any:
        """Refuse a file that is too large before any of it is read."""
        found = self.cleaned_data["file"]
        if found.size > LARGEST:
            raise forms.ValidationError(f"{found.size:,} bytes; a file has {LARGEST:,} at most.")
        return found


def _form(data: Any = None) -> forms.Form:
    """Return a form for a code."""
    made = forms.Form(data)
    made.fields[stepup.FIELD] = stepup.field()
    return made


def _posted(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Take POST alone, from those who may change targets; say what was refused on the import's page."""

    @wraps(view)
    def guarded(self: Any, request: AdminRequest) -> HttpResponse:
        self.demand_change(request)
        try:
            return view(self, request)
        except CooperError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(self.import_url())

    return guarded


class ImportExportViews:
    """The pages of import and export, beside those of the admin of targets."""

    def __init__(self, model_admin: Any) -> None:
        self.model_admin = model_admin
        self.admin_site = model_admin.admin_site
        self.opts = model_admin.opts

    def urls(self) -> list[Any]:
        """Return the addresses."""
        views = {
            "import/": ("import", self.import_view),
            "import/confirm/": ("import_confirm", require_POST(self.confirm_view)),
            "import/go-on/": ("import_go_on", require_POST(self.go_on_view)),
            "import/give-up/": ("import_give_up", require_POST(self.give_up_view)),
            "export/": ("export", require_POST(self.export_view)),
        }
        stem = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path(route, self.admin_site.admin_view(view), name=f"{stem}_{name}")
            for route, (name, view) in views.items()
        ]

    def import_url(self) -> str:
        """Return the address of the import's page."""
        return reverse(
            f"admin:{self.opts.app_label}_{self.opts.model_name}_import",
            current_app=self.admin_site.name,
        )

    def demand_change(self, request: AdminRequest) -> None:
        """Raise PermissionDenied for those who may not change targets."""
        if not self.model_admin.has_change_permission(request):
            raise PermissionDenied

    # -- export
    def export_view(self, request: AdminRequest) -> HttpResponse:
        """Hand the file out, without Federation Keys; it is on record first."""
        if not self.model_admin.has_view_permission(request):
            raise PermissionDenied
        text, _ = export.export()
        name = f"cooper-{now():%Y-%m-%d}.yaml"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(text, content_type="application/yaml; charset=utf-8", headers=headers)

    # -- import
    def import_view(self, request: AdminRequest) -> HttpResponse:
        """Show the unfinished import and the form for a file; or read a file and show its plan."""
        self.demand_change(request)
        enrolment: HttpResponse | None = self.model_admin.redirect_to_enrolment(request, "change")
        if enrolment is not None:
            return enrolment
        if request.method != "POST":
            return self._page(request, FileForm())
        form = FileForm(request.POST, request.FILES)
        lines: list[str] = []
        status = 400
        if form.is_valid():
            try:
                return self._plan(
                    request, form.cleaned_data["file"].read(), prune=form.cleaned_data["prune"]
                )
            except FileRefused as refused:
                lines = refused.lines
                form.add_error("file", refused.message)
            except CooperError as error:
                form.add_error(None, error.message)
                status = error.status
        return self._page(request, form, lines, status)

    def _plan(self, request: AdminRequest, data: bytes, *, prune: bool) -> HttpResponse:
        """Keep a file and show its plan; raise FileRefused."""
        planned = draft(data, prune=prune)
        if not planned.plan:
            messages.info(request, "Nothing to do: everything is as the file says.")
            return HttpResponseRedirect(self.import_url())
        token = save_file(data, str(request.user.pk), prune=prune)
        return self._plan_page(request, planned, token, _form())

    def _page(
        self,
        request: AdminRequest,
        form: FileForm,
        lines: list[str] | None = None,
        status: int = 200,
    ) -> HttpResponse:
        """Return the page for choosing a file, with how far the newest import is."""
        found = jobs.newest()
        running = found is not None and found.state == jobs.RUNNING
        mine = found is not None and self._confirmed_here(request, found)
        context = {
            "title": "Import and export",
            "form": form,
            "lines": lines or [],
            "newest": found,
            "running": running,
            "progress": jobs.progress(found) if found is not None else "",
            "code_form": None if mine else _form(),
            "goes_on": running and mine and "on" in request.GET,
        }
        return self._answer(request, "admin/import.html", context, status)

    def _plan_page(
        self, request: AdminRequest, planned: Draft, token: str, form: forms.Form, status: int = 200
    ) -> HttpResponse:
        """Return the page that shows a plan and asks for a code."""
        context = {
            "title": "Import: what happens",
            "told": list(summary.describe(planned.plan, impact.all_people())),
            "summary": summary.count_changes(planned.plan),
            "mine": own_groups(request, planned.plan.entitled()),
            "prune": planned.prune,
            "token": token,
            "digest": planned.plan.digest(),
            "deed_form": form,
        }
        return self._answer(request, "admin/import_plan.html", context, status)

    def _answer(
        self, request: AdminRequest, template: str, context: dict[str, Any], status: int
    ) -> HttpResponse:
        """Return a page of the admin."""
        common = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, template, {**common, **context}, status=status)

    @_posted
    def confirm_view(self, request: AdminRequest) -> HttpResponse:
        """Begin the import whose plan was shown, if it still is the plan and the code is right."""
        token, person = request.POST.get("token", "")[:64], str(request.user.pk)
        data, prune = load_file(token, person)
        if (found := jobs.unfinished()) is not None:
            raise jobs.ImportUnfinished(found)
        planned = draft(data, prune=prune)
        if planned.plan.digest() != request.POST.get("digest"):
            messages.warning(
                request, "Targets were changed while you looked. This is the plan as it is now."
            )
            return self._plan_page(request, planned, token, _form(), 409)
        form = _form(request.POST)
        if not self._has_code(request, form):
            return self._plan_page(request, planned, token, form, 403)
        identity: Identity = request.identity
        begun = jobs.begin(planned, person, {str(group) for group in identity.groups})
        request.session[CONFIRMED] = str(begun.number)
        return self._go_on(request)

    def _has_code(self, request: AdminRequest, form: forms.Form) -> bool:
        """Use the code up; otherwise put what is wrong on its field. A window never counts."""
        code = form.cleaned_data.get(stepup.FIELD) if form.is_valid() else ""
        try:
            stepup.require(request, str(code or ""), strict=True)
        except (StepUpRequired, Invalid) as error:
            form.add_error(stepup.FIELD, error.message)
            return False
        return True

    def _confirmed_here(self, request: AdminRequest, found: Import) -> bool:
        """Return whether this web session gave the code for an import."""
        return request.session.get(CONFIRMED) == str(found.number)

    @_posted
    def go_on_view(self, request: AdminRequest) -> HttpResponse:
        """Go on with the unfinished import; in another web session than the one that confirmed it, by a code."""
        found = jobs.unfinished()
        if found is not None and not self._confirmed_here(request, found):
            stepup.require(request, request.POST.get(stepup.FIELD, "")[:40], strict=True)
            request.session[CONFIRMED] = str(found.number)
        return self._go_on(request)

    def _go_on(self, request: AdminRequest) -> HttpResponse:
        """Apply steps for a while and show how far it is."""
        done = jobs.resume(SLICE)
        if done.state == jobs.DONE:
            messages.success(request, f"Done: {done.total} of {done.total} steps are applied.")
            return HttpResponseRedirect(self.import_url())
        return HttpResponseRedirect(f"{self.import_url()}?on")

    @_posted
    def give_up_view(self, request: AdminRequest) -> HttpResponse:
        """Give the unfinished import up; what was applied stays."""
        stepup.require(request, request.POST.get(stepup.FIELD, "")[:40], strict=True)
        messages.warning(request, f"Given up. {jobs.progress(jobs.give_up())}")
        return HttpResponseRedirect(self.import_url())

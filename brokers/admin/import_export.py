"""Import and export in the admin: choose a file, look at its plan, confirm it with a code.

Each step is a view of its own beside the pages of targets; what they do is in
`brokers.import_export`.
"""

from functools import partial
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views import View

from accounts import stepup
from brokers.admin import impact
from brokers.admin.associations import own_groups
from brokers.admin.grants_awaited import show_awaited
from brokers.import_export import export, jobs, summary
from brokers.import_export.awaited import grants_awaited
from brokers.import_export.drafts import Draft, FileRefused, draft, load_file, save_file
from brokers.import_export.yaml_reader import LARGEST
from brokers.models import Import
from core import aws
from core.admin import AdminRequest, ModelAdmin
from core.admin.brought_back import typed_before
from core.audit import now
from core.error_pages import name_request
from core.errors import Conflict, CooperError, Invalid, StepUpRequired

SLICE = 8.0
"""Seconds of steps in one request; the page resumes by itself, or by its button."""

CONFIRMED = "import_confirmed"
"""Where a web session keeps the number of the import that it gave a code for."""

NOTHING_TO_DO = "Nothing to do: everything is as the file says."
PLAN_CHANGED = "Targets were changed while you looked. This is the plan as it is now."


def urls(model_admin: ModelAdmin) -> list[URLPattern]:
    """Return the addresses of import and export, for the admin of targets to add to its own."""
    admin_view = model_admin.admin_site.admin_view
    stem = f"{model_admin.opts.app_label}_{model_admin.opts.model_name}"

    upload = UploadView.as_view(model_admin=model_admin)
    confirm = ConfirmView.as_view(model_admin=model_admin)
    resume = ResumeView.as_view(model_admin=model_admin)
    give_up = GiveUpView.as_view(model_admin=model_admin)
    export_file = ExportView.as_view(model_admin=model_admin)
    return [
        path("import/", admin_view(upload), name=f"{stem}_import"),
        path("import/confirm/", admin_view(confirm), name=f"{stem}_import_confirm"),
        path("import/go-on/", admin_view(resume), name=f"{stem}_import_go_on"),
        path("import/give-up/", admin_view(give_up), name=f"{stem}_import_give_up"),
        path("export/", admin_view(export_file), name=f"{stem}_export"),
    ]


# -- forms -----------------------------------------------------------------------------------------
class FileForm(forms.Form):
    """The file to import."""

    file = forms.FileField(label="File", help_text="YAML, as an export writes it: at most 20 MB.")
    prune = forms.BooleanField(
        required=False,
        label="Remove what the file lacks",
        help_text=(
            "Targets and associations that are not in it. Names of removed targets can never "
            "be used again."
        ),
    )

    def clean_file(self) -> Any:
        """Refuse a file that is too large before any of it is read."""
        file = self.cleaned_data["file"]
        size = file.size
        if size > LARGEST:
            raise forms.ValidationError(f"{size:,} bytes; a file can have at most {LARGEST:,}.")
        return file


class CodeForm(forms.Form):
    """A one-time code."""

    code = stepup.field()


# -- views -----------------------------------------------------------------------------------------
class ImportExportView(View):
    """What the views share: the admin that they belong to, and who may open them."""

    http_method_names = ["get", "head", "post"]  # noqa: RUF012 - as in Django's View
    model_admin: Any = None
    permission = "change"
    request: AdminRequest

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        has_permission = getattr(self.model_admin, f"has_{self.permission}_permission")
        if self._takes(request.method) and not has_permission(request):
            raise PermissionDenied
        # a large file takes its time to read, and to compare with all that there is
        aws.extend_deadline()
        return super().dispatch(request, *args, **kwargs)

    def _takes(self, method: str) -> bool:
        # other methods are answered by View, which says which ones there are
        return method.lower() in self.http_method_names

    def get(self, request: AdminRequest) -> HttpResponse:
        """Lead to the page of import and export, where what takes a POST begins."""
        return HttpResponseRedirect(self.import_url())

    def page(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        common = self.model_admin.admin_site.each_context(self.request)
        context = {**common, "opts": self.model_admin.opts, **context}
        return TemplateResponse(self.request, template, context, status=status)

    def import_url(self) -> str:
        opts = self.model_admin.opts
        return reverse(
            f"admin:{opts.app_label}_{opts.model_name}_import",
            current_app=self.model_admin.admin_site.name,
        )

    def plan_page(
        self, planned: Draft, token: str, code_form: CodeForm, status: int = 200
    ) -> HttpResponse:
        """Show what a kept file would do, and ask for a code."""
        context = {
            "title": "Import: what happens",
            "changes": list(summary.describe(planned.plan, impact.all_people())),
            "counts": summary.count_changes(planned.plan),
            "own_groups": own_groups(self.request, planned.plan.entitled()),
            "prune": planned.prune,
            "token": token,
            "digest": planned.plan.digest(),
            "code_form": code_form,
        }
        return self.page("admin/import_plan.html", context, status)


class ExportView(ImportExportView):
    """Hands the file out, without Federation Keys; it is on the audit log first."""

    permission = "view"

    def post(self, request: AdminRequest) -> HttpResponse:
        text, _ = export.export()

        name = f"cooper-{now():%Y-%m-%d}.yaml"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(text, content_type="application/yaml; charset=utf-8", headers=headers)


class UploadView(ImportExportView):
    """Shows the newest import and the form for a file; reads a file and shows its plan."""

    def get(self, request: AdminRequest) -> HttpResponse:
        enrolment: HttpResponse | None = self.model_admin.redirect_to_enrolment(request, "change")
        if enrolment is not None:
            return enrolment
        return self._upload_page(FileForm(initial=typed_before(request)))

    def post(self, request: AdminRequest) -> HttpResponse:
        typed_before(request)
        form = FileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._upload_page(form, status=HTTPStatus.BAD_REQUEST)

        try:
            return self._show_plan(form.cleaned_data["file"], prune=form.cleaned_data["prune"])
        except FileRefused as refused:
            form.add_error("file", refused.message)
            return self._upload_page(form, refused.lines, HTTPStatus.BAD_REQUEST)
        except CooperError as error:
            name_request(request, error)
            form.add_error(None, error.message)
            return self._upload_page(form, status=error.status)

    def _show_plan(self, file: Any, *, prune: bool) -> HttpResponse:
        data = file.read()
        planned = draft(data, prune=prune)
        if not planned.plan:
            messages.info(self.request, NOTHING_TO_DO)
            return HttpResponseRedirect(self.import_url())

        token = save_file(data, stepup.person_of(self.request), prune=prune)
        return self.plan_page(planned, token, CodeForm())

    def _upload_page(
        self, form: FileForm, lines: list[str] | None = None, status: int = 200
    ) -> HttpResponse:
        # resuming by itself is for the web session that gave the code, and only once it has begun
        job = jobs.newest()
        is_running = job is not None and job.state == jobs.RUNNING
        is_confirmed = job is not None and _is_confirmed(self.request, job)
        context = {
            "title": "Import and export",
            "form": form,
            "lines": lines or [],
            "job": job,
            "running": is_running,
            "progress": jobs.progress(job) if job is not None else "",
            "code_form": None if is_confirmed else CodeForm(),
            "resumes_itself": is_running and is_confirmed and "on" in self.request.GET,
        }
        return self.page("admin/import.html", context, status)


class ImportStepView(ImportExportView):
    """A step of an import; a refusal is shown on the import's page."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except CooperError as error:
            name_request(request, error)
            messages.error(request, error.message)
            return HttpResponseRedirect(self.import_url())

    def resume(self) -> HttpResponse:
        """Apply steps for a while and show how far the import is."""
        with grants_awaited(partial(show_awaited, self.request)) as on_step:
            job = jobs.resume(SLICE, on_step)
        if job.state == jobs.DONE:
            done = f"Done: {job.total} of {job.total} steps are applied."
            messages.success(self.request, done)
            return HttpResponseRedirect(self.import_url())
        return HttpResponseRedirect(f"{self.import_url()}?on")

    def demand_code(self) -> None:
        """Use the code up; an open window never counts. Raise StepUpRequired or Invalid."""
        code = self.request.POST.get(stepup.FIELD, "")
        stepup.require(self.request, code[:40], strict=True)


class ConfirmView(ImportStepView):
    """Begins the import whose plan was shown, if it still is the plan and the code is right."""

    def post(self, request: AdminRequest) -> HttpResponse:
        person = stepup.person_of(request)
        token = request.POST.get("token", "")[:64]
        data, prune = load_file(token, person)

        unfinished = jobs.unfinished()
        if unfinished is not None:
            raise jobs.ImportUnfinished(unfinished)

        planned = draft(data, prune=prune)
        if planned.plan.digest() != request.POST.get("digest"):
            messages.warning(request, PLAN_CHANGED)
            return self.plan_page(planned, token, CodeForm(), HTTPStatus.CONFLICT)

        code_form = CodeForm(request.POST)
        if not self._use_code(code_form):
            return self.plan_page(planned, token, code_form, HTTPStatus.FORBIDDEN)

        # for the audit log to say where administrators entitle themselves
        groups = {str(group) for group in request.identity.groups}
        job = jobs.begin(planned, person, groups)
        _mark_confirmed(request, job)
        return self.resume()

    def _use_code(self, form: CodeForm) -> bool:
        """Use the code up, or put what is wrong on its field. An open window never counts."""
        code = form.cleaned_data[stepup.FIELD] if form.is_valid() else ""
        try:
            stepup.require(self.request, code, strict=True)
        except (StepUpRequired, Invalid) as error:
            form.add_error(stepup.FIELD, error.message)
            return False
        return True


class ResumeView(ImportStepView):
    """Resumes the unfinished import: by a code, unless this web session gave one for it."""

    def post(self, request: AdminRequest) -> HttpResponse:
        job = jobs.unfinished()
        if job is None:
            # never on without one: a read that found nothing would pass the code by
            raise Conflict("There is no unfinished import.")
        if not _is_confirmed(request, job):
            self.demand_code()
            _mark_confirmed(request, job)
        return self.resume()


class GiveUpView(ImportStepView):
    """Gives the unfinished import up; what was applied stays."""

    def post(self, request: AdminRequest) -> HttpResponse:
        self.demand_code()
        job = jobs.give_up()
        messages.warning(request, f"Given up. {jobs.progress(job)}")
        return HttpResponseRedirect(self.import_url())


# -- the web session that gave the code for an import ----------------------------------------------
def _is_confirmed(request: AdminRequest, job: Import) -> bool:
    return bool(request.session.get(CONFIRMED) == str(job.number))


def _mark_confirmed(request: AdminRequest, job: Import) -> None:
    request.session[CONFIRMED] = str(job.number)

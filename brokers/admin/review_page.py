"""The page of the access review: asked for, recorded, and only then streamed.

It is an export like that of the audit log, and takes what that takes: a one-time code, of
administrators and auditors alike.
"""

from typing import Any, cast

from django import forms
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse

from accounts.admin import AuditLogAdmin
from accounts.models import Person
from brokers.admin.access_lookup import NOT_SEEN_YET
from brokers.admin.access_review import review_lines
from brokers.admin.impact import people_for
from brokers.models import State
from brokers.request_catalogue import catalogue_of
from core import admin, audit
from core.admin.audit_export import CONTENT_TYPES, EXPORT, chunks
from core.admin.brought_back import typed_before
from core.admin.confirmation import form_status
from core.admin.operations import AdminOperation, AdminRequest
from core.audit import AuditEvent, Event
from core.audit_export import Format


class ReviewForm(forms.Form):
    """Of which target, and of which person."""

    target = forms.CharField(
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={"list": "known-targets"}),
        help_text="Its name. Empty: all of them.",
    )
    person = forms.CharField(
        required=False,
        max_length=600,
        help_text="As provider:subject, such as local:alice; a bare name means local:. "
        "Empty: everybody.",
    )

    def clean_person(self) -> str:
        """Return the person as events name them; raise ValidationError for somebody unknown."""
        name = str(self.cleaned_data["person"])
        if name and ":" not in name:
            name = f"local:{name}"
        if name and not Person.find(name):
            raise forms.ValidationError(NOT_SEEN_YET)
        return name


def review_page(model_admin: admin.ModelAdmin, request: AdminRequest) -> HttpResponseBase:
    """Ask of what; by POST, once that is on the audit log, send the review."""
    log_admin = _audit_log_admin()
    redirect = log_admin.redirect_to_enrolment(request, EXPORT)
    if redirect:
        return redirect

    operation: AdminOperation[Any] = AdminOperation(EXPORT)
    form = _form(request)
    form.fields.update(log_admin.extra_form_fields(request, operation))
    names_exist = form.is_valid() and _names_a_target(request, form)
    if names_exist and log_admin.is_authorized(request, operation, form):
        return _review_response(request, **form.cleaned_data)

    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Access review",
        "opts": model_admin.opts,
        "form": form,
    }
    status = form_status(operation, has_errors=bool(form.errors))
    return TemplateResponse(request, "admin/access_review.html", context, status=status)


def _audit_log_admin() -> AuditLogAdmin:
    model_admin: Any = admin.site.get_model_admin(AuditEvent)
    return cast(AuditLogAdmin, model_admin)


def _form(request: AdminRequest) -> ReviewForm:
    """Return the form as it was sent, or with what the address or an earlier page names."""
    posted = request.POST if request.method == "POST" else None
    from_address = {name: request.GET.get(name, "") for name in ReviewForm.base_fields}
    return ReviewForm(posted, initial=from_address | typed_before(request))


def _names_a_target(request: HttpRequest, form: ReviewForm) -> bool:
    """Return whether the target is there, or none is named; say on the form where it is not."""
    name = form.cleaned_data["target"]
    target = catalogue_of(request).targets.get(name)
    if name and (not target or target.state == State.DELETED):
        form.add_error("target", f"There is no target {name}.")
    return not form.errors


def _review_response(
    request: HttpRequest, *, target: str, person: str, **_: Any
) -> StreamingHttpResponse:
    """Record the review, then send it as it is read."""
    lines = review_lines(catalogue_of(request), people_for(request), target, person)
    subject = " ".join(name for name in (target, person) if name)

    # first: a review that breaks off has handed out names all the same
    audit.record(Event.AUDIT_EXPORTED, format=str(Format.CSV), review=subject or "everything")

    response = StreamingHttpResponse(chunks(lines), content_type=CONTENT_TYPES[Format.CSV])
    name = f"cooper-access-review-{audit.now():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response

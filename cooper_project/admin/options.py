"""`ModelAdmin` for documents: Django's own, with reading and writing by DynamoDB."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import quote, unquote
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from cooper_project import audit
from cooper_project.admin import history
from cooper_project.admin.deeds import Deed, Outcome
from cooper_project.admin.writing import Writing
from cooper_project.audit import AuditEvent
from cooper_project.dynamo import Document, Transaction
from cooper_project.errors import CooperError


class ModelAdmin(Writing):
    """Manages documents of one class, with Django's hooks and these of its own, in the order of their use.

    `extra_form_fields`, `before_deed`, `prepare`, `write`, `events_of`, `commit`; for deleting `consequences`,
    `before_deed`, `remove`.
    """

    actions: Any = ("delete_chosen",)

    def consequences(self, request: HttpRequest, obj: Document) -> list[str]:
        """Return what else goes, or who loses what, when the document is deleted."""
        return []

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what the confirmation shows: each document with its consequences, and how many of what."""
        shown: list[Any] = []
        for each in objs:
            shown.append(f"{str(self.opts.verbose_name).capitalize()}: {each}")
            if found := self.consequences(request, each):
                shown.append(found)
        lacking = set() if self.has_delete_permission(request) else {str(self.opts.verbose_name)}
        return shown, {str(self.opts.verbose_name_plural): len(list(objs))}, lacking, []

    def deed_form(self, request: HttpRequest, obj: Document | None, deed: str) -> forms.Form:
        """Return the form of a deed's own fields, for confirmations."""
        form = forms.Form(request.POST if request.method == "POST" else None)
        form.fields.update(self.extra_form_fields(request, obj, deed))
        return form

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Ask, then delete; what the deed refuses is said above the confirmation."""
        deed_form = self.deed_form(request, self.get_object(request, unquote(object_id)), Deed.DELETE)
        context = {**(extra_context or {}), "deed_form": deed_form}
        request.deed_form = deed_form  # type: ignore[attr-defined]
        try:
            return super().delete_view(request, object_id, context)
        except CooperError as error:
            if request.method != "POST":
                raise
            messages.error(request, error.message)
            return HttpResponseRedirect(request.get_full_path())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the document with its record in one transaction."""
        deed_form = getattr(request, "deed_form", None)
        given = deed_form.cleaned_data if deed_form is not None and deed_form.is_valid() else {}
        self.before_deed(request, Deed.DELETE, obj, given)
        self.remove(request, obj)

    def remove(self, request: HttpRequest, obj: Any) -> None:
        """Delete the document and record it; `delete_model` has asked `before_deed`."""
        outcome = Outcome(obj, adding=False)

        def build(writes: Transaction) -> None:
            writes.delete(obj)
            writes.create(audit.event(self.events[Deed.DELETE], **self.facts_of(obj)))

        self.commit(request, outcome, build)

    @admin.action(description="Delete the chosen %(verbose_name_plural)s", permissions=["delete"])
    def delete_chosen(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Ask, then delete each chosen document by itself; what is refused is said and stays."""
        lines, _, _, _ = self.get_deleted_objects(queryset, request)
        title = f"Delete {len(queryset)}"
        asked = self.confirm(request, title, lines, action=Deed.DELETE, objects=queryset)
        if asked is None:
            self.each_of(request, queryset, lambda each: self.remove(request, each), "deleted")
        return asked

    def each_of(self, request: HttpRequest, queryset: Any, deed: Callable[[Any], None], done: str) -> None:
        """Do a deed to each chosen document, as it is now; say what was done and what was refused."""
        count = 0
        for each in queryset:
            try:
                deed(self.get_object(request, each.pk))
                count += 1
            except CooperError as error:
                messages.error(request, f"{each}: {error.message}")
        if count:
            messages.success(request, f"{count} {done}.")

    def construct_change_message(self, request: Any, form: Any, formsets: Any, add: bool = False) -> list[Any]:
        """Return nothing: the event has been written with the change."""
        return []

    def log_addition(self, request: Any, obj: Any, message: Any) -> Any:
        """Do nothing: the event has been written with the change."""

    def log_change(self, request: Any, obj: Any, message: Any) -> Any:
        """Do nothing: the event has been written with the change."""

    def log_deletions(self, request: Any, queryset: Any) -> Any:
        """Do nothing: the event is written with the deletion."""

    def history_of(self, obj: Document) -> Iterable[AuditEvent]:
        """Return the newest events of a document, newest first; none where events do not name it."""
        return []

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Show what happened to a document."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {obj}",
            "object": obj,
            "opts": self.opts,
            "entries": history.entries(self.history_of(obj)),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/object_history.html", context)

    def confirm(
        self, request: HttpRequest, title: str, lines: Iterable[str], *, action: str, objects: Iterable[Document] = ()
    ) -> HttpResponse | None:
        """Return the page that asks before an action on `objects`, or None once it was confirmed and may be done."""
        request.deed_objects = list(objects)  # type: ignore[attr-defined]
        lines = list(lines)
        confirmed = "confirmed" in request.POST
        form = self.deed_form(request if confirmed else _asked_first(request), None, action)
        if confirmed and form.is_valid():
            try:
                self.before_deed(request, action, None, form.cleaned_data)
            except CooperError as error:
                field = getattr(error, "field", None)
                form.add_error(field if field in form.fields else None, error.message)
            else:
                return None
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "lines": lines,
            "deed_form": form,
            "action": action,
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        }
        return TemplateResponse(request, "admin/confirm.html", context, status=400 if form.errors else 200)

    def change_url(self, obj: Document) -> str:
        """Return the address of a document's form."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(name, args=(quote(obj.pk),), current_app=self.admin_site.name)


def _asked_first(request: HttpRequest) -> HttpRequest:
    """Return a request without a form, so that nothing is complained of before it was asked for."""
    blank = HttpRequest()
    blank.__dict__.update({name: value for name, value in request.__dict__.items() if name not in ("method", "_post")})
    return blank

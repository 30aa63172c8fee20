"""`ModelAdmin` for documents: Django's own, with reading and writing by DynamoDB."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from core import audit
from core.admin import history
from core.admin.confirmation import Confirming
from core.admin.operations import FormChanges, Operation
from core.audit import AuditEvent, Event
from core.dynamo import Document, Transaction
from core.errors import Conflict, CooperError


class ModelAdmin(Confirming):
    """Manages documents of one class, with Django's hooks and these of its own, in the order of their use.

    `extra_form_fields`, `foresee`, `check_deed`, `prepare`, `before_deed`, `write`, `events_of`,
    `commit`; for deleting `consequences`, `before_deed`, `remove`.
    """

    actions: Any = ("delete_chosen",)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the document with its record in one transaction."""
        deed_form = getattr(request, "deed_form", None)
        given = deed_form.cleaned_data if deed_form is not None and deed_form.is_valid() else {}
        self.authorize_operation(request, Operation.DELETE, obj, given)
        self.remove(request, obj)

    def remove(self, request: HttpRequest, obj: Any) -> None:
        """Delete the document and record it; `delete_model` has asked `before_deed`."""
        outcome = FormChanges(obj, adding=False)

        def build(writes: Transaction) -> None:
            writes.delete(obj)
            writes.create(audit.event(self.events[Operation.DELETE], **self.audit_facts(obj)))

        self.commit(request, outcome, build)

    @admin.action(description="Delete the chosen %(verbose_name_plural)s", permissions=["delete"])
    def delete_chosen(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Ask, then delete each chosen document by itself; what is refused is said and stays."""
        lines, _, _, _ = self.get_deleted_objects(queryset, request)
        title = f"Delete {len(queryset)}"
        asked = self.confirm(request, title, lines, action=Operation.DELETE, objects=queryset)
        if asked is None:
            self.each_of(request, queryset, lambda each: self.remove(request, each), "deleted")
        return asked

    def each_of(
        self, request: HttpRequest, queryset: Any, deed: Callable[[Any], None], done: str
    ) -> None:
        """Do a deed to each chosen document, as it is now; say what was done and what was refused."""
        count = 0
        for each in queryset:
            try:
                found = self.get_object(request, each.pk)
                if found is None:
                    raise Conflict("It was deleted meanwhile.")
                deed(found)
                count += 1
            except CooperError as error:
                messages.error(request, f"{each}: {error.message}")
        if count:
            messages.success(request, f"{count} {done}.")

    def construct_change_message(
        self, request: Any, form: Any, formsets: Any, add: bool = False
    ) -> list[Any]:
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
        """Show what happened to a document; that it was looked at is itself recorded."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        audit.record(
            Event.AUDIT_VIEWED, asked=f"history of {self.opts.verbose_name} {obj.pk}"[:500]
        )
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {obj}",
            "object": obj,
            "opts": self.opts,
            "entries": history.entries(self.history_of(obj)),
            "has_view_permission": self.has_view_permission(request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/object_history.html", context)

    def change_url(self, obj: Document) -> str:
        """Return the address of a document's form."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(name, args=(quote(obj.pk),), current_app=self.admin_site.name)

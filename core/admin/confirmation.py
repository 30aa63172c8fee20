"""Deeds that are asked about first: what was shown is what is done, or it is shown again."""

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from core.admin.document_writes import Writing
from core.admin.operations import Operation
from core.dynamo import Document
from core.errors import CooperError

DIFFERENT = "What this does is different by now. Look at it again; nothing was done."


def mark_of(lines: Iterable[Any]) -> str:
    """Return what stands for lines that were shown (nested ones too)."""
    return hashlib.sha256(json.dumps(list(lines), default=str).encode()).hexdigest()[:32]


class Confirming(Writing):
    """A ModelAdmin whose deletions and actions say what happens before they are done."""

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
        obj = self.get_object(request, unquote(object_id))
        may = obj is not None and self.has_delete_permission(request, obj)
        mark = mark_of(self.get_deleted_objects([obj], request)[0]) if may else ""
        if request.method == "POST" and may and request.POST.get("seen") != mark:
            messages.error(request, DIFFERENT)
            return HttpResponseRedirect(request.get_full_path())
        request.deed_form = self.deed_form(request, obj, Operation.DELETE)  # type: ignore[attr-defined]
        context = {**(extra_context or {}), "deed_form": request.deed_form, "seen": mark}  # type: ignore[attr-defined]
        try:
            return super().delete_view(request, object_id, context)
        except CooperError as error:
            if request.method != "POST":
                raise
            messages.error(request, error.message)
            return HttpResponseRedirect(request.get_full_path())

    def confirm(
        self,
        request: HttpRequest,
        title: str,
        lines: Iterable[str] | Callable[[], Iterable[str]],
        *,
        action: str,
        objects: Iterable[Document] = (),
        form: forms.Form | None = None,
        back: str = "",
    ) -> HttpResponse | None:
        """Return the page that asks before an action on `objects`, or None once it was confirmed and may be done.

        An action that needs to be told more (`form`) asks for that first; `lines` is then called with it valid.
        `back` is where "No" leads; without it, to the list.
        """
        request.deed_objects = list(objects)  # type: ignore[attr-defined]
        if form is not None and not (form.is_bound and form.is_valid()):
            return self._asking(request, title, action, form=form)
        shown = list(lines() if callable(lines) else lines)
        keys = [each.pk for each in request.deed_objects]  # type: ignore[attr-defined]
        mark = mark_of([keys, form.cleaned_data if form is not None else {}, shown])
        confirmed = "confirmed" in request.POST
        if confirmed and request.POST.get("seen") != mark:
            messages.error(request, DIFFERENT)
            confirmed = False
        deed_form = self.deed_form(request if confirmed else _asked_first(request), None, action)
        if confirmed and deed_form.is_valid() and self._allowed(request, action, deed_form):
            return None
        return self._asking(
            request,
            title,
            action,
            form=form,
            lines=shown,
            seen=mark,
            deed_form=deed_form,
            back=back,
        )

    def _allowed(self, request: HttpRequest, action: str, form: forms.Form) -> bool:
        """Return whether the deed may happen; what refuses it is put on the form."""
        try:
            self.authorize_operation(request, action, None, form.cleaned_data)
        except CooperError as error:
            field = getattr(error, "field", None)
            form.add_error(field if field in form.fields else None, error.message)
            return False
        return True

    def _asking(self, request: HttpRequest, title: str, action: str, **found: Any) -> HttpResponse:
        """Return the page that asks: for what the action needs to be told, or whether to do what it says."""
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "action": action,
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            **found,
        }
        wrong = any(
            each is not None and each.errors for each in (found.get("form"), found.get("deed_form"))
        )
        return TemplateResponse(
            request, "admin/confirm.html", context, status=400 if wrong else 200
        )


def _asked_first(request: HttpRequest) -> HttpRequest:
    """Return a request without a form, so that nothing is complained of before it was asked for."""
    blank = HttpRequest()
    blank.__dict__.update(
        {name: value for name, value in request.__dict__.items() if name not in ("method", "_post")}
    )
    return blank

"""Forms of documents, and the one transaction that a saved form comes to."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import flatten_fieldsets
from django.http import HttpRequest, HttpResponse

from core import audit
from core.admin.document_source import Reading
from core.admin.forms import DocumentForm
from core.admin.operations import FormChanges, Operation
from core.audit import AuditEvent, Event
from core.dynamo import AlreadyExists, Document, Transaction, transaction
from core.errors import CooperError, Invalid

Build = Callable[[Transaction], None]


class Writing(Reading):
    """A ModelAdmin that shows and saves forms of documents."""

    form: type[DocumentForm] = DocumentForm
    events: ClassVar[dict[str, Event]] = {}
    """What is recorded, by deed."""

    def extra_form_fields(
        self, request: HttpRequest, obj: Document | None, deed: str
    ) -> dict[str, forms.Field]:
        """Return fields that a deed asks for beside the document's own (a one-time code); none by default."""
        return {}

    def preview_impact(self, request: HttpRequest, outcome: FormChanges) -> None:
        """Demand that whoever saves has seen what it does to others; it reads, and raises Invalid."""

    def precheck_operation(
        self, request: HttpRequest, deed: str, obj: Document | None, given: dict[str, Any]
    ) -> None:
        """Refuse, before anything is prepared, a deed that `before_deed` is sure to refuse; use nothing up."""

    def authorize_operation(
        self, request: HttpRequest, deed: str, obj: Document | None, given: dict[str, Any]
    ) -> None:
        """Decide, with the deed's own fields as `given`, whether it may happen; raise a CooperError when not."""

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **named: Any) -> Any:
        """Return a form class with the fields of `get_fieldsets` and those of the deed."""
        wanted = named.get("fields") or flatten_fieldsets(self.get_fieldsets(request, obj))
        extra = self.extra_form_fields(request, obj, Operation.CHANGE if change else Operation.ADD)
        readonly = set(self.get_readonly_fields(request, obj))
        form = self.form_class(request, obj)
        declared = form.base_fields
        fields = {
            name: declared.get(name) or self._derived(name)
            for name in wanted
            if name not in readonly | {*extra}
        }
        described: Any = {**fields, **extra, "document_class": self.model, "request": request}
        dropped = dict.fromkeys(set(declared) - set(fields))
        members = dropped | described | {"deed_fields": frozenset(extra)}
        maker: Any = type(form)
        return maker(f"{self.model.__name__}Form", (form,), members)

    def form_class(self, request: HttpRequest, obj: Any = None) -> type[DocumentForm]:
        """Return the form class that declares the fields; override it where documents differ."""
        return self.form

    def _derived(self, name: str) -> Any:
        """Return the form field for an attribute that the form does not declare."""
        return self.opts.get_field(name).formfield()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields that are named, or those that the form declares."""
        return self.fields or [
            *self.form_class(request, obj).base_fields,
            *self.get_readonly_fields(request, obj),
        ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Put the deed's own fields into a set at the end."""
        sets = list(self.fieldsets or [(None, {"fields": self.get_fields(request, obj)})])
        extra = self.extra_form_fields(request, obj, Operation.CHANGE if obj else Operation.ADD)
        return [*sets, ("Confirm", {"fields": list(extra)})] if extra else sets

    def get_formset_kwargs(
        self, request: Any, obj: Any, inline: Any, prefix: str
    ) -> dict[str, Any]:
        """Give the inline rows those that are stored."""
        named: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        stored = obj is not None and obj.version is not None
        return named | {"queryset": inline.rows_under(request, obj) if stored else ()}

    def _changeform_view(
        self, request: Any, object_id: Any, form_url: str, extra_context: Any
    ) -> Any:
        """Show or save the form; what the deed refuses is shown on the form, with all that was typed."""
        try:
            return super()._changeform_view(request, object_id, form_url, extra_context)
        except CooperError as error:
            if request.method != "POST":
                raise
            request.deed_refused = error
            answer: HttpResponse = super()._changeform_view(
                request, object_id, form_url, extra_context
            )
            answer.status_code = error.status
            return answer

    def render_change_form(
        self, request: Any, context: Any, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """Answer a form with errors by 400, so that tools notice too; what is not repeated of it is asked for again."""
        if request.method == "POST":
            context["adminform"].form.ask_for_secrets_again()
        answer: HttpResponse = super().render_change_form(request, context, *arguments, **named)
        if request.method == "POST":
            answer.status_code = 409 if "changed this while" in str(context["errors"]) else 400
        return answer

    def get_inline_formsets(
        self, request: Any, formsets: Any, *arguments: Any, **named: Any
    ) -> Any:
        """Let the rows under a document that changed meanwhile say what they are now."""
        if getattr(request, "form_stale", False):
            for formset in formsets:
                formset.show_both()
        return super().get_inline_formsets(request, formsets, *arguments, **named)

    def save_form(self, request: Any, form: Any, change: bool) -> Document:
        """Put what was typed into the document; nothing is written yet."""
        saved: Document = form.save(commit=False)
        return saved

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        """Leave writing to `save_related`, where the inline rows are known too."""

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        """Do the deed: all that the form and its inline rows change, and the record of it, in one transaction."""
        outcome = FormChanges(form.instance, not change, form.cleaned_data, form.before_and_after())
        for formset in formsets:
            formset.outcome(outcome)
        request.deed_outcome = outcome
        if not outcome.changed:
            return
        deed = Operation.CHANGE if change else Operation.ADD
        given = {name: form.cleaned_data[name] for name in form.deed_fields}
        self.preview_impact(request, outcome)
        self.precheck_operation(request, deed, form.instance, given)
        self.prepare(request, outcome)
        # looked at last, so that a mistake elsewhere uses no code up
        self.authorize_operation(request, deed, form.instance, given)
        try:
            self.commit(request, outcome, lambda writes: self.write(request, writes, outcome))
        except AlreadyExists as error:
            if error.document is outcome.document:
                raise Invalid(
                    self.duplicate_message(outcome.document), field=self.key_field()
                ) from error
            raise

    def message_user(self, request: Any, message: Any, *arguments: Any, **named: Any) -> None:
        """Say how a form went; nothing that was not changed is said to have been."""
        outcome: FormChanges | None = getattr(request, "deed_outcome", None)
        if outcome is None or outcome.changed:
            super().message_user(request, message, *arguments, **named)
        else:
            messages.info(request, "Nothing was changed.")

    def key_field(self) -> str:
        """Return the name of the key's field."""
        return self.model.key_names()[0]

    def duplicate_message(self, document: Document) -> str:
        """Say that there is one with this key already."""
        return f"There is such a {self.opts.verbose_name} already."

    def prepare(self, request: HttpRequest, outcome: FormChanges) -> None:
        """Do what has to be done before writing (ask AWS, encrypt); raise Invalid to show an error on its field.

        Nothing is written here: `before_deed` has not allowed it yet.
        """

    def write(self, request: HttpRequest, writes: Transaction, outcome: FormChanges) -> None:
        """Put the document, its rows and the event into the transaction; may be called several times."""
        if outcome.adding:
            writes.create(outcome.document)
        else:
            writes.save(outcome.document)
        for row in outcome.put:
            writes.save(row)
        for row in outcome.removed:
            writes.delete(row)
        for event in self.audit_events(request, outcome):
            writes.create(event)

    def audit_events(self, request: HttpRequest, outcome: FormChanges) -> list[AuditEvent]:
        """Return what is recorded of a form that was saved."""
        kind = self.events[Operation.ADD if outcome.adding else Operation.CHANGE]
        changes = outcome.before_and_after
        return [audit.event(kind, changes=changes, **self.audit_facts(outcome.document))]

    def audit_facts(self, document: Document) -> dict[str, Any]:
        """Return what every event says of a document; override it to name the target."""
        return {"object": document.pk}

    def commit(self, request: HttpRequest, outcome: FormChanges, build: Build) -> None:
        """Write what `build` puts into a transaction."""
        with transaction() as writes:
            build(writes)

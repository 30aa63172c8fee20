"""Forms of documents."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from core.admin.operations import AdminOperation
from core.dynamo import Document
from core.newlines import is_one_line, plain_newlines

CHANGED_MEANWHILE = (
    "Somebody else changed this while you were editing. Nothing was saved. The differences are "
    "shown below: check them, correct what you typed, and save again."
)

SEQUENCES = (list, tuple, set, frozenset)
JSON_TYPES = (bool, int, float, str)

TYPED = "Below is what you typed."
TYPE_AGAIN = "Type it again: it is never shown."


class TextField(forms.CharField):
    """A text of several lines, which end in LF alone, as they are counted in the browser."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return plain_newlines(text) if isinstance(text, str) else text


class LineField(forms.CharField):
    """A text of one line, which shows as it is stored: no line ends, no bidirectional controls."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if isinstance(text, str) and not is_one_line(text):
            raise ValidationError("This has to be one line, without control characters.")
        return text


class LinesField(forms.CharField):
    """Several texts, one a line; blank lines and repetitions do not count."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, SEQUENCES):
            return "\n".join(map(str, value))
        return value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        text = str(value or "")
        lines = [line.strip() for line in text.splitlines()]
        # a dictionary keeps the order of the first of each
        unique = dict.fromkeys(lines)
        unique.pop("", None)
        return list(unique)

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        for line in value:
            super().run_validators(line)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != self.to_python(data)


class MomentField(forms.DateTimeField):
    """A moment in UTC, chosen with the browser's own means; a day alone stands for its end."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    # of Django's own formats, some are read otherwise elsewhere (02/03/2031)
    input_formats = ("%Y-%m-%d %H:%M",)

    def to_python(self, value: Any) -> datetime | None:
        """Return the moment; raise ValidationError."""
        try:
            day = date.fromisoformat(str(value).strip())
        except ValueError:
            # no day alone
            moment: datetime | None = super().to_python(value)
            return moment
        return end_of_day(day)


def end_of_day(day: date) -> datetime:
    """Return the first moment (UTC) that is not of this day any more."""
    if day == date.max:
        # there is no day after it
        return datetime.max.replace(microsecond=0, tzinfo=UTC)
    return datetime.combine(day + timedelta(days=1), time.min, UTC)


class FormMeta:
    """What the admin asks of a form's `_meta`."""

    labels: ClassVar[dict[str, str]] = {}
    help_texts: ClassVar[dict[str, str]] = {}
    exclude: ClassVar[tuple[str, ...]] = ()

    def __init__(self, model: type[Document]) -> None:
        self.model = model


def to_json_value(value: Any) -> Any:
    """Return a value fit for JSON, to be shown and to be recorded."""
    if isinstance(value, SEQUENCES):
        return [to_json_value(item) for item in value]
    if value is None or isinstance(value, JSON_TYPES):
        return value
    return str(value)


class DocumentForm(forms.Form):
    """A form over one document; fields called like an attribute are read from it and written to it.

    The ModelAdmin sets `document_class`, and `operation` and `operation_fields` for one request.
    """

    document_class: ClassVar[type[Document]]
    operation: ClassVar[AdminOperation[Any] | None] = None
    operation_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields that belong to the operation, not to the document (a one-time code)."""

    secret_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields whose content is never shown again and never recorded; empty means: as it was."""

    def __init__(self, *arguments: Any, instance: Document | None = None, **named: Any) -> None:
        self._meta = FormMeta(self.document_class)
        self.instance: Document = self._blank() if instance is None else instance
        self.adding = instance is None
        if instance is None:
            super().__init__(*arguments, **named)
            return

        stored = self.initial_values(instance)
        named["initial"] = stored | (named.get("initial") or {})
        super().__init__(*arguments, **named)

        # optimistic locking: it says which version was on the page
        version = forms.CharField(widget=forms.HiddenInput, required=False)
        self.fields["version"] = version
        self.initial["version"] = self.stored_version()

    @classmethod
    def _blank(cls) -> Document:
        """Return a document with nothing in it but its defaults."""
        return cls.document_class()

    def initial_values(self, document: Document) -> dict[str, Any]:
        """Return the values that the form shows of a document, by field."""
        attributes = document.get_attributes()
        return {
            name: getattr(document, name)
            for name in self.base_fields
            if name in attributes and name not in self.secret_fields
        }

    def stored_version(self) -> str:
        """Return what is another text once somebody else changed what the form is about.

        By default that is the whole document.
        """
        return str(self.instance.version or "")

    # -- errors
    def add_error(self, field: str | None, error: Any) -> None:
        """Put an error on its field, or above the form where there is none such."""
        if field not in self.fields:
            field = None
        super().add_error(field, error)

    def full_clean(self) -> None:
        """Check what was typed; add why the operation was refused; refuse an old version."""
        super().full_clean()
        if not self.is_bound:
            return

        if self.operation is not None and self.operation.refusal is not None:
            refusal = self.operation.refusal
            self.add_error(getattr(refusal, "field", None), refusal.message)
        if self.is_stale():
            self._show_conflict()

    def is_stale(self) -> bool:
        """Return whether somebody else saved the document since the form was shown."""
        if self.adding or "version" in self.errors:
            return False
        return bool(self.cleaned_data.get("version") != self.stored_version())

    def _show_conflict(self) -> None:
        """Show what is stored now beside what was typed; saving again counts."""
        self.add_conflict_errors()
        if self.operation is not None:
            # the rows under the document then show theirs too
            self.operation.is_stale = True

        posted: Any = self.data
        self.data = posted.copy()
        self.data[self.add_prefix("version")] = self.stored_version()  # type: ignore[index]

    def add_conflict_errors(self) -> None:
        """Say on each field what is stored now beside what was typed."""
        stored = self.initial_values(self.instance)
        for name, field in self.fields.items():
            if name not in stored:
                continue
            typed = self[name].data
            if not field.has_changed(stored[name], typed):
                continue

            shown = field.prepare_value(stored[name])
            if shown in (None, ""):
                shown = "empty"
            self.add_error(name, f"Now: {shown}. {TYPED}")
        self.add_error(None, CHANGED_MEANWHILE)

    def ask_for_secrets_again(self) -> None:
        """Say on each secret that was typed, and is not shown again, that it is lost."""
        for name in self.lost_secrets():
            if name not in self.errors:
                self.add_error(name, TYPE_AGAIN)

    def label_of(self, name: str) -> str:
        """Return what a field is called on the page."""
        return str(self[name].label)

    def lost_secrets(self) -> list[str]:
        """Return the secrets that were typed and are not shown again, in the form's order."""
        lost = []
        for name in self.fields:
            typed = self[name].data
            if name in self.secret_fields and typed and not self._repeats(name, typed):
                lost.append(name)
        return lost

    def _repeats(self, name: str, typed: Any) -> bool:
        """Return whether the field's input shows what was typed once more."""
        widget = self.fields[name].widget
        if not getattr(widget, "render_value", True):
            return False
        return widget.format_value(typed) is not None

    # -- what is saved
    def save(self, commit: bool = True) -> Document:
        """Put what was typed into the document; writing it is the admin's business."""
        attributes = self.instance.get_attributes()
        others = {"version", *self.secret_fields, *self.operation_fields}

        for name, value in self.cleaned_data.items():
            if name not in attributes or name in others:
                continue
            # the attribute is left out of the item rather than kept as empty text
            setattr(self.instance, name, None if value == "" else value)
        return self.instance

    def before_and_after(self) -> dict[str, list[Any]]:
        """Return the changed fields with [before, after]; of secrets only that they changed."""
        changes: dict[str, list[Any]] = {}
        for name in self.changed_data:
            if name in self.secret_fields:
                changes[name] = ["(secret)", "(changed)"]
            elif name not in self.operation_fields and name != "version":
                before = to_json_value(self.initial.get(name))
                after = to_json_value(self.cleaned_data.get(name))
                changes[name] = [before, after]
        return changes

"""Forms of documents."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from core.dynamo import Document
from core.errors import CooperError

CHANGED_MEANWHILE = (
    "Somebody else changed this while you were at it. Nothing was saved. What differs is shown below; "
    "look at it, correct what you typed, and save again."
)

TYPED = "Below is what you typed."
TYPE_AGAIN = "Type it again: it is never shown."


class LinesField(forms.CharField):
    """Several texts, one a line; blank lines and repetitions do not count."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """Show a list as lines."""
        return (
            "\n".join(str(each) for each in value)
            if isinstance(value, (list, tuple, set, frozenset))
            else value
        )

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        """Return the lines."""
        lines = (line.strip() for line in str(value or "").splitlines())
        return list(dict.fromkeys(line for line in lines if line))

    def validate(self, value: Any) -> None:
        """Demand a line where one is required."""
        if self.required and not value:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """Apply the validators to each line."""
        for line in value:
            super().run_validators(line)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether the lines differ."""
        return list(initial or []) != self.to_python(data)


class MomentField(forms.DateTimeField):
    """A moment in UTC, chosen with the browser's own means."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class FormMeta:
    """What the admin asks of a form's `_meta`."""

    labels: ClassVar[dict[str, str]] = {}
    help_texts: ClassVar[dict[str, str]] = {}
    exclude: ClassVar[tuple[str, ...]] = ()

    def __init__(self, model: type[Document]) -> None:
        """Remember the document's class."""
        self.model = model


def plain(value: Any) -> Any:
    """Return a value fit for JSON, for showing and for the record."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


class DocumentForm(forms.Form):
    """A form over one document; fields called like an attribute are read from it and written to it.

    The ModelAdmin sets `document_class`, and `request` when it makes the form for one.
    """

    document_class: ClassVar[type[Document]]
    request: ClassVar[HttpRequest | None] = None
    deed_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields that belong to the deed, not to the document (a one-time code)."""

    secret_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields whose content is never shown again and never recorded; empty means: as it was."""

    def __init__(self, *arguments: Any, instance: Document | None = None, **named: Any) -> None:
        """Show the document, or an empty one."""
        self.instance = self._blank() if instance is None else instance
        self.adding = instance is None
        self._meta = FormMeta(self.document_class)
        initial = {} if self.adding else self.shown(self.instance)
        named["initial"] = initial | (named.get("initial") or {})
        super().__init__(*arguments, **named)
        if not self.adding:
            version = forms.IntegerField(widget=forms.HiddenInput, required=False)
            self.fields["version"] = version
            self.initial["version"] = self.instance.version

    @classmethod
    def _blank(cls) -> Document:
        """Return a document with nothing in it but its defaults."""
        return cls.document_class()

    def shown(self, document: Document) -> dict[str, Any]:
        """Return the initial values for a document, by field."""
        attributes = document.get_attributes()
        return {
            name: getattr(document, name)
            for name in self.base_fields
            if name in attributes and name not in self.secret_fields
        }

    def add_error(self, field: str | None, error: Any) -> None:
        """Put an error on its field, or above the form where there is none such."""
        super().add_error(field if field in self.fields else None, error)

    def _post_clean(self) -> None:
        """Add what the deed refused a moment ago, and refuse an edit of an old version."""
        refused: CooperError | None = getattr(self.request, "deed_refused", None)
        if refused is not None:
            self.add_error(getattr(refused, "field", None) or None, refused.message)
        if not self.adding and "version" not in self.errors and self._is_stale():
            self._show_both()

    def _is_stale(self) -> bool:
        """Return whether the document changed since the form was shown."""
        return bool(self.cleaned_data.get("version") != self.instance.version)

    def _show_both(self) -> None:
        """Say on each field what the document has now beside what was typed; saving again then counts."""
        theirs = self.shown(self.instance)
        for name in self.fields:
            if name in theirs and self.fields[name].has_changed(theirs[name], self[name].data):
                now = self.fields[name].prepare_value(theirs[name])
                self.add_error(name, f"Now: {now if now not in (None, '') else 'empty'}. {TYPED}")
        self.add_error(None, CHANGED_MEANWHILE)
        if self.request is not None:
            # the rows under the document say theirs too
            self.request.form_stale = True  # type: ignore[attr-defined]
        typed: Any = self.data
        self.data = typed.copy()
        self.data[self.add_prefix("version")] = str(self.instance.version)  # type: ignore[index]

    def ask_for_secrets_again(self) -> None:
        """Say on each secret that was typed and whose input does not repeat it that it is lost."""
        for name in self.secret_fields & set(self.fields):
            widget, typed = self.fields[name].widget, self[name].data
            repeats = (
                getattr(widget, "render_value", True) and widget.format_value(typed) is not None
            )
            if typed and not repeats and name not in self.errors:
                self.add_error(name, TYPE_AGAIN)

    def save(self, commit: bool = True) -> Document:
        """Put what was typed into the document; writing it is the admin's business."""
        attributes = self.instance.get_attributes()
        for name, value in self.cleaned_data.items():
            if (
                name in attributes
                and name != "version"
                and name not in self.secret_fields | self.deed_fields
            ):
                setattr(self.instance, name, None if value == "" else value)
        return self.instance

    def before_and_after(self) -> dict[str, list[Any]]:
        """Return the changed fields with [before, after]; secrets are only said to have changed."""
        said: dict[str, list[Any]] = {}
        for name in self.changed_data:
            if name in self.secret_fields:
                said[name] = ["(secret)", "(changed)"]
            elif name not in self.deed_fields and name != "version":
                said[name] = [plain(self.initial.get(name)), plain(self.cleaned_data.get(name))]
        return said

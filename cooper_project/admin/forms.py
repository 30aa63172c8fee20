"""Forms of documents, and of the rows inline in them."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from cooper_project.admin.deeds import Outcome
from cooper_project.dynamo import Document
from cooper_project.errors import CooperError

CHANGED_MEANWHILE = (
    "Somebody else changed this while you were at it. Nothing was saved. What differs is shown below; "
    "look at it, correct what you typed, and save again."
)


class LinesField(forms.CharField):
    """Several texts, one a line; blank lines and repetitions do not count."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """Show a list as lines."""
        return "\n".join(str(each) for each in value) if isinstance(value, (list, tuple, set, frozenset)) else value

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


class _Meta:
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
        self._meta = _Meta(self.document_class)
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
                self.add_error(name, f"Now: {now if now not in (None, '') else 'empty'}. Below is what you typed.")
        self.add_error(None, CHANGED_MEANWHILE)
        typed: Any = self.data
        self.data = typed.copy()
        self.data[self.add_prefix("version")] = str(self.instance.version)  # type: ignore[index]

    def save(self, commit: bool = True) -> Document:
        """Put what was typed into the document; writing it is the admin's business."""
        attributes = self.instance.get_attributes()
        for name, value in self.cleaned_data.items():
            if name in attributes and name != "version" and name not in self.secret_fields | self.deed_fields:
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


class RowForm(forms.Form):
    """One inline row."""

    document_class: ClassVar[type[Document]]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Take an ordinary form's arguments."""
        super().__init__(*arguments, **named)
        self._meta = _Meta(self.document_class)
        self.instance = self.document_class()


class RowsFormSet(forms.BaseFormSet):  # type: ignore[type-arg]
    """The rows of documents under one document; what was typed is compared with what there is, by key."""

    document_class: ClassVar[type[Document]]
    key_field: ClassVar[str]
    parent: Document

    def __init__(self, *arguments: Any, instance: Any, queryset: Iterable[Document] = (), **named: Any) -> None:
        """Show the rows that there are."""
        self.parent = instance
        self.found = list(queryset)
        names = list(self.form.base_fields)
        named["initial"] = [{name: getattr(each, name) for name in names} for each in self.found]
        named.pop("save_as_new", None)
        super().__init__(*arguments, **named)

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        """Name each input of a row for those who do not see the column's head."""
        super().add_fields(form, index)
        for field in form.fields.values():
            field.widget.attrs.setdefault("aria-label", str(field.label or "").strip() or "input")

    @classmethod
    def get_default_prefix(cls) -> str:
        """Name the rows after their class."""
        return f"{cls.document_class.__name__.lower()}s"

    def get_queryset(self) -> list[Document]:
        """Return the rows that there are, in the order of the initial forms."""
        return self.found

    def wanted(self) -> dict[str, dict[str, Any]]:
        """Return what was typed by key: the rows that are to be there."""
        kept = [form.cleaned_data for form in self.forms if form.is_valid() and form not in self.deleted_forms]
        return {str(row[self.key_field]): row for row in kept if row.get(self.key_field)}

    def clean(self) -> None:
        """Refuse two rows with one key."""
        seen: set[str] = set()
        for form in self.forms:
            if form in self.deleted_forms or not hasattr(form, "cleaned_data"):
                continue
            key = str(form.cleaned_data.get(self.key_field) or "")
            if key and key in seen:
                form.add_error(self.key_field, "This is here twice.")
            seen.add(key)

    def differences(self) -> tuple[list[Document], list[Document]]:
        """Return the rows to put (new ones, and old ones with what was typed) and the rows to delete."""
        found = {str(getattr(each, self.key_field)): each for each in self.found}
        wanted = self.wanted()
        put = [self.row(key, values, found.get(key)) for key, values in wanted.items()]
        return [row for row in put if row is not None], [each for key, each in found.items() if key not in wanted]

    def row(self, key: str, values: dict[str, Any], found: Document | None) -> Document | None:
        """Return the document for a row as typed, or None when it is as it was."""
        names = [name for name in values if name not in (self.key_field, "DELETE")]
        if found is not None and all(getattr(found, name) == values[name] for name in names):
            return None
        made = found or self.made(key)
        for name in names:
            setattr(made, name, values[name])
        return made

    def made(self, key: str) -> Document:
        """Return a new document under the parent with this key."""
        return self.document_class(self.parent.key[0], key)

    def outcome(self, into: Outcome) -> None:
        """Add the rows to put and to delete to what a form leads to."""
        put, removed = self.differences()
        into.put += put
        into.removed += removed

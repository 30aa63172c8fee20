"""Forms of the rows of documents that are inline in another's form."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms

from core.admin.forms import TYPED, FormMeta
from core.admin.operations import FormChanges
from core.dynamo import Document

CAME = "This came meanwhile. Save again to keep it, or tick Delete."
GONE = "Now: not here any more. Save again to have it all the same, or tick Delete."


class RowForm(forms.Form):
    """One inline row."""

    document_class: ClassVar[type[Document]]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Take an ordinary form's arguments."""
        super().__init__(*arguments, **named)
        self._meta = FormMeta(self.document_class)
        self.instance = self.document_class()

    def said(self, name: str, value: Any) -> str:
        """Return in words what a stored row has; override it where there are better ones."""
        return "empty" if value in (None, "") else str(value)

    def show_both(self, stored: Document | None, *, shown: bool) -> None:
        """Say on each field what the row has now beside what was typed; `shown`: it was there in the form's time."""
        typed = self.cleaned_data
        for name in self.base_fields:
            if (
                stored is not None
                and name in typed
                and typed[name] != (now := getattr(stored, name))
            ):
                self.add_error(name, f"Now: {self.said(name, now)}. {TYPED}")
        if stored is None and shown and not typed.get("DELETE"):
            self.add_error(next(iter(self.base_fields)), GONE)


class RowsFormSet(forms.BaseFormSet):  # type: ignore[type-arg]
    """The rows of documents under one document; what was typed is compared with what there is, by key."""

    document_class: ClassVar[type[Document]]
    key_field: ClassVar[str]
    parent: Document

    def __init__(
        self, *arguments: Any, instance: Any, queryset: Iterable[Document] = (), **named: Any
    ) -> None:
        """Show the rows that there are."""
        self.parent = instance
        self.found = list(queryset)
        names = list(self.form.base_fields)
        named["initial"] = [{name: getattr(each, name) for name in names} for each in self.found]
        named.pop("save_as_new", None)
        super().__init__(*arguments, **named)

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """Give rows that were added in the browser no initial values: those of a stored one are not theirs."""
        added = self.is_bound and index is not None and index >= self.initial_form_count()
        named: dict[str, Any] = super().get_form_kwargs(index)
        return named | {"initial": {}} if added else named

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
        """Return the rows that the initial forms are about, in their order; one that is gone as it was."""
        if not self.is_bound:
            return self.found
        found = self._by_key()
        return [
            found.get(key) or self.made(key) for key in map(self._typed_key, self.initial_forms)
        ]

    def _by_key(self) -> dict[str, Document]:
        """Return the rows that there are, by key."""
        return {str(getattr(each, self.key_field)): each for each in self.found}

    def _typed_key(self, form: forms.Form) -> str:
        """Return the key that was typed into a row, in its one spelling if it is right."""
        return str(
            getattr(form, "cleaned_data", {}).get(self.key_field) or form[self.key_field].data or ""
        )

    def show_both(self) -> None:
        """Say on each row what it is now, and show rows that came meanwhile; saving again then counts."""
        typed = {self._typed_key(form) for form in self.forms}
        came = [each for key, each in self._by_key().items() if key not in typed]
        if came:
            self._insert(came)
        found, before = self._by_key(), self.initial_form_count() - len(came)
        for number, form in enumerate(self.forms):
            if before <= number < before + len(came):
                form.add_error(self.key_field, CAME)
            elif key := form.cleaned_data.get(self.key_field):
                form.show_both(found.get(str(key)), shown=number < before)

    def _insert(self, came: list[Document]) -> None:
        """Put rows that came meanwhile after those that were shown, before those that were added in the browser."""
        typed: Any = self.data
        values, before, total = typed.copy(), self.initial_form_count(), self.total_form_count()
        names = [*self.form.base_fields, "DELETE"]
        for number in reversed(range(before, total)):
            for name in names:
                held = values.pop(f"{self.prefix}-{number}-{name}", None)
                if held is not None:
                    values[f"{self.prefix}-{number + len(came)}-{name}"] = held[-1]
        for number, row in enumerate(came, before):
            for name, field in self.form.base_fields.items():
                shown = field.widget.format_value(field.prepare_value(getattr(row, name)))
                values[f"{self.prefix}-{number}-{name}"] = "" if shown is None else shown
        values[f"{self.prefix}-INITIAL_FORMS"] = str(before + len(came))
        values[f"{self.prefix}-TOTAL_FORMS"] = str(total + len(came))
        self._begin_anew(values)

    def _begin_anew(self, values: Any) -> None:
        """Take other values for what was typed."""
        self.data = values
        for name in ("forms", "management_form", "_deleted_form_indexes"):
            self.__dict__.pop(name, None)
        self.full_clean()

    def wanted(self) -> dict[str, dict[str, Any]]:
        """Return what was typed by key: the rows that are to be there."""
        kept = [
            form.cleaned_data
            for form in self.forms
            if form.is_valid() and form not in self.deleted_forms
        ]
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
        found = self._by_key()
        wanted = self.wanted()
        put = [self.row(key, values, found.get(key)) for key, values in wanted.items()]
        return [row for row in put if row is not None], [
            each for key, each in found.items() if key not in wanted
        ]

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

    def outcome(self, into: FormChanges) -> None:
        """Add the rows to put and to delete to what a form leads to."""
        put, removed = self.differences()
        into.put += put
        into.removed += removed

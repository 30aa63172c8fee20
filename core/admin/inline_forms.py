"""Forms of documents that are rows in the form of another one, their parent."""

from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django import forms

from core.admin.forms import TYPED, FormMeta
from core.admin.operations import FormChanges
from core.dynamo import Document

ADDED_MEANWHILE = "Somebody else added this. Save again to keep it, or tick Remove."
DELETED_MEANWHILE = "Somebody else deleted this. Save again to add it back, or tick Remove."


class InlineForm(forms.Form):
    """One row."""

    document_class: ClassVar[type[Document]]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._meta = FormMeta(self.document_class)
        self.instance = self.document_class()

    def display_value(self, name: str, value: Any) -> str:
        """Return a stored value in words; override it where there are better ones."""
        if value in (None, ""):
            return "empty"
        return str(value)

    def show_conflict(self, stored: Document | None, *, was_shown: bool) -> None:
        """Say on each field what the row has now beside what was typed.

        `stored` is the row as it is now, if it still is there; `was_shown` whether the form had it
        when it was opened.
        """
        typed = self.cleaned_data
        if stored is not None:
            for name in self.base_fields:
                value = getattr(stored, name)
                if name in typed and typed[name] != value:
                    self.add_error(name, f"Now: {self.display_value(name, value)}. {TYPED}")

        elif was_shown and not typed.get("DELETE"):
            first_field = next(iter(self.base_fields))
            self.add_error(first_field, DELETED_MEANWHILE)


class InlineFormSet(forms.BaseFormSet):  # type: ignore[type-arg]
    """The rows under one document; what was typed is compared with what is stored, by key."""

    document_class: ClassVar[type[Document]]
    key_field: ClassVar[str]
    """The field with the rows' range key."""

    def __init__(
        self, *arguments: Any, instance: Any, queryset: Iterable[Document] = (), **named: Any
    ) -> None:
        self.parent: Document = instance
        self.stored_rows = list(queryset)
        named["initial"] = [self._initial_values(row) for row in self.stored_rows]
        named.pop("save_as_new", None)
        super().__init__(*arguments, **named)

    # -- what Django's admin asks
    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """Give rows that were added in the browser no initial values of stored ones."""
        arguments: dict[str, Any] = super().get_form_kwargs(index)
        if self.is_bound and index is not None and index >= self.initial_form_count():
            arguments["initial"] = {}
        return arguments

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        """Name each input of a row for those who do not see the column's head."""
        super().add_fields(form, index)
        for field in form.fields.values():
            label = str(field.label or "").strip()
            field.widget.attrs.setdefault("aria-label", label or "input")

    @classmethod
    def get_default_prefix(cls) -> str:
        return f"{cls.document_class.__name__.lower()}s"

    def get_queryset(self) -> list[Document]:
        """Return the documents of the initial forms, in order; a new one for one that is gone."""
        if not self.is_bound:
            return self.stored_rows

        stored = self._stored_by_key()
        rows = []
        for form in self.initial_forms:
            key = self._typed_key(form)
            rows.append(stored.get(key) or self._new_row(key))
        return rows

    def clean(self) -> None:
        """Refuse two rows with one key."""
        keys: set[str] = set()
        for form in self.forms:
            if form in self.deleted_forms or not hasattr(form, "cleaned_data"):
                continue

            key = str(form.cleaned_data.get(self.key_field) or "")
            if key and key in keys:
                form.add_error(self.key_field, "This is listed twice.")
            keys.add(key)

    # -- what is written
    def add_changes(self, changes: FormChanges) -> None:
        """Add the rows to save (new ones, and those that were changed) and those to delete."""
        stored = self._stored_by_key()
        typed = self._typed_by_key()

        for key, values in typed.items():
            row = self._changed_row(key, values, stored.get(key))
            if row is not None:
                changes.rows_to_save.append(row)

        for key, row in stored.items():
            if key not in typed:
                changes.rows_to_delete.append(row)

    def _changed_row(
        self, key: str, values: dict[str, Any], stored: Document | None
    ) -> Document | None:
        """Return the document for a row as typed, or None when it is as it was."""
        row = stored or self._new_row(key)
        is_changed = stored is None
        for name, value in values.items():
            if name in (self.key_field, "DELETE"):
                continue
            if getattr(row, name) != value:
                is_changed = True
                setattr(row, name, value)

        return row if is_changed else None

    def _new_row(self, key: str) -> Document:
        return self.document_class(self.parent.key[0], key)

    def _initial_values(self, row: Document) -> dict[str, Any]:
        return {name: getattr(row, name) for name in self.form.base_fields}

    def _stored_by_key(self) -> dict[str, Document]:
        return {str(getattr(row, self.key_field)): row for row in self.stored_rows}

    def _typed_by_key(self) -> dict[str, dict[str, Any]]:
        """Return what was typed, by key: the rows that are to be there."""
        typed = {}
        for form in self.forms:
            if not form.is_valid() or form in self.deleted_forms:
                continue
            key = form.cleaned_data.get(self.key_field)
            if key:
                typed[str(key)] = form.cleaned_data
        return typed

    def _typed_key(self, form: forms.Form) -> str:
        """Return the key that was typed into a row, in its one spelling if it is a right one."""
        cleaned_data = getattr(form, "cleaned_data", {})
        return str(cleaned_data.get(self.key_field) or form[self.key_field].data or "")

    # -- somebody else saved meanwhile
    def with_stored_rows(self) -> Self:
        """Return the form set with errors that say what is stored now, and with rows added since.

        Saving it again then counts.
        """
        typed_keys = {self._typed_key(form) for form in self.forms}
        stored = self._stored_by_key()
        added = [row for key, row in stored.items() if key not in typed_keys]

        formset = type(self)(
            self._data_with(added),
            self.files,
            instance=self.parent,
            prefix=self.prefix,
            queryset=self.stored_rows,
        )
        formset.full_clean()
        formset._show_conflicts(shown=self.initial_form_count(), added=len(added))
        return formset

    def _show_conflicts(self, *, shown: int, added: int) -> None:
        """Put errors on the forms: first those `shown`, then the `added`, then new ones."""
        stored = self._stored_by_key()
        for index, form in enumerate(self.forms):
            if shown <= index < shown + added:
                form.add_error(self.key_field, ADDED_MEANWHILE)
                continue

            key = form.cleaned_data.get(self.key_field)
            if key:
                form.show_conflict(stored.get(str(key)), was_shown=index < shown)

    def _data_with(self, added: list[Document]) -> Any:
        """Return what was posted, with more rows after those that were shown."""
        posted: Any = self.data
        data = posted.copy()
        shown = self.initial_form_count()
        total = self.total_form_count()

        # from behind, so that no row is moved onto one that has still to move
        for index in reversed(range(shown, total)):
            self._move_row(data, index, index + len(added))
        for index, row in enumerate(added, shown):
            self._fill_row(data, index, row)

        data[f"{self.prefix}-INITIAL_FORMS"] = str(shown + len(added))
        data[f"{self.prefix}-TOTAL_FORMS"] = str(total + len(added))
        return data

    def _move_row(self, data: Any, index: int, new_index: int) -> None:
        for name in [*self.form.base_fields, "DELETE"]:
            values = data.pop(f"{self.prefix}-{index}-{name}", None)
            if values is not None:
                data[f"{self.prefix}-{new_index}-{name}"] = values[-1]

    def _fill_row(self, data: Any, index: int, row: Document) -> None:
        """Put into a row what a browser would have sent of a stored document."""
        for name, field in self.form.base_fields.items():
            value = field.prepare_value(getattr(row, name))
            text = field.widget.format_value(value)
            if text is None:
                text = ""
            data[f"{self.prefix}-{index}-{name}"] = text

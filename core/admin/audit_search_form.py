"""What people type to search the record."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms

from core.audit import Event
from core.audit_search import BEGINNING, Search, today


def kinds() -> list[tuple[str, Any]]:
    """Return the choices of events, by noun."""
    nouns: dict[str, list[tuple[str, str]]] = {}
    for each in sorted(Event):
        noun, deed, outcome = each.split(":")
        said = f"{noun} {deed}: {outcome}".replace("-", " ")
        nouns.setdefault(noun, [(f"{noun}:", f"any {noun} event".replace("-", " "))]).append(
            (str(each), said)
        )
    return [("", "any event"), *((noun.replace("-", " "), found) for noun, found in nouns.items())]


def day_field(label: str, **named: Any) -> forms.DateField:
    """Return a field for a day, chosen with the browser's own means."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(
        label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"], **named
    )


class SearchForm(forms.Form):
    """Whose or what events, which, of which request, between which days; `before` is a page's place."""

    q = forms.CharField(label="Person or target", required=False, max_length=500)
    event = forms.ChoiceField(label="Event", required=False)
    request = forms.CharField(label="Request id", required=False, max_length=64)
    since = day_field("From day (UTC)")
    day = day_field("To day (UTC)")
    before = forms.CharField(required=False, max_length=120, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Offer the events that there are."""
        super().__init__(*arguments, **named)
        choice: Any = self.fields["event"]
        choice.choices = kinds()
        for name in ("q", "request"):
            self.fields[name].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}

    def clean_before(self) -> str:
        """Return the place; a garbled one counts as none."""
        place = str(self.cleaned_data["before"])
        try:
            date.fromisoformat(place[:10])
        except ValueError:
            return ""
        return place

    def clean(self) -> dict[str, Any]:
        """Refuse days that are the wrong way round."""
        found = super().clean() or self.cleaned_data
        if found.get("since") and found.get("day") and found["since"] > found["day"]:
            self.add_error("day", "This day is before the first one.")
        return found

    def search(self) -> Search | None:
        """Return what is looked for, or None when the form has errors."""
        if not self.is_valid():
            return None
        typed = self.cleaned_data
        until = min(typed["day"] or today(), today())
        since = max(typed["since"] or BEGINNING, BEGINNING)
        return Search(
            typed["q"].strip(),
            typed["event"],
            typed["request"].strip(),
            since,
            until,
            typed["before"],
        )

    def narrowed(self) -> dict[str, str]:
        """Return what was typed, for addresses."""
        kept = ("q", "event", "request", "since", "day")
        typed = {name: self.data.get(name, "") for name in kept}
        return {name: value for name, value in typed.items() if value and name not in self.errors}

    def address(self, **more: str) -> str:
        """Return this search as part of an address."""
        return urlencode(self.narrowed() | more)

    @property
    def export_address(self) -> str:
        """Return the days as part of the export page's address."""
        return urlencode(
            {name: value for name, value in self.narrowed().items() if name in ("since", "day")}
        )

"""The form by which people search the audit log."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms

from core import request_ids
from core.audit import Event
from core.audit_search import BEGINNING, Search, today
from core.typed_text import without_marks

Choice = tuple[str, str]
"""A value and its label."""

DAYS_REVERSED = "This day is before the first one."


def event_choices() -> list[tuple[str, Any]]:
    """Return the choices of events, grouped by noun; `noun:` stands for all of a noun."""
    choices: dict[str, list[Choice]] = {}
    for event in sorted(Event):
        noun, verb, outcome = event.split(":")
        label = _in_words(f"{noun} {verb}: {outcome}")
        if noun not in choices:
            any_of_noun = (f"{noun}:", _in_words(f"any {noun} event"))
            choices[noun] = [any_of_noun]
        choices[noun].append((str(event), label))

    groups: list[tuple[str, Any]] = [("", "any event")]
    for noun, events in choices.items():
        groups.append((_in_words(noun), events))
    return groups


def _in_words(name: str) -> str:
    return name.replace("-", " ")


def _request_id_of(text: str) -> str:
    """Return the request id that was typed, also one of the shape that cooper made before."""
    return request_ids.read(text) or without_marks(text).strip()


def day_field(label: str, **named: Any) -> forms.DateField:
    """Return a field for a day, chosen with the browser's own means."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(
        label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"], **named
    )


class SearchForm(forms.Form):
    """Whose or what events, of which request, between which days; `before` is a page's place."""

    q = forms.CharField(label="Person, target or request id", required=False, max_length=500)
    event = forms.ChoiceField(label="Event", required=False)
    request = forms.CharField(label="Request id", required=False, max_length=64)
    since = day_field("From day (UTC)")
    day = day_field("To day (UTC)")
    before = forms.CharField(required=False, max_length=120, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        event_field: Any = self.fields["event"]
        event_field.choices = event_choices()
        for name in ("q", "request"):
            self.fields[name].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
        self.fields["q"].widget.attrs["list"] = "known-targets"

    def clean_before(self) -> str:
        """Return the place in the audit log; a garbled one counts as none."""
        place = str(self.cleaned_data["before"])
        try:
            date.fromisoformat(place[:10])
        except ValueError:
            return ""
        return place

    def clean(self) -> dict[str, Any]:
        """Refuse days that are the wrong way round."""
        cleaned_data = super().clean() or self.cleaned_data
        since = cleaned_data.get("since")
        until = cleaned_data.get("day")
        if since and until and since > until:
            self.add_error("day", DAYS_REVERSED)
        return cleaned_data

    def search(self) -> Search | None:
        """Return what is looked for, or None when the form has errors."""
        if not self.is_valid():
            return None

        values = self.cleaned_data
        name = without_marks(values["q"]).strip()
        request_id = _request_id_of(values["request"])
        if not request_id:
            # an id says what it is
            request_id = request_ids.read(name)
            name = "" if request_id else name

        return Search(
            name=name,
            event=values["event"],
            request_id=request_id,
            since=max(values["since"] or BEGINNING, BEGINNING),
            until=min(values["day"] or today(), today()),
            before=values["before"],
        )

    def parameters(self) -> dict[str, str]:
        """Return the search as parameters of an address, without those that have errors."""
        parameters = {}
        for name in ("q", "event", "request", "since", "day"):
            value = self.data.get(name, "")
            if value and name not in self.errors:
                parameters[name] = value
        return parameters

    def query_string(self, **more: str) -> str:
        """Return the search as an address has it, with `more` parameters."""
        return urlencode(self.parameters() | more)

    @property
    def export_query_string(self) -> str:
        """Return the days as the export page's address has them."""
        days = {"since", "day"}
        return urlencode({name: value for name, value in self.parameters().items() if name in days})

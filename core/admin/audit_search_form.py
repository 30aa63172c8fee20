"""The form by which people search the audit log."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms

from core import request_ids
from core.admin.event_choices import canonical, event_choices
from core.audit_search import BEGINNING, Search, today
from core.event_words import WAYS
from core.typed_text import without_marks

DAYS_REVERSED = "This day is before the first one."

AS_TYPED = {"autocomplete": "off", "spellcheck": "false"}
"""For names and ids, which a browser neither completes nor corrects."""

WAY_CHOICES = [("", "any way"), *zip(WAYS, WAYS, strict=True)]


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
    """Whose or what events, between which days; `before` is a page's place.

    `request` is a field of addresses alone: one that searches for a request, as links do, and by
    something else as well.
    """

    q = forms.CharField(
        label="Person, target, AWS account or request id",
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs=AS_TYPED | {"list": "known-names"}),
    )
    event = forms.ChoiceField(label="Event", required=False)
    way = forms.ChoiceField(label="Way", required=False, choices=WAY_CHOICES)
    request = forms.CharField(
        label="Request id",
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs=AS_TYPED),
    )
    since = day_field("From day (UTC)")
    day = day_field("To day (UTC)")
    before = forms.CharField(required=False, max_length=120, widget=forms.HiddenInput)

    def __init__(self, parameters: Mapping[str, str]) -> None:
        values = {name: parameters.get(name, "") for name in self.base_fields}
        values["event"] = canonical(values["event"])
        if not values["q"] and request_ids.read_any(values["request"]):
            # the first field takes an id as well
            values["q"] = values.pop("request")
        super().__init__(values)

        event_field: Any = self.fields["event"]
        event_field.choices = event_choices(values["event"])
        if not values.get("request"):
            del self.fields["request"]

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
        request_id = _request_id_of(values.get("request", ""))
        if not request_id:
            # an id says what it is
            request_id = request_ids.read_any(name)
            name = "" if request_id else name

        return Search(
            name=name,
            event=values["event"],
            way=values["way"],
            request_id=request_id,
            since=max(values["since"] or BEGINNING, BEGINNING),
            until=min(values["day"] or today(), today()),
            before=values["before"],
        )

    def parameters(self) -> dict[str, str]:
        """Return the search as parameters of an address, without those that have errors."""
        parameters = {}
        for name in ("q", "event", "way", "request", "since", "day"):
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
        parameters = self.parameters()
        for name in parameters.keys() - {"since", "day"}:
            del parameters[name]
        return urlencode(parameters)

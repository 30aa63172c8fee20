"""What people fill in for credentials: once more for one target, or at once for several."""

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts import stepup
from brokers.choices import SHORTEST_SESSION
from brokers.form_fields import NAME
from brokers.formats_of_several import GROWING
from brokers.forms import DEFAULT_SECONDS, WholeNumberField, duration_choices

MOST_TARGETS = 60
"""Targets of one form."""


class FreshForm(forms.Form):
    """The same grant once more: for as long and as reasoned before, with a new code."""

    duration = WholeNumberField(
        min_value=SHORTEST_SESSION, required=False, widget=forms.HiddenInput
    )
    reason = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, sensitive: bool, **named: Any) -> None:
        """Ask for a code where the target is sensitive."""
        super().__init__(*arguments, **named)
        if sensitive:
            self.fields[stepup.FIELD] = stepup.field()


class SeveralForm(forms.Form):
    """Which targets, for how long, in which format, and why."""

    duration = WholeNumberField(
        label="For how long",
        min_value=SHORTEST_SESSION,
        required=False,
        help_text="Shorter where a target lasts less.",
    )
    format = forms.ChoiceField(
        choices=[(growing.id, growing.label) for growing in GROWING.values()],
        required=False,
        help_text="To begin with; all come.",
    )
    reason = forms.CharField(
        label="Reason", max_length=500, required=False, help_text="Optional; kept in the audit log."
    )

    def __init__(
        self, *arguments: Any, longest: int, ticked: Sequence[str] = (), **named: Any
    ) -> None:
        """Offer durations up to `longest` seconds; `ticked` are names of targets, as sent."""
        super().__init__(*arguments, **named)
        self.label_suffix = ""
        self.targets = list(dict.fromkeys(ticked))
        self.longest = longest
        duration = self.fields["duration"]
        duration.widget = forms.Select(choices=duration_choices(longest))
        duration.initial = min(DEFAULT_SECONDS, longest)
        self.fields["reason"].widget.attrs["autocomplete"] = "off"

    def clean_duration(self) -> int:
        """Return the seconds, the default when none were given."""
        seconds: int | None = self.cleaned_data["duration"]
        return min(seconds or DEFAULT_SECONDS, self.longest)

    def clean(self) -> dict[str, Any] | None:
        """Demand targets: some, not too many, and by what may be a name; raise ValidationError."""
        if not self.targets:
            raise forms.ValidationError("Tick one target at least.")
        if len(self.targets) > MOST_TARGETS:
            raise forms.ValidationError(f"Tick {MOST_TARGETS} targets at most.")

        for name in self.targets:
            if not NAME.fullmatch(name):
                raise forms.ValidationError("One of these is not the name of a target.")
        return super().clean()

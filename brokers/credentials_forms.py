"""What people fill in for credentials: once more for one target, or at once for several."""

from typing import Any

from django import forms

from accounts import stepup
from brokers.choices import SHORTEST_SESSION
from brokers.forms import WholeNumberField


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

"""What people fill in to become a target."""

from typing import Any

from django import forms

from accounts import stepup
from brokers.choices import ONE_HOUR, SHORTEST_SESSION, describe_seconds
from core.typed_text import number_of

DURATIONS = (SHORTEST_SESSION, ONE_HOUR, 7200, 14_400, 28_800, 43_200, 86_400, 129_600)
"""Seconds to choose from."""

DEFAULT_SECONDS = ONE_HOUR
"""Chosen unless the target's longest session is shorter."""


def duration_choices(longest: int) -> list[tuple[int, str]]:
    """Return the choices up to `longest` seconds, the longest included."""
    durations = {seconds for seconds in DURATIONS if seconds <= longest}
    durations.add(longest)
    return [(seconds, describe_seconds(seconds)) for seconds in sorted(durations)]


class WholeNumberField(forms.IntegerField):
    """A whole number, in whatever script and with blanks between its digits."""

    def to_python(self, value: Any) -> int | None:
        """Return the number, or None; raise ValidationError."""
        if isinstance(value, str):
            value = number_of(value)
        return super().to_python(value)


class BecomeForm(forms.Form):
    """How long, why, and for the console where to land."""

    duration = WholeNumberField(label="For how long", min_value=SHORTEST_SESSION, required=False)
    destination = forms.CharField(
        label="Where to land in the console",
        max_length=2000,
        required=False,
        help_text="Optional: a path such as /s3/home, or a console address.",
    )
    reason = forms.CharField(
        label="Reason", max_length=500, required=False, help_text="Optional; kept in the audit log."
    )

    def __init__(
        self, *arguments: Any, longest: int, sensitive: bool = False, **named: Any
    ) -> None:
        """Offer durations up to `longest` seconds; ask for a code where the target is sensitive."""
        super().__init__(*arguments, **named)
        self.longest = longest
        if sensitive:
            self.fields[stepup.FIELD] = stepup.field()

        duration = self.fields["duration"]
        duration.widget = forms.Select(choices=duration_choices(longest))
        duration.initial = min(DEFAULT_SECONDS, longest)

        self.fields["destination"].widget.attrs["autocomplete"] = "off"
        self.fields["reason"].widget.attrs["autocomplete"] = "off"

    def clean_duration(self) -> int:
        """Return the seconds, the default when none were given."""
        seconds: int | None = self.cleaned_data["duration"]
        if seconds is None:
            return min(DEFAULT_SECONDS, self.longest)

        if seconds > self.longest:
            in_words = describe_seconds(self.longest)
            raise forms.ValidationError(
                f"At most {self.longest} seconds ({in_words}) for this target."
            )
        return seconds

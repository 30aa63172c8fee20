"""What people type at a door."""

from typing import Any

from django import forms

from accounts import stepup

CHOICES = (900, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 129_600)
DEFAULT = 3600


def spoken(seconds: int) -> str:
    """Return a duration in words."""
    hours, minutes = divmod(seconds // 60, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes)
    return " ".join(parts)


def durations(longest: int) -> list[tuple[int, str]]:
    """Return the choices up to `longest` seconds, the longest included."""
    return [
        (each, spoken(each)) for each in sorted({*(c for c in CHOICES if c <= longest), longest})
    ]


class BecomeForm(forms.Form):
    """How long, why, and for the console where to land."""

    duration = forms.IntegerField(label="For how long", min_value=900, required=False)
    destination = forms.CharField(
        label="Where to land in the console",
        max_length=2000,
        required=False,
        help_text="Optional: a path such as /s3/home, or a console address.",
    )
    reason = forms.CharField(
        label="Reason", max_length=500, required=False, help_text="Optional; kept on record."
    )

    def __init__(
        self, *arguments: Any, longest: int, sensitive: bool = False, **named: Any
    ) -> None:
        """Offer durations up to `longest` seconds; ask for a code where the target is sensitive."""
        super().__init__(*arguments, **named)
        if sensitive:
            self.fields[stepup.FIELD] = stepup.field()
        self.longest = longest
        field = self.fields["duration"]
        field.widget = forms.Select(choices=durations(longest))
        field.initial = min(DEFAULT, longest)
        self.fields["destination"].widget.attrs |= {"autocomplete": "off"}
        self.fields["reason"].widget.attrs |= {"autocomplete": "off"}

    def clean_duration(self) -> int:
        """Return the seconds, the default when none were given."""
        seconds: int | None = self.cleaned_data["duration"]
        longest = self.longest
        if seconds is None:
            return min(DEFAULT, longest)
        if seconds > longest:
            raise forms.ValidationError(
                f"At most {longest} seconds ({spoken(longest)}) for this target."
            )
        return seconds

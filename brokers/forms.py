"""What people fill in to become a target."""

from functools import partial
from typing import Any

from django import forms
from django.utils.choices import CallableChoiceIterator

from accounts import stepup
from brokers.catalogue_rows import AnyTarget
from brokers.choices import ONE_HOUR, SHORTEST_SESSION, describe_seconds
from brokers.console_services import SERVICES, service_named
from brokers.regions import regions_of
from core.partitions import check_region
from core.typed_text import number_of, sentence

DURATIONS = (SHORTEST_SESSION, ONE_HOUR, 7200, 14_400, 28_800, 43_200, 86_400, 129_600)
"""Seconds to choose from."""

DEFAULT_SECONDS = ONE_HOUR
"""Chosen unless the target's longest session is shorter."""


def seconds_in_words(seconds: int) -> str:
    """Return a duration as a sentence has it, as in "1 hour 30 minutes"."""
    hours, minutes = divmod(seconds // 60, 60)
    parts = []
    if hours:
        parts.append("1 hour" if hours == 1 else f"{hours} hours")
    if minutes:
        parts.append(f"{minutes} minutes")
    return " ".join(parts)


def duration_choices(longest: int) -> list[tuple[int, str]]:
    """Return the choices up to `longest` seconds, the longest included."""
    durations = {seconds for seconds in DURATIONS if seconds <= longest}
    durations.add(longest)
    return [(seconds, seconds_in_words(seconds)) for seconds in sorted(durations)]


class ServiceSelect(forms.Select):
    """The services to choose from, each with its path, for the link that a browser copies."""

    def __init__(self, target: AnyTarget | None) -> None:
        """Offer the services, and the page of `target` before them."""
        # these choices are made when the page is shown, not for each grant
        super().__init__(choices=CallableChoiceIterator(partial(_service_choices, target)))
        self.paths = {service.key: service.path for service in SERVICES}
        if target and target.destination:
            self.paths[""] = str(target.destination)

    def create_option(self, name: str, value: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
        """Return what the option is rendered from."""
        option = super().create_option(name, value, *arguments, **named)
        if str(value) in self.paths:
            option["attrs"]["data-path"] = self.paths[str(value)]
        return option


def _service_choices(target: AnyTarget | None) -> list[tuple[str, str]]:
    own_page = str(target.destination or "") if target else ""
    first = f"The target's page: {own_page}" if own_page else "Console home"
    services = sorted(SERVICES, key=lambda service: service.title.lower())
    return [("", first), *((service.key, service.title) for service in services)]


def _region_choices(target: AnyTarget | None) -> list[tuple[str, str]]:
    own_region = str(target.region or "") if target else ""
    first = f"The target's: {own_region}" if own_region else "The one AWS chooses"
    regions = regions_of(str(target.partition)) if target else ()
    return [("", first), *((region.name, str(region)) for region in regions)]


class WholeNumberField(forms.IntegerField):
    """A whole number, in whatever script and with blanks between its digits."""

    def to_python(self, value: Any) -> int | None:
        """Return the number, or None; raise ValidationError."""
        if isinstance(value, str):
            value = number_of(value)
        return super().to_python(value)


def demanded_reason_field(example: str) -> forms.CharField:
    """Return the field for the reason that a target demands; `example` is one that matches."""
    such_as = f"Such as {example}. " if example else ""
    needed = f"This target takes a reason such as {example}." if example else "Give a reason."
    return forms.CharField(
        label="Reason",
        max_length=500,
        help_text=f"{such_as}Visible in the target's CloudTrail; no secrets.",
        error_messages={"required": needed},
    )


class BecomeForm(forms.Form):
    """How long, why, and for the console where to land."""

    duration = WholeNumberField(label="For how long", min_value=SHORTEST_SESSION, required=False)
    service = forms.CharField(label="Service", max_length=40, required=False)
    region = forms.CharField(label="Region", max_length=40, required=False)
    destination = forms.CharField(
        label="Path or address",
        max_length=2000,
        required=False,
        help_text="A path such as /s3/buckets/logs, or an address of the console. "
        "It counts instead of the service.",
    )
    reason = forms.CharField(
        label="Reason", max_length=500, required=False, help_text="Optional; kept in the audit log."
    )

    def __init__(
        self,
        *arguments: Any,
        longest: int,
        sensitive: bool = False,
        target: AnyTarget | None = None,
        **named: Any,
    ) -> None:
        """Offer durations up to `longest` seconds, and the console's pages and regions of `target`.

        Ask for a code where the target is sensitive, and for a reason where it demands one; whether
        a reason matches is looked at by the grant.
        """
        super().__init__(*arguments, **named)
        self.label_suffix = ""
        self.longest = longest
        self.target = target
        self.fields["service"].widget = ServiceSelect(target)
        self.fields["region"].widget = forms.Select(
            choices=CallableChoiceIterator(partial(_region_choices, target))
        )
        if target and target.reason_pattern:
            self.fields["reason"] = demanded_reason_field(str(target.reason_example or ""))
        if sensitive:
            self.fields[stepup.FIELD] = stepup.field()

        duration = self.fields["duration"]
        duration.widget = forms.Select(
            choices=CallableChoiceIterator(partial(duration_choices, longest))
        )
        duration.initial = min(DEFAULT_SECONDS, longest)

        self.fields["destination"].widget.attrs["autocomplete"] = "off"
        self.fields["reason"].widget.attrs["autocomplete"] = "off"

    @property
    def duration_in_words(self) -> str:
        """For how long the console opens, as the form stands."""
        shown = number_of(str(self["duration"].value() or ""))
        seconds = int(shown) if shown.isdecimal() else min(DEFAULT_SECONDS, self.longest)
        return seconds_in_words(min(seconds, self.longest))

    def clean_service(self) -> str:
        """Return the service's key; raise ValidationError for one that is not offered."""
        service: str = self.cleaned_data["service"]
        if service and not service_named(service):
            raise forms.ValidationError("Choose a service of the list.")
        return service

    def clean_region(self) -> str:
        """Return the region; raise ValidationError for one of another partition.

        It need not be on the list: AWS has new ones before this cooper has heard of them.
        """
        region: str = self.cleaned_data["region"]
        if region and self.target:
            try:
                check_region(region, str(self.target.partition))
            except ValueError as error:
                raise forms.ValidationError(sentence(error)) from error
        return region

    @property
    def landing(self) -> str:
        """The page that was asked for: the one that was typed, or else the service's."""
        typed: str = self.cleaned_data["destination"].strip()
        service = service_named(self.cleaned_data["service"])
        if typed or not service:
            return typed
        return service.path

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

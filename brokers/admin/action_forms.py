"""What actions over many targets ask for first."""

from typing import Any

from django import forms

from brokers.admin.associations import GROUP_HELP, UNTIL_HELP
from brokers.form_fields import (
    CommandLinesField,
    ContactField,
    GroupField,
    RankField,
    ReasonPatternField,
    SecondsField,
    UntilField,
    check_reason_example,
)
from brokers.grants import CEILINGS
from brokers.models import Kind
from brokers.reason_patterns import LONGEST_REASON
from core import admin


class AssociateForm(forms.Form):
    """A group, and for how long."""

    group = GroupField(max_length=560, help_text=GROUP_HELP)
    until = UntilField(required=False, help_text=UNTIL_HELP)


class DissociateForm(forms.Form):
    """A group."""

    group = GroupField(max_length=560, help_text=GROUP_HELP)


class LongestSessionForm(forms.Form):
    """The longest session."""

    max_seconds = SecondsField(CEILINGS[Kind.FEDERATED_USER], label="Longest session")


class OwnerForm(forms.Form):
    """Whom to ask."""

    owner = ContactField(
        required=False, help_text="Whom people ask: a person, a team or an address. Empty: nobody."
    )


class RankForm(forms.Form):
    """How powerful."""

    rank = RankField(
        required=False,
        help_text="0 to 999: links offer the least powerful first. Empty: after all others.",
    )


class ReasonForm(forms.Form):
    """Which reason is demanded, if any."""

    reason_pattern = ReasonPatternField(
        required=False, label="Pattern of the reason", help_text="Empty: none is demanded."
    )
    reason_example = admin.LineField(
        required=False, label="Example of a reason", max_length=LONGEST_REASON
    )

    def clean(self) -> dict[str, Any]:
        """Demand an example that matches."""
        cleaned = super().clean() or self.cleaned_data
        if "reason_pattern" in cleaned:
            try:
                check_reason_example(cleaned["reason_pattern"], cleaned.get("reason_example") or "")
            except forms.ValidationError as error:
                self.add_error("reason_example", error)
        return cleaned


class CommandLinesForm(forms.Form):
    """How they are open to command lines."""

    command_lines = CommandLinesField(
        label="Command lines",
        help_text="It counts for targets that take a one-time code or a reason.",
    )


ACTION_FORMS = (
    AssociateForm,
    CommandLinesForm,
    DissociateForm,
    LongestSessionForm,
    OwnerForm,
    RankForm,
    ReasonForm,
)

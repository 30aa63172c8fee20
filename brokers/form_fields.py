"""Form fields of targets and associations, each with its rule and the words for breaking it."""

import re
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.identity import Group
from brokers import arns, policies
from brokers.choices import COMMAND_LINES, SHORT_FOR_TOOLS, SHORTEST_SESSION, describe_seconds
from brokers.forms import WholeNumberField
from brokers.policies import POLICY_LIMIT
from brokers.reason_patterns import LONGEST_PATTERN, PatternError, parse
from core import admin
from core.groups import check_stored_group
from core.partitions import REGION
from core.typed_text import sentence

NAME = re.compile(r"[A-Za-z0-9][\w+=,.@-]{0,63}", re.ASCII)
LABEL = re.compile(r"[\w.-]{1,32}(=[\w./@-]{1,64})?", re.ASCII)
MOST_LABELS = 20

MOST_POLICY_ARNS = 10

COLOURS = ("", "green", "blue", "orange", "red", "purple", "grey")


class NameField(forms.CharField):
    """A target's name."""

    def clean(self, value: Any) -> str:
        """Return the name; raise ValidationError."""
        name = str(super().clean(value))
        if not NAME.fullmatch(name):
            raise ValidationError(
                "1 to 64 of A-Z a-z 0-9 _ + = , . @ - and a letter or digit first."
            )
        return name


class GroupField(forms.CharField):
    """A group, written `provider:name`; a bare name means `local:`.

    Pages of the administration suggest what exists, by the list that its input names.
    """

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return super().widget_attrs(widget) | {"list": "known-groups"}

    def clean(self, value: Any) -> str:
        """Return the group as it is written; raise ValidationError."""
        text = super().clean(value)
        if not text:
            return ""
        try:
            group = str(Group.parse(str(text)))
            check_stored_group(group)
        except ValueError as error:
            raise ValidationError(f"Not a valid group: {error}.") from error
        return group


class RoleArnField(forms.CharField):
    """The ARN of a role."""

    def clean(self, value: Any) -> str:
        """Return the ARN; raise ValidationError."""
        text = str(super().clean(value))
        try:
            return str(arns.role_arn(text))
        except ValueError as error:
            raise ValidationError(sentence(error)) from error


class RoleNameField(forms.CharField):
    """What links call a target within its AWS account, as they would name a role."""

    def clean(self, value: Any) -> str:
        """Return the name, or ""; raise ValidationError."""
        role_name = str(super().clean(value))
        if role_name and not arns.ROLE_NAME.fullmatch(role_name):
            raise ValidationError("1 to 64 of A-Z a-z 0-9 _ + = , . @ -")
        return role_name


class ContactField(admin.LineField):
    """Whom people ask: a person, a team or an address."""

    def __init__(self, **named: Any) -> None:
        """Take a line of up to 120 characters."""
        super().__init__(max_length=120, **named)


class RankField(WholeNumberField):
    """How powerful a target is, from 0 to 999."""

    def __init__(self, **named: Any) -> None:
        """Take whole numbers from 0 to 999."""
        super().__init__(min_value=0, max_value=999, **named)


class ReasonPatternField(admin.LineField):
    """What a reason has to look like; see `brokers.reason_patterns`."""

    def __init__(self, **named: Any) -> None:
        """Take patterns of the length that they may have."""
        super().__init__(max_length=LONGEST_PATTERN, **named)

    def clean(self, value: Any) -> str:
        """Return the pattern, or ""; raise ValidationError."""
        text = str(super().clean(value))
        if text:
            try:
                parse(text)
            except PatternError as error:
                raise ValidationError(sentence(error)) from error
        return text


class CommandLinesField(forms.ChoiceField):
    """How a target is open to command lines."""

    def __init__(self, **named: Any) -> None:
        """Offer the choices that there are; the first one is closed."""
        super().__init__(choices=COMMAND_LINES, required=False, **named)


class RegionField(forms.CharField):
    """A region, such as eu-central-1; it becomes part of a host name."""

    def clean(self, value: Any) -> str:
        """Return the region, or ""; raise ValidationError."""
        region = str(super().clean(value))
        # not a RegexField, which is content with a region somewhere in the text
        if region and not REGION.fullmatch(region):
            raise ValidationError("This is not a region such as eu-central-1.")
        return region


class SecondsField(WholeNumberField):
    """The longest session in seconds, within AWS's limits for the kind."""

    def __init__(self, longest: int, **named: Any) -> None:
        """Take seconds from AWS's shortest session to `longest`."""
        shortest_text = f"{SHORTEST_SESSION} ({describe_seconds(SHORTEST_SESSION)})"
        longest_text = f"{longest} ({describe_seconds(longest)})"
        tools_text = f"{SHORT_FOR_TOOLS} ({describe_seconds(SHORT_FOR_TOOLS)})"
        help_text = (
            f"Seconds, from {shortest_text} to {longest_text}. "
            f"Below {tools_text} command lines ask anew for every command."
        )
        super().__init__(
            min_value=SHORTEST_SESSION, max_value=longest, help_text=help_text, **named
        )


class UntilField(admin.MomentField):
    """The moment (UTC) from which an association no longer entitles."""

    def clean(self, value: Any) -> datetime | None:
        """Return the moment in UTC, or None; raise ValidationError."""
        moment: datetime | None = super().clean(value)
        if not moment:
            return None

        try:
            return moment.astimezone(UTC)
        except OverflowError as error:
            # the last evening of year 9999 further west is in no year that Python knows
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error


class LabelsField(admin.LinesField):
    """Labels, one a line."""

    def clean(self, value: Any) -> list[str]:
        """Return the labels; raise ValidationError."""
        labels: list[str] = super().clean(value)
        for label in labels:
            if not LABEL.fullmatch(label):
                raise ValidationError(f"{label[:100]} is not a label such as env=prod.")
        if len(labels) > MOST_LABELS:
            raise ValidationError(f"At most {MOST_LABELS} labels.")
        return labels


# -- session policies ------------------------------------------------------------------------------
class SessionPolicyField(admin.TextField):
    """A session policy as AWS takes it."""

    def clean(self, value: Any) -> str:
        """Return the policy as it was typed; raise ValidationError."""
        text = str(super().clean(value) or "").strip()
        if text:
            try:
                policies.check_session_policy(text)
            except policies.PolicyRefused as error:
                raise ValidationError(error.problems) from error
        return text


class PolicyArnsField(admin.LinesField):
    """ARNs of managed policies, one a line, ten at most."""

    def clean(self, value: Any) -> list[str]:
        """Return the ARNs; raise ValidationError."""
        policy_arns: list[str] = super().clean(value)
        for arn in policy_arns:
            if not arns.is_policy_arn(arn):
                raise ValidationError(f"{arn[:200]} is not the ARN of a managed policy.")
        if len(policy_arns) > MOST_POLICY_ARNS:
            raise ValidationError(f"{len(policy_arns)} ARNs; AWS takes {MOST_POLICY_ARNS} at most.")
        return policy_arns


def check_policy_length(session_policy: str, policy_arns: list[str]) -> None:
    """Raise ValidationError when a session policy and managed ones' ARNs are too long together."""
    if not policy_arns:
        return
    length = len(session_policy) + sum(len(arn) for arn in policy_arns)
    if length > POLICY_LIMIT:
        raise ValidationError(
            f"{length:,} characters with the session policy ({len(session_policy):,}); "
            f"AWS takes {POLICY_LIMIT:,} together."
        )


def check_reason_example(pattern: str, example: str) -> None:
    """Raise ValidationError unless a pattern comes with an example that matches it."""
    if not pattern:
        if example:
            raise ValidationError("An example needs a pattern that it matches.")
        return
    if not example:
        raise ValidationError("Give an example: people see it where they type the reason.")
    if not parse(pattern).matches(example):
        raise ValidationError("This does not match the pattern.")

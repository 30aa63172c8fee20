"""Form fields of targets and associations, each with its rule and the words for breaking it."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.identity import Group
from brokers import arns
from brokers.forms import describe_seconds
from core import admin

NAME = re.compile(r"[A-Za-z0-9][\w+=,.@-]{0,63}", re.ASCII)
LABEL = re.compile(r"[\w.-]{1,32}(=[\w./@-]{1,64})?", re.ASCII)
POLICY_CHARACTERS = 2048
"""Characters of a session policy at most (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html)."""

POLICY_ARNS = 10
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
    """A group, written `provider:name`; a bare name means `local:`."""

    def clean(self, value: Any) -> str:
        """Return the group as it is written; raise ValidationError."""
        text = super().clean(value)
        if not text:
            return ""
        try:
            return str(Group.parse(str(text)))
        except ValueError as error:
            raise ValidationError(f"This is no group: {error}.") from error


class RoleArnField(forms.CharField):
    """The ARN of a role."""

    def clean(self, value: Any) -> str:
        """Return the ARN; raise ValidationError."""
        try:
            return str(arns.role_arn(str(super().clean(value))))
        except ValueError as error:
            raise ValidationError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error


class SessionPolicyField(forms.CharField):
    """A session policy: JSON with a Version and statements, at most 2,048 characters."""

    def clean(self, value: Any) -> str:
        """Return the policy as it was typed; raise ValidationError."""
        text = str(super().clean(value) or "").strip()
        if text:
            _check_policy(text)
        return text


def _check_policy(text: str) -> None:
    """Raise ValidationError saying what is wrong with a session policy."""
    if len(text) > POLICY_CHARACTERS:
        raise ValidationError(f"{len(text):,} characters; AWS takes {POLICY_CHARACTERS:,} at most.")
    if not re.fullmatch(r"[\t\n\r\x20-\xff]+", text):
        raise ValidationError("AWS takes no characters beyond Latin-1 in a policy.")
    try:
        policy = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValidationError(
            f"This is not JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        ) from error
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not statements:
        raise ValidationError('A policy is {"Version": "2012-10-17", "Statement": [...]}.')
    for number, each in enumerate(statements, 1):
        lacking = {"Effect", "Action", "Resource"} - _parts(each)
        if lacking:
            raise ValidationError(f"Statement {number} lacks {', '.join(sorted(lacking))}.")


def _parts(statement: Any) -> set[str]:
    """Return which parts a statement has; NotAction stands for Action."""
    names = set(statement) if isinstance(statement, dict) else set()
    return names | {name.removeprefix("Not") for name in names}


class PolicyArnsField(admin.LinesField):
    """ARNs of managed policies, one a line, ten at most."""

    def clean(self, value: Any) -> list[str]:
        """Return the ARNs; raise ValidationError."""
        found: list[str] = super().clean(value)
        odd = [each for each in found if not arns.is_policy_arn(each)]
        if odd:
            raise ValidationError(f"{odd[0][:200]} is not the ARN of a managed policy.")
        if len(found) > POLICY_ARNS:
            raise ValidationError(f"{len(found)} ARNs; AWS takes {POLICY_ARNS} at most.")
        return found


def check_room(policy: str, policy_arns: list[str]) -> None:
    """Raise ValidationError when a session policy and the ARNs of managed ones are too long together."""
    used = len(policy) + sum(map(len, policy_arns))
    if policy_arns and used > POLICY_CHARACTERS:
        raise ValidationError(
            f"{used:,} characters with the session policy ({len(policy):,}); AWS takes {POLICY_CHARACTERS:,} together."
        )


class LabelsField(admin.LinesField):
    """Labels, one a line."""

    def clean(self, value: Any) -> list[str]:
        """Return the labels; raise ValidationError."""
        found: list[str] = super().clean(value)
        odd = [each for each in found if not LABEL.fullmatch(each)]
        if odd:
            raise ValidationError(f"{odd[0][:100]} is not a label such as env=prod.")
        if len(found) > 20:
            raise ValidationError("At most 20 labels.")
        return found


class SecondsField(forms.IntegerField):
    """The longest session in seconds, within AWS's limits for the kind."""

    def __init__(self, longest: int, **named: Any) -> None:
        """Take seconds from 900 to `longest`."""
        words = f"Seconds, from 900 (15 min) to {longest} ({describe_seconds(longest)})."
        super().__init__(min_value=900, max_value=longest, help_text=words, **named)


class UntilField(admin.MomentField):
    """The moment (UTC) from which an association no longer entitles."""

    def clean(self, value: Any) -> datetime | None:
        """Return the moment in UTC, or None."""
        found: datetime | None = super().clean(value)
        return found.astimezone(UTC) if found else None

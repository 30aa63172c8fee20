"""Filters of the list of targets."""

from typing import Any

from django.http import HttpRequest

from brokers import catalogue
from brokers.choices import COMMAND_LINES
from core import admin

COMMAND_LINE_LABELS = dict(COMMAND_LINES)

KINDS = {"role": "IAM role", "federated_user": "federated user"}

SEARCH_FIELDS = (
    "name",
    "title",
    "description",
    "account",
    "role_arn",
    "role_name",
    "owner",
    "labels",
    "groups",
)
SEARCH_HELP = "Name, title, AWS account, ARN, role name, owner, label or group."


class KindFilter(admin.ValuesFilter):
    """Filters by kind."""

    title = "kind"
    parameter_name = "kind"
    labels = KINDS


class StateFilter(admin.ValuesFilter):
    """Filters by state."""

    title = "state"
    parameter_name = "state"


class SensitiveFilter(admin.ValuesFilter):
    """Filters by whether becoming it takes a code."""

    title = "sensitive"
    parameter_name = "sensitive"


class CommandLinesFilter(admin.ValuesFilter):
    """Filters by how they are open to command lines."""

    title = "command lines"
    parameter_name = "command_lines"
    labels = COMMAND_LINE_LABELS


class LabelFilter(admin.ValuesFilter):
    """Filters by label."""

    title = "label"
    parameter_name = "labels"


class OwnerFilter(admin.ValuesFilter):
    """Filters by whom to ask."""

    title = "owner"
    parameter_name = "owner"


class AwsAccountFilter(admin.ValuesFilter):
    """Filters by AWS account."""

    title = "AWS account"
    parameter_name = "aws_account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the AWS accounts that targets are in, with their names."""
        accounts = catalogue.latest().accounts
        numbers = [number for number, _ in super().lookups(request, model_admin)]
        return [(number, str(accounts.get(number, number))) for number in numbers]


FILTERS = (
    StateFilter,
    KindFilter,
    AwsAccountFilter,
    LabelFilter,
    OwnerFilter,
    SensitiveFilter,
    CommandLinesFilter,
)

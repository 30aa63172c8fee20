"""Filters of the list of targets."""

from typing import Any

from django.http import HttpRequest

from brokers import catalogue
from core import admin

KINDS = {"role": "IAM role", "federated_user": "federated user"}


class KindFilter(admin.ValuesFilter):
    """Filters by kind."""

    title = parameter_name = "kind"
    labels = KINDS


class StateFilter(admin.ValuesFilter):
    """Filters by state."""

    title = parameter_name = "state"


class SensitiveFilter(admin.ValuesFilter):
    """Filters by whether becoming it takes a code."""

    title = parameter_name = "sensitive"


class LabelFilter(admin.ValuesFilter):
    """Filters by label."""

    title, parameter_name = "label", "labels"


class AwsAccountFilter(admin.ValuesFilter):
    """Filters by AWS account."""

    title, parameter_name = "AWS account", "aws_account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the AWS accounts by name."""
        held = catalogue.latest().accounts
        return [
            (number, str(held.get(number, number)))
            for number, _ in super().lookups(request, model_admin)
        ]

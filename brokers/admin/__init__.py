"""The admin of AWS access: targets, associations, AWS accounts, and what people have become."""

from brokers.admin.associations import AssociationAdmin, AssociationInline
from brokers.admin.aws_accounts import AwsAccountAdmin
from brokers.admin.overview import disabled_people_card, refusals_card
from brokers.admin.people import PersonWithGrantsAdmin
from brokers.admin.settings import SettingsAdmin
from brokers.admin.stop_all import StopAllGrantsAdmin
from brokers.admin.targets import TargetAdmin

__all__ = [
    "AssociationAdmin",
    "AssociationInline",
    "AwsAccountAdmin",
    "PersonWithGrantsAdmin",
    "SettingsAdmin",
    "StopAllGrantsAdmin",
    "TargetAdmin",
    "disabled_people_card",
    "refusals_card",
]

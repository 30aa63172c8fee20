"""What the list of targets shows of each; what it names is linked."""

from typing import Any

from django.utils.html import format_html

from brokers import catalogue
from brokers.admin import last_used
from brokers.admin.filters import KINDS
from core import admin
from core.admin.links import Links, Thing

TO_ADMINISTRATORS = Links(administers=True)
"""Lists of targets are open to administrators alone."""


@admin.display(description="AWS account", ordering="aws_account")
def account(target: Any) -> str:
    """Return the AWS account's name and number, as searches read them."""
    aws_account = catalogue.latest().accounts.get(str(target.aws_account))
    return str(aws_account or target.aws_account or "-")


@admin.display(description="AWS account", ordering="aws_account")
def account_link(target: Any) -> str:
    """Return the same as a link."""
    if not target.aws_account:
        return "-"
    address = TO_ADMINISTRATORS.address(Thing.AWS_ACCOUNT, target.aws_account)
    return format_html('<a href="{}">{}</a>', address, account(target))


@admin.display(description="Owner", ordering="owner", empty_value="")
def owner_label(target: Any) -> str:
    """Return whom people ask about it, if anybody is named."""
    return str(target.owner or "")


@admin.display(description="Kind", ordering="kind")
def kind_label(target: Any) -> str:
    """Return the kind in words."""
    return KINDS[str(target.kind)]


@admin.display(description="State", ordering="state")
def state_label(target: Any) -> str:
    """Return the state; one in which nobody becomes it looks like danger."""
    return str(target.state) if target.enabled else admin.danger(str(target.state))


@admin.display(description="Groups")
def groups(target: Any) -> str:
    """Return the groups that may become it, as searches read them."""
    return ", ".join(_groups_of(target))


@admin.display(description="Groups")
def group_links(target: Any) -> str:
    """Return the groups, each with a link to all that it may become."""
    return TO_ADMINISTRATORS.to_all(Thing.GROUP, _groups_of(target))


@admin.display(description="Last used (UTC)")
def last_use(target: Any) -> str:
    """Return the day that somebody became it last."""
    try:
        moment = last_used.remembered(target.name)
    except KeyError:
        return "cannot be read now"
    if moment is None:
        return "-"
    return f"{moment:%Y-%m-%d}"


def _groups_of(target: Any) -> list[str]:
    rules = catalogue.latest().associations_by_target.get(target.name, ())
    return sorted(rule.group for rule in rules)

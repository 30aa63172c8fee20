"""A target's name in links, as its form and its deletion treat it: given once, warned of."""

from brokers import arns, role_names
from brokers.catalogue_rows import AnyTarget, CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.models import Target
from brokers.role_names import Place, role_name_of
from core.admin import AdminOperation
from core.errors import Invalid

NAMED_BY = {"role_name", "role_arn", "federation_keys"}
"""Fields of the form that decide what links call a target, and in which AWS account."""


def may_take_name(operation: AdminOperation[Target]) -> bool:
    """Return whether links may call the target otherwise after this than before it.

    One that is left alone may share its name since before there were such names: set-up says so.
    """
    changed = operation.changes.before_and_after.keys()
    return operation.is_adding or bool(NAMED_BY & changed)


def demand_free(current: Catalogue, operation: AdminOperation[Target]) -> None:
    """Raise Invalid when links call another target of the AWS account as they would this one."""
    if not may_take_name(operation):
        return
    target = operation.document
    place = _place(target)
    if not all(place):
        return
    names = role_names.others_called(current.targets.values(), place, but=str(target.name))
    if names:
        message = role_names.taken_message(str(_role_name(target)), names)
        raise Invalid(message, field="role_name")


def lines_about_change(before: CatalogueTarget | None, target: Target) -> list[str]:
    """Return the warning that links no longer lead to a target as it was called before."""
    if not before or not before.role_name:
        return []
    if _place(target) == role_names.place_of(before.aws_account, before.role_name):
        return []
    return [_broken_links(before)]


def lines_about_removal(target: Target) -> list[str]:
    """Return the warning that links no longer lead to a target that is removed."""
    if not all(_place(target)):
        return []
    return [_broken_links(target)]


def _broken_links(target: AnyTarget) -> str:
    return (
        f"Links by the role name {_role_name(target)} in AWS account {target.aws_account} "
        "no longer lead to this target."
    )


def _role_name(target: AnyTarget) -> str | None:
    return role_name_of({"role_name": target.role_name, "role_arn": target.role_arn})


def _place(target: Target) -> Place:
    aws_account = target.aws_account
    if target.is_role:
        # what was typed is not examined yet, and the ARN says it
        aws_account = arns.role_arn(str(target.role_arn)).account_id
    return role_names.place_of(aws_account, _role_name(target))

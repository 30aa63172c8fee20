"""Associations that make no sense: a system check that reads DynamoDB."""

from collections.abc import Iterator

from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from accounts.identity import Group
from accounts.providers import provider_ids
from brokers.models import Association


def check_associations() -> Iterator[CheckMessage]:
    """Warn of associations with groups that nobody is in, or that look like another provider's."""
    targets_by_group: dict[str, list[str]] = {}
    for association in Association.everything():
        targets = targets_by_group.setdefault(str(association.group), [])
        targets.append(str(association.target))

    ids = provider_ids()
    for text, targets in sorted(targets_by_group.items()):
        problem = _problem_with(text, ids)
        if problem:
            yield CheckWarning(
                f"{text} may become {', '.join(sorted(targets))}, and {problem}.",
                hint="Delete the association, or connect the provider: cooper -saml add",
                id="cooper.W006",
            )


def _problem_with(text: str, ids: frozenset[str]) -> str:
    provider_id = Group.from_stored(text).provider
    if provider_id not in ids:
        return f"there is no provider {provider_id}: nobody is in that group"
    try:
        Group.parse(text)
    except ValueError as error:
        # an older cooper took it
        return str(error)
    return ""

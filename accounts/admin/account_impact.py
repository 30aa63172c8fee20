"""What a change of a local account gives its person, and what it takes from them."""

from collections.abc import Iterable

from accounts import administrators, entitlement_hooks
from accounts.identity import Group, Identity
from accounts.models import LocalAccount

MOST_NAMED = 10
"""Targets that a line names; more are counted."""


def impact_lines(before: LocalAccount | None, after: LocalAccount | None) -> list[str]:
    """Return who gains and who loses what, a line each; None stands for no account.

    A disabled account gives its person nothing.
    """
    identity_before = _identity_of(before)
    identity_after = _identity_of(after)
    account = after or before
    if account is None:
        return []

    person = f"local:{account.username}"
    admins = administrators.admin_groups()
    auditors = administrators.auditor_groups()
    targets_before = set(entitlement_hooks.target_names_of(identity_before))
    targets_after = set(entitlement_hooks.target_names_of(identity_after))

    return [
        *_power_line(
            identity_before.is_admin(admins),
            identity_after.is_admin(admins),
            f"{person} becomes an administrator: of all targets, groups and people.",
            f"{person} is no longer an administrator.",
        ),
        *_power_line(
            identity_before.is_auditor(auditors),
            identity_after.is_auditor(auditors),
            f"{person} can read the whole audit log.",
            f"{person} can no longer read the audit log as an auditor.",
        ),
        *_targets_line(f"{person} may become", targets_after - targets_before),
        *_targets_line(f"{person} may no longer become", targets_before - targets_after),
    ]


def _identity_of(account: LocalAccount | None) -> Identity:
    """Return who the account's person is when they sign in; nobody's groups where they cannot."""
    if account is None or account.disabled:
        return Identity("local", "")
    groups = frozenset(Group("local", name) for name in account.groups)
    return Identity("local", str(account.username), groups=groups)


def _power_line(had_it: bool, has_it: bool, gained: str, lost: str) -> list[str]:
    if has_it and not had_it:
        return [gained]
    if had_it and not has_it:
        return [lost]
    return []


def _targets_line(subject: str, names: Iterable[str]) -> list[str]:
    targets = sorted(names)
    if not targets:
        return []

    line = f"{subject}: {', '.join(targets[:MOST_NAMED])}"
    if len(targets) > MOST_NAMED:
        line += f" and {len(targets) - MOST_NAMED} more"
    return [f"{line}."]

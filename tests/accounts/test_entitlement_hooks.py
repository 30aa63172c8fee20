"""What groups are good for, as other apps say it."""

import pytest

from accounts import entitlement_hooks
from accounts.entitlement_hooks import EntitlementSource
from accounts.identity import Identity, parse_groups


@pytest.fixture
def sources(monkeypatch):
    """Let two apps know a group each, and nobody else anything."""
    sources = []
    monkeypatch.setattr(entitlement_hooks, "_sources", sources)
    for group, target in (("okta:developers", "dev-read"), ("okta:finance", "billing")):
        rule = parse_groups([group])
        entitlement_hooks.register(
            EntitlementSource(
                groups_in_use=lambda groups, rule=rule: frozenset(groups) & rule,
                target_names=lambda identity, rule=rule, target=target: (
                    [target] if identity.groups & rule else []
                ),
            )
        )
    return sources


@pytest.fixture
def powers(settings):
    settings.COOPER_ADMIN_GROUPS = ["admins"]
    settings.COOPER_AUDITOR_GROUPS = ["okta:auditors"]
    settings.COOPER_DEVICE_CODE = ["okta:remote"]


@pytest.mark.usefixtures("sources", "powers")
def test_groups_are_relevant_that_administer_audit_allow_by_a_code_or_entitle():
    groups = parse_groups(
        [
            "admins",
            "okta:admins",
            "okta:auditors",
            "okta:developers",
            "developers",
            "okta:chess",
            "okta:remote",
            "remote",
        ]
    )
    relevant = parse_groups(["admins", "okta:auditors", "okta:developers", "okta:remote"])
    assert entitlement_hooks.relevant_groups(groups) == relevant
    assert entitlement_hooks.relevant_groups([]) == frozenset()


@pytest.mark.usefixtures("powers")
def test_administrators_are_relevant_where_nothing_entitles(monkeypatch):
    monkeypatch.setattr(entitlement_hooks, "_sources", [])
    groups = parse_groups(["admins", "okta:developers"])
    assert entitlement_hooks.relevant_groups(groups) == parse_groups(["admins"])
    assert entitlement_hooks.target_names_of(Identity("okta", "a", groups=groups)) == []


@pytest.mark.usefixtures("sources")
@pytest.mark.parametrize(
    ("groups", "names"),
    [
        (["okta:developers", "okta:finance"], ["dev-read", "billing"]),
        (["okta:finance"], ["billing"]),
        (["finance"], []),
        ([], []),
    ],
)
def test_targets_are_those_of_all_apps(groups, names):
    identity = Identity("okta", "olga", groups=parse_groups(groups))
    assert entitlement_hooks.target_names_of(identity) == names

"""Who may become what, and why."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pytest

from accounts.identity import Identity, parse_groups
from brokers.entitlements import entitlement_to, entitlements_of, is_active

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@dataclass
class Rule:
    """An association for these tests."""

    target: str
    group: str
    until: datetime | None = None


def person(*groups: str) -> Identity:
    return Identity("local", "alice", groups=parse_groups(groups))


def test_it_entitles_nobody_without_rules():
    assert entitlements_of(person("dev"), [], NOW) == {}


def test_it_entitles_nobody_without_groups():
    assert entitlement_to("t", person(), [Rule("t", "local:dev")], NOW) is None


def test_it_says_through_which_groups_in_order():
    rules = [
        Rule("t", "local:ops"),
        Rule("t", "local:dev"),
        Rule("t", "local:other"),
        Rule("u", "local:dev"),
    ]
    found = entitlement_to("t", person("dev", "ops"), rules, NOW)
    assert found and [str(group) for group in found.through] == ["local:dev", "local:ops"]


def test_it_gives_nothing_for_the_same_group_name_at_another_provider():
    assert entitlement_to("t", person("okta:dev"), [Rule("t", "local:dev")], NOW) is None


@pytest.mark.parametrize(
    ("ends", "may"),
    [(timedelta(seconds=1), True), (timedelta(0), False), (timedelta(seconds=-1), False)],
)
def test_it_stops_entitling_at_the_very_moment_of_the_end(ends, may):
    assert (
        entitlement_to("t", person("dev"), [Rule("t", "local:dev", NOW + ends)], NOW) is not None
    ) is may


def test_it_counts_the_group_that_ends_last():
    rules = [
        Rule("t", "local:dev", NOW + timedelta(hours=1)),
        Rule("t", "local:ops", NOW + timedelta(hours=2)),
    ]
    found = entitlement_to("t", person("dev", "ops"), rules, NOW)
    assert found and (str(found.last_group), found.until) == ("local:ops", NOW + timedelta(hours=2))


def test_it_counts_a_group_without_end_before_any_with_one():
    rules = [Rule("t", "local:dev"), Rule("t", "local:ops", NOW + timedelta(days=9999))]
    found = entitlement_to("t", person("dev", "ops"), rules, NOW)
    assert found and (str(found.last_group), found.until) == ("local:dev", None)


def test_it_leaves_ended_groups_out_of_the_reasons():
    rules = [Rule("t", "local:dev"), Rule("t", "local:ops", NOW)]
    found = entitlement_to("t", person("dev", "ops"), rules, NOW)
    assert found and [str(group) for group in found.through] == ["local:dev"]


def test_it_does_not_match_groups_by_their_beginning_or_case():
    rules = [Rule("t", "local:dev"), Rule("t", "local:Developers")]
    assert entitlement_to("t", person("developers", "de"), rules, NOW) is None


# -- until when ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("until", "active"),
    [
        (None, True),
        (NOW + timedelta(microseconds=1), True),
        (NOW, False),
        (NOW - timedelta(microseconds=1), False),
        (NOW.astimezone(timezone(timedelta(hours=9))) + timedelta(minutes=1), True),
        (NOW.astimezone(timezone(timedelta(hours=-9))) - timedelta(minutes=1), False),
    ],
)
def test_an_association_is_active_until_its_end_in_whatever_time_zone(until, active):
    assert is_active(until, NOW) is active


@pytest.mark.parametrize("names", [("a", "b", "c"), ("c", "b", "a"), ("b", "a", "c")])
def test_of_groups_that_end_alike_the_first_by_name_is_the_one_that_is_checked(names):
    end = NOW + timedelta(hours=1)
    rules = [Rule("t", f"local:{name}", end) for name in names]
    entitlement = entitlement_to("t", person(*names), rules, NOW)
    assert entitlement and str(entitlement.last_group) == "local:a"


def test_no_end_of_the_first_group_by_name_outlives_a_later_end_of_another():
    rules = [
        Rule("t", "local:a", NOW + timedelta(hours=1)),
        Rule("t", "local:b", NOW + timedelta(hours=3)),
        Rule("t", "local:c", NOW + timedelta(hours=2)),
    ]
    entitlement = entitlement_to("t", person("a", "b", "c"), rules, NOW)
    assert entitlement and entitlement.until == NOW + timedelta(hours=3)
    assert [str(group) for group in entitlement.through] == ["local:a", "local:b", "local:c"]


# -- several targets -------------------------------------------------------------------------------
def test_it_gives_each_target_its_own_groups_and_end():
    rules = [
        Rule("t", "local:dev"),
        Rule("u", "local:ops", NOW + timedelta(hours=1)),
        Rule("v", "local:dev", NOW),
        Rule("w", "local:other"),
    ]
    entitlements = entitlements_of(person("dev", "ops"), rules, NOW)
    assert {name: entitlement.until for name, entitlement in entitlements.items()} == {
        "t": None,
        "u": NOW + timedelta(hours=1),
    }
    assert [str(group) for group in entitlements["u"].through] == ["local:ops"]


def test_it_says_nothing_of_a_target_by_rules_of_others():
    assert entitlement_to("t", person("dev"), [Rule("tt", "local:dev")], NOW) is None


def test_it_finds_the_same_whatever_the_order_of_the_rules():
    rules = [
        Rule("t", "local:ops", NOW + timedelta(hours=2)),
        Rule("t", "local:dev"),
        Rule("u", "local:ops"),
    ]
    identity = person("dev", "ops")
    forwards = entitlements_of(identity, rules, NOW)
    assert entitlements_of(identity, reversed(rules), NOW) == forwards

"""Who may become what, and why."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from accounts.identity import Identity, parse_groups
from brokers.entitlements import entitlement_to, entitlements_of

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

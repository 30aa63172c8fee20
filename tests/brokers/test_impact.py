"""Who gains and who loses what: the pure part."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.impact import (
    AccessState,
    KnownPerson,
    PeopleByGroup,
    describe_people,
    impact_lines,
    impact_of,
)

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@dataclass(frozen=True)
class Rule:
    group: str
    until: datetime | None = None
    target: str = "prod-admin"


ALICE = KnownPerson("local:alice", frozenset({"local:developers", "local:analysts"}))
BOB = KnownPerson("local:bob", frozenset({"local:visitors"}))
ERIN = KnownPerson("okta:erin", frozenset({"okta:developers"}))
PEOPLE = PeopleByGroup([ALICE, BOB, ERIN])
DEVELOPERS, ANALYSTS, OKTAS = (
    Rule("local:developers"),
    Rule("local:analysts"),
    Rule("okta:developers"),
)


def change(before, after):
    return impact_of("prod-admin", before, after, PEOPLE, NOW)


def test_it_says_who_gains_a_target_by_a_new_group():
    found = change(AccessState(True), AccessState(True, (DEVELOPERS,)))
    assert (found.groups_gaining, found.people_gaining, found.people_losing) == (
        ("local:developers",),
        ("local:alice",),
        (),
    )
    assert impact_lines(found) == [
        "prod-admin: local:developers may become it. Gains it: 1 person: local:alice.",
    ]


def test_it_says_who_loses_a_target_with_a_group():
    found = change(AccessState(True, (DEVELOPERS,)), AccessState(True))
    assert (found.groups_losing, found.people_losing) == (("local:developers",), ("local:alice",))


def test_it_says_that_nobody_loses_what_another_group_still_gives():
    found = change(AccessState(True, (DEVELOPERS, ANALYSTS)), AccessState(True, (ANALYSTS,)))
    assert found.groups_losing == ("local:developers",) and found.people_losing == ()
    assert impact_lines(found)[0].endswith("Loses it: nobody known so far.")


def test_it_keeps_groups_of_other_providers_apart():
    assert change(AccessState(True), AccessState(True, (OKTAS,))).people_gaining == ("okta:erin",)


@pytest.mark.parametrize(
    ("was", "enabled", "gain", "lose"),
    [(False, True, 1, 0), (True, False, 0, 1), (True, True, 0, 0)],
)
def test_it_counts_enabling_and_disabling(was, enabled, gain, lose):
    found = change(AccessState(was, (DEVELOPERS,)), AccessState(enabled, (DEVELOPERS,)))
    assert (len(found.people_gaining), len(found.people_losing), bool(found)) == (
        gain,
        lose,
        bool(gain or lose),
    )


@pytest.mark.parametrize(
    ("ends", "gains"), [(timedelta(seconds=1), True), (timedelta(0), False), (timedelta(-1), False)]
)
def test_it_counts_no_association_that_has_ended(ends, gains):
    found = change(AccessState(True), AccessState(True, (Rule("local:developers", NOW + ends),)))
    assert bool(found.people_gaining) is gains


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, timedelta(1), "until 2026-11-25 00:00 UTC, so far for good"),
        (timedelta(1), None, "for good, so far until 2026-11-25 00:00 UTC"),
    ],
)
def test_it_says_when_an_end_moves(before, after, said):
    rules = [(Rule("local:developers", NOW + each if each else None),) for each in (before, after)]
    found = change(AccessState(True, rules[0]), AccessState(True, rules[1]))
    assert found and impact_lines(found) == [f"prod-admin: local:developers may become it {said}."]
    assert not (found.people_gaining or found.people_losing)


def test_it_names_ten_people_and_counts_the_rest():
    assert describe_people(f"local:p{number:02}" for number in range(12)).startswith(
        "12 people: local:p00, "
    )
    assert describe_people(f"local:p{number:02}" for number in range(12)).endswith(
        "local:p09 and 2 more"
    )
    assert describe_people([]) == "nobody known so far"


GROUPS = st.frozensets(st.sampled_from(["local:a", "local:b", "okta:a"]), max_size=3)
STANDINGS = st.builds(
    lambda on, groups: AccessState(on, tuple(Rule(each) for each in groups)), st.booleans(), GROUPS
)
PEOPLES = st.lists(GROUPS, max_size=6).map(
    lambda each: [KnownPerson(f"local:{n}", groups) for n, groups in enumerate(each)]
)


@given(STANDINGS, STANDINGS, PEOPLES)
def test_it_agrees_with_what_each_may_become_before_and_after(before, after, people):
    found = impact_of("t", before, after, PeopleByGroup(people), NOW)
    may = [
        (
            each.person,
            bool(each.groups & before.entitled_groups(NOW)),
            bool(each.groups & after.entitled_groups(NOW)),
        )
        for each in people
    ]
    assert set(found.people_gaining) == {person for person, had, has in may if has and not had}
    assert set(found.people_losing) == {person for person, had, has in may if had and not has}


# -- people and groups -----------------------------------------------------------------------------
def test_it_names_each_person_once_and_in_order():
    people = PEOPLE.in_any_of(["okta:developers", "local:analysts", "local:developers"])
    assert [person.person for person in people] == ["local:alice", "okta:erin"]


@pytest.mark.parametrize("groups", [[], ["local:nobody"]])
def test_it_finds_nobody_in_no_group_or_an_empty_one(groups):
    assert PEOPLE.in_any_of(groups) == []


@pytest.mark.parametrize(("enabled", "groups"), [(True, {"local:developers"}), (False, set())])
def test_a_disabled_target_entitles_no_group_but_keeps_its_ends(enabled, groups):
    ended = Rule("local:analysts", NOW)
    state = AccessState(enabled, (DEVELOPERS, ended))
    assert state.entitled_groups(NOW) == groups
    assert state.ends(NOW) == {"local:developers": None}


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "nobody known so far"),
        (1, "1 person: p0"),
        (2, "2 people: p0, p1"),
        (10, "10 people: p0, p1, p2, p3, p4, p5, p6, p7, p8, p9"),
        (11, "11 people: p0, p1, p2, p3, p4, p5, p6, p7, p8, p9 and 1 more"),
    ],
)
def test_it_describes_people_up_to_the_most_that_it_names(count, text):
    assert describe_people(f"p{number}" for number in range(count)) == text


# -- several things at once ------------------------------------------------------------------------
def test_it_says_gains_losses_and_new_ends_of_one_change_in_this_order():
    end = NOW + timedelta(days=1)
    before = AccessState(True, (DEVELOPERS, Rule("local:visitors")))
    after = AccessState(True, (Rule("local:visitors", end), OKTAS))

    impact = change(before, after)

    assert (impact.people_gaining, impact.people_losing) == (("okta:erin",), ("local:alice",))
    assert [new_end.group for new_end in impact.new_ends] == ["local:visitors"]
    assert [line.split(": ")[1].split(" may")[0] for line in impact_lines(impact)] == [
        "okta:developers",
        "local:developers",
        "local:visitors",
    ]


@pytest.mark.parametrize("enabled", [True, False])
def test_nothing_changes_where_all_stays_or_the_target_stays_disabled(enabled):
    before = AccessState(enabled, (DEVELOPERS,))
    after = AccessState(enabled, (DEVELOPERS,) if enabled else (OKTAS, ANALYSTS))
    impact = change(before, after)
    assert not impact and impact_lines(impact) == []


def test_an_end_of_a_group_that_only_now_gains_the_target_is_no_new_end():
    before = AccessState(False, (DEVELOPERS,))
    after = AccessState(True, (Rule("local:developers", NOW + timedelta(1)),))
    impact = change(before, after)
    assert impact.groups_gaining == ("local:developers",) and impact.new_ends == ()

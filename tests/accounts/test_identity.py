"""Identities and groups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.identity import Group, Identity, parse_groups


def test_it_reads_a_group_of_a_provider():
    assert Group.parse("okta:prod-admins") == Group("okta", "prod-admins")


def test_it_reads_a_bare_name_as_a_local_group():
    assert Group.parse("admins") == Group("local", "admins")


def test_it_keeps_colons_in_the_name_of_a_group():
    assert Group.parse("okta:a:b") == Group("okta", "a:b")


@pytest.mark.parametrize(
    "text",
    ["", "okta:", ":x", "Okta:x", "ok ta:x", "okta: x", "okta:x\n y", "okta:" + "x" * 513, "1a:x"],
)
def test_it_refuses_what_is_no_group(text):
    with pytest.raises(ValueError, match="provider|name"):
        Group.parse(text)


@given(
    st.from_regex(r"[a-z][a-z0-9-]{0,31}", fullmatch=True),
    st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=40),
)
def test_it_writes_groups_so_that_they_read_back(provider, name):
    assert Group.parse(str(Group(provider, name))) == Group(provider, name)


def test_it_tells_the_same_name_at_two_providers_apart():
    admins = parse_groups(["okta:admins"])
    assert not Identity("entra", "eve", groups=parse_groups(["entra:admins"])).is_admin(admins)
    assert Identity("okta", "eve", groups=parse_groups(["okta:admins"])).is_admin(admins)


def test_it_knows_auditors_by_their_own_groups():
    auditors = parse_groups(["okta:auditors"])
    erin = Identity("okta", "erin", groups=parse_groups(["okta:auditors", "okta:staff"]))
    assert erin.is_auditor(auditors) and not erin.is_admin(parse_groups(["okta:admins"]))
    assert not Identity("okta", "eve", groups=parse_groups(["auditors"])).is_auditor(auditors)


def test_it_reads_every_group_or_none():
    assert parse_groups(["okta:a", "a", "local:a"]) == {Group("okta", "a"), Group("local", "a")}
    with pytest.raises(ValueError, match="not a provider"):
        parse_groups(["okta:a", "Okta:a"])


def test_it_makes_nobody_an_administrator_when_no_group_does():
    assert not Identity("local", "eve", groups=parse_groups(["admins"])).is_admin(frozenset())


def test_it_keys_people_by_provider_and_subject():
    assert Identity("okta", "root").person == "okta:root" != Identity("local", "root").person


def test_it_names_people_by_their_name_or_else_by_subject():
    assert str(Identity("okta", "a1", "Alice")) == "Alice" and str(Identity("okta", "a1")) == "a1"

"""Names in AWS: within its limits, and never shared by two people."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.identity import Identity
from brokers.sts import names
from brokers.sts.names import new_grant_id

CHARSET = re.compile(r"[\w+=,.@-]+", re.ASCII)
GRANT = "a" * 20
people = st.tuples(st.sampled_from(["local", "okta"]), st.text(min_size=1, max_size=200))


def valid(name: str, limit: int) -> bool:
    return 2 <= len(name) <= limit and bool(CHARSET.fullmatch(name)) and not name.startswith("aws:")


@given(people)
def test_it_makes_names_that_aws_takes(person):
    identity = Identity(*person)
    assert valid(names.session_name(identity, GRANT), 64)
    assert valid(names.source_identity(identity), 64)
    assert valid(names.federated_name(identity), 32)


@given(people, people)
def test_it_gives_no_two_people_the_same_name(one, other):
    same = one == other
    assert (names.federated_name(Identity(*one)) == names.federated_name(Identity(*other))) is same
    assert (
        names.source_identity(Identity(*one)) == names.source_identity(Identity(*other))
    ) is same


@pytest.mark.parametrize("make", [names.federated_name, names.source_identity])
def test_it_tells_people_apart_whose_names_are_alike_where_they_are_cut(make):
    beginning = "bartholomew.featherstonehaugh-of-the-very-long-department-name-in-the-north"
    made = {
        make(Identity("okta", f"{beginning}.{end}@example.com"))
        for end in ("one", "two", "Two", "tẃo")
    }
    assert len(made) == 4


def test_it_tells_the_same_subject_at_two_providers_apart():
    assert names.federated_name(Identity("okta", "alice")) != names.federated_name(
        Identity("local", "alice")
    )


def test_it_names_a_federated_user_the_same_every_time():
    assert names.federated_name(Identity("okta", "alice")) == names.federated_name(
        Identity("okta", "alice")
    )


def test_it_keeps_the_whole_grant_id_in_the_session_name():
    assert names.session_name(Identity("okta", "x" * 300), GRANT).endswith(GRANT)
    assert names.session_name(Identity("okta", "💥"), GRANT) == GRANT


def test_it_never_makes_a_grant_id_twice():
    made = {new_grant_id() for _ in range(5000)}
    assert len(made) == 5000 and all(re.fullmatch(r"[a-z2-7]{20}", each) for each in made)


TAG = re.compile(r"[A-Za-z0-9 _.:/=+\-@]*")


@given(st.text(max_size=400))
def test_it_writes_tag_values_that_aws_takes(text):
    value = names.tag_value(text)
    assert len(value) <= 256 and TAG.fullmatch(value)


@given(st.text(max_size=300), st.text(max_size=300))
def test_it_writes_different_texts_as_different_tag_values(one, other):
    assert (names.tag_value(one) == names.tag_value(other)) is (one == other)


def test_it_tells_an_escape_from_the_same_characters_typed():
    assert names.tag_value("=2C") != names.tag_value(",")

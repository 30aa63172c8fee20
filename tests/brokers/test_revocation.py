"""Policies that stop AWS sessions: each stops those it names, and nobody else."""

import fnmatch
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from brokers import revocation

NOW = datetime(2026, 11, 24, 12, 30, 15, 999_999, tzinfo=UTC)
ACCOUNT = "222222222222"
NOW_IN_IAM = "2026-11-24T12:30:15Z"

OF_ROLE_PERSON = revocation.revocation_of_person(
    "alice.abc", "local:alice", "the role dev", ACCOUNT, NOW
)
OF_ROLE_SESSION = revocation.revocation_of_role_session(
    "alice.grant1", "the role dev", ACCOUNT, NOW
)
OF_FEDERATED_USER = revocation.revocation_of_federated_user(
    "alice.abc", "local:alice", ACCOUNT, NOW
)
ALL = [OF_ROLE_PERSON, OF_ROLE_SESSION, OF_FEDERATED_USER]

BEFORE = "2026-11-24T12:30:14Z"
SESSION = {
    "aws:SourceIdentity": "alice.abc",
    "aws:userid": "AROAEXAMPLE:alice.grant1",
    "aws:TokenIssueTime": BEFORE,
}
"""What IAM knows of a session of Alice in the role, from before now."""

FEDERATED = {"aws:userid": f"{ACCOUNT}:alice.abc", "aws:TokenIssueTime": BEFORE}
"""What IAM knows of a session of Alice as the federated user."""

OPERATORS = {
    "StringEquals": lambda value, pattern: value == pattern,
    "StringLike": fnmatch.fnmatchcase,
    "DateLessThan": lambda value, limit: value < limit,
}


def statement_of(stop: revocation.Revocation) -> dict[str, Any]:
    policy = json.loads(stop.policy)
    assert policy["Version"] == "2012-10-17"
    [statement] = policy["Statement"]
    return statement


def denies(stop: revocation.Revocation, session: dict[str, str], for_good: bool = False) -> bool:
    """Evaluate a condition as IAM does: all operators and keys match; an absent key does not."""
    condition = statement_of(stop)["Condition"]
    if for_good:
        [statement] = json.loads(stop.policy_for_good)["Statement"]
        condition = statement["Condition"]
    return all(
        key in session and OPERATORS[operator](session[key], expected)
        for operator, keys in condition.items()
        for key, expected in keys.items()
    )


@pytest.mark.parametrize("stop", ALL)
def test_it_denies_every_action_on_everything(stop):
    statement = statement_of(stop)
    assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Deny", "*", "*")


@pytest.mark.parametrize(
    ("stop", "session"),
    [(OF_ROLE_PERSON, SESSION), (OF_ROLE_SESSION, SESSION), (OF_FEDERATED_USER, FEDERATED)],
)
def test_it_stops_sessions_from_before_now_and_no_later_ones(stop, session):
    assert denies(stop, session)
    assert not denies(stop, session | {"aws:TokenIssueTime": NOW_IN_IAM})
    assert not denies(stop, session | {"aws:TokenIssueTime": "2026-11-25T00:00:00Z"})


@pytest.mark.parametrize(
    ("stop", "session"),
    [(OF_ROLE_PERSON, SESSION), (OF_ROLE_SESSION, SESSION), (OF_FEDERATED_USER, FEDERATED)],
)
def test_it_leaves_long_lived_keys_alone_which_have_no_issue_time(stop, session):
    without_time = {key: value for key, value in session.items() if key != "aws:TokenIssueTime"}
    assert not denies(stop, without_time)


@pytest.mark.parametrize(
    ("stop", "other"),
    [
        (OF_ROLE_PERSON, SESSION | {"aws:SourceIdentity": "bob.xyz"}),
        (OF_ROLE_PERSON, SESSION | {"aws:SourceIdentity": "ALICE.ABC"}),
        (OF_ROLE_SESSION, SESSION | {"aws:userid": "AROAEXAMPLE:alice.grant2"}),
        (OF_ROLE_SESSION, SESSION | {"aws:userid": "AROAEXAMPLE:alice.grant11"}),
        (OF_FEDERATED_USER, FEDERATED | {"aws:userid": f"{ACCOUNT}:bob.xyz"}),
        (OF_FEDERATED_USER, FEDERATED | {"aws:userid": "333333333333:alice.abc"}),
    ],
)
def test_it_stops_nobody_else(stop, other):
    assert not denies(stop, other)


def test_a_persons_policy_stops_their_sessions_of_every_grant():
    assert denies(OF_ROLE_PERSON, SESSION | {"aws:userid": "AROAEXAMPLE:alice.grant2"})


@pytest.mark.parametrize("hours", [-11, 0, 9])
def test_it_writes_the_moment_in_utc_whatever_the_time_zone(hours):
    there = NOW.astimezone(timezone(timedelta(hours=hours)))
    stop = revocation.revocation_of_federated_user("alice.abc", "local:alice", ACCOUNT, there)
    condition = statement_of(stop)["Condition"]
    assert condition["DateLessThan"] == {"aws:TokenIssueTime": NOW_IN_IAM}


@pytest.mark.parametrize(
    ("stop", "place"),
    [
        (OF_ROLE_PERSON, "the role dev"),
        (OF_ROLE_SESSION, "the role dev"),
        (OF_FEDERATED_USER, "the IAM user behind this target"),
    ],
)
def test_it_says_where_it_goes_what_it_stops_and_what_it_does_not(stop, place):
    assert stop.where == f"an inline policy of {place} in AWS account {ACCOUNT}"
    assert f"before {NOW_IN_IAM}" in stop.stops
    assert "disable the person first" in stop.does_not_stop
    assert stop.does_not_stop.endswith("AWS takes some minutes to apply it.")


@pytest.mark.parametrize("stop", ALL)
def test_it_denies_the_same_for_good_but_for_the_time(stop):
    [with_time] = json.loads(stop.policy)["Statement"]
    [for_good] = json.loads(stop.policy_for_good)["Statement"]
    del with_time["Condition"]["DateLessThan"]
    assert for_good == with_time


def test_it_stops_for_good_a_session_that_is_assumed_anew_for_ever():
    assumed_anew = SESSION | {"aws:TokenIssueTime": "2030-01-01T00:00:00Z"}
    assert not denies(OF_ROLE_PERSON, assumed_anew)
    assert denies(OF_ROLE_PERSON, assumed_anew, for_good=True)
    assert "without a time" in OF_ROLE_PERSON.does_not_stop


@pytest.mark.parametrize(
    ("stop", "other"),
    [
        (OF_ROLE_PERSON, SESSION | {"aws:SourceIdentity": "bob.xyz"}),
        (OF_ROLE_SESSION, SESSION | {"aws:userid": "AROAEXAMPLE:alice.grant2"}),
        (OF_FEDERATED_USER, FEDERATED | {"aws:userid": f"{ACCOUNT}:bob.xyz"}),
        (OF_FEDERATED_USER, {"aws:userid": "AIDAEXAMPLE"}),
    ],
)
def test_it_stops_nobody_else_for_good(stop, other):
    assert not denies(stop, other, for_good=True)

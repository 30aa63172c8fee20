"""What policies say: an explicit deny wins, and nothing unknown ever allows anything."""

from typing import Any

import pytest

from embedded_aws.conditions import conditions_hold
from embedded_aws.credential_store import PrincipalType
from embedded_aws.policies import AccessRequest, Decision, evaluate, evaluate_trust
from embedded_aws.principals import Principal

ROLE = "arn:aws:iam::222222222222:role/deploy"
ALICE = Principal(
    PrincipalType.USER,
    arn="arn:aws:iam::111111111111:user/alice",
    principal_arn="arn:aws:iam::111111111111:user/alice",
    account_id="111111111111",
    user_id="AIDAALICE",
    name="alice",
)
REQUEST = AccessRequest("sts:AssumeRole", ROLE, {"sts:externalid": ["x"], "aws:userid": None})


def statement(**changes: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE} | changes


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        ([], Decision.IMPLICIT_DENY),
        ([statement()], Decision.ALLOW),
        ([statement(), statement(Effect="Deny")], Decision.EXPLICIT_DENY),
        ([statement(Action="STS:assume*")], Decision.ALLOW),
        ([statement(Action="sts:TagSession")], Decision.IMPLICIT_DENY),
        ([statement(Resource="arn:aws:iam::*:role/dep?oy")], Decision.ALLOW),
        ([statement(Resource="arn:aws:iam::*:role/DEPLOY")], Decision.IMPLICIT_DENY),
        ([statement(Resource="arn:aws:iam::*:role/${aws:username}")], Decision.IMPLICIT_DENY),
        (
            [statement(), statement(Effect="Deny", Resource="${aws:username}")],
            Decision.EXPLICIT_DENY,
        ),
        ([statement(Condition={"NumericEquals": {"aws:userid": 1}})], Decision.IMPLICIT_DENY),
        (
            [statement(), statement(Effect="Deny", Condition={"StringEquals": {"no:key": "x"}})],
            Decision.EXPLICIT_DENY,
        ),
    ],
)
def test_identity_policies(statements: list[Any], decision: Decision) -> None:
    assert evaluate([{"Statement": statements}], REQUEST) is decision


@pytest.mark.parametrize(
    ("principal", "decision"),
    [
        ({"Principal": "*"}, Decision.ALLOW),
        ({"Principal": {"AWS": "111111111111"}}, Decision.ALLOW),
        ({"Principal": {"AWS": ["arn:aws:iam::111111111111:root"]}}, Decision.ALLOW),
        ({"Principal": {"AWS": ALICE.arn}}, Decision.ALLOW),
        ({"Principal": {"AWS": "arn:aws:iam::111111111111:user/bob"}}, Decision.IMPLICIT_DENY),
        ({"Principal": {"Service": "ec2.amazonaws.com"}}, Decision.IMPLICIT_DENY),
        ({"NotPrincipal": {"AWS": "999999999999"}}, Decision.IMPLICIT_DENY),
        ({"NotPrincipal": {"AWS": "999999999999"}, "Effect": "Deny"}, Decision.EXPLICIT_DENY),
    ],
)
def test_trust_policies(principal: dict[str, Any], decision: Decision) -> None:
    document = {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole"} | principal}
    assert evaluate_trust(document, ALICE, REQUEST) is decision


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"sts:ExternalId": "x"}}, True),
        ({"StringEquals": {"sts:ExternalId": ["y", "x"]}}, True),
        ({"StringEquals": {"sts:ExternalId": "X"}}, False),
        ({"StringNotEquals": {"sts:ExternalId": "x"}}, False),
        ({"StringEquals": {"aws:userid": "x"}}, False),
        ({"StringNotEquals": {"aws:userid": "x"}}, True),
        ({"StringEqualsIfExists": {"aws:userid": "x"}}, True),
        ({"Null": {"aws:userid": True}}, True),
        ({"Null": {"sts:ExternalId": "true"}}, False),
        ({"ForAllValues:StringLike": {"aws:userid": "x"}}, True),
        ({"ForAnyValue:StringLike": {"aws:userid": "x"}}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:user/*"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*"}}, False),
    ],
)
def test_conditions(condition: dict[str, Any], holds: bool) -> None:
    context = {"sts:externalid": ["x"], "aws:userid": None, "aws:principalarn": [ALICE.arn]}
    assert conditions_hold(condition, context, if_unknown=not holds) is holds


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:unheard-of": "x"}},
        {"DateLessThan": {"sts:ExternalId": "x"}},
        {"StringEquals": {"sts:ExternalId": "${aws:username}"}},
        {"ForMost:StringEquals": {"sts:ExternalId": "x"}},
        {"StringEquals": "sts:ExternalId"},
        "StringEquals",
    ],
)
@pytest.mark.parametrize("if_unknown", [True, False])
def test_what_cannot_be_told_counts_as_it_has_to(condition: Any, if_unknown: bool) -> None:
    context = {"sts:externalid": ["x"]}
    assert conditions_hold(condition, context, if_unknown=if_unknown) is if_unknown

"""Session policies, refused where they are typed rather than at a grant."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers import policies, revocation
from brokers.policies import PolicyRefused, check_session_policy
from demo import seed, seed_targets

ALLOW: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def policy(*statements: Any, **elements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)} | elements)


def allow(**elements: Any) -> str:
    """Return a policy of one statement with these elements; None takes one out."""
    statement = ALLOW | elements
    return policy({name: value for name, value in statement.items() if value is not None})


def problems_of(text: str) -> list[str]:
    with pytest.raises(PolicyRefused) as caught:
        check_session_policy(text)
    return caught.value.problems


GOOD = {
    "one statement without a list": json.dumps({"Version": "2012-10-17", "Statement": ALLOW}),
    "the older version": policy(ALLOW, Version="2008-10-17"),
    "no version": json.dumps({"Statement": [ALLOW]}),
    "an Id and a Sid": policy(ALLOW | {"Sid": "Reads1"}, Id="x"),
    "empty Sids": policy(ALLOW | {"Sid": ""}, ALLOW | {"Sid": ""}),
    "negations": allow(Action=None, NotAction=["iam:*", "sts:*"], Resource=None, NotResource="*"),
    "wildcards": allow(Action=["*", "s3:Get*", "ec2:Describe?", "*:*"]),
    "ARNs": allow(
        Resource=[
            "arn:aws:s3:::a-bucket/a key/*",
            "arn:*:s3:::${aws:username}",
            "arn:aws-cn:lambda:*",
            "*",
        ]
    ),
    "a variable": allow(Resource="arn:aws:s3:::x/${aws:username}/*"),
    "conditions": allow(
        Condition={
            "StringEquals": {"aws:SourceVpc": "vpc-1", "s3:prefix": ["a", "b"]},
            "ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["x*"]},
            "Bool": {"aws:SecureTransport": True},
            "NumericLessThan": {"s3:max-keys": 10},
            "Null": {"aws:TokenIssueTime": "true"},
            "StringLike": {"token.actions.githubusercontent.com:sub": "repo:*"},
        }
    ),
    "characters of Latin-1": allow(Resource="arn:aws:s3:::caf\xe9/*"),
}


@pytest.mark.parametrize("name", GOOD)
def test_it_takes(name: str) -> None:
    check_session_policy(GOOD[name])
    check_session_policy(json.dumps(json.loads(GOOD[name]), indent="\t"))


def test_it_takes_the_policies_of_the_demo() -> None:
    texts = [
        value
        for module in (seed, seed_targets)
        for value in vars(module).values()
        if isinstance(value, str) and '"Statement"' in value
    ]
    assert texts
    for text in texts:
        check_session_policy(text)


BAD = {
    "a statement twice": (
        '{"Version": "2012-10-17",\n "Statement": [{"Effect": "Deny"}],\n "Statement": []}',
        'Line 3, column 2: "Statement" is here twice, first at line 2, column 2.',
    ),
    "an effect twice": (
        allow().replace('"Effect": "Allow"', '"Effect": "Deny", "Effect": "Allow"'),
        '"Effect" is here twice',
    ),
    "a lower-case element": (
        allow(Effect=None, effect="Allow"),
        'Line 1, column 85: Write "Effect", not "effect": case counts.',
    ),
    "a lower-case statement": ('{"statement": []}', "A policy is"),
    "a lower-case effect": (allow(Effect="allow"), 'must be "Allow" or "Deny"; case counts'),
    "another effect": (allow(Effect=["Allow"]), 'must be "Allow" or "Deny"'),
    "no effect": (allow(Effect=None), "Statement 1 lacks Effect."),
    "nothing": (policy({}), "Line 1, column 41: Statement 1 lacks Effect, Action, Resource."),
    "no statement": (policy(), "A policy is"),
    "an empty policy": ("{}", "A policy is"),
    "a list": ("[]", "A policy is"),
    "a text": ('"Allow"', "A policy is"),
    "null": ("null", "A policy is"),
    "a statement that is a text": (policy("Allow"), "Statement 1 must be an object"),
    "statements that are a text": ('{"Statement": "Allow"}', "Statement 1 must be an object"),
    "statements that are null": ('{"Statement": null}', "Statement 1 must be an object"),
    "another version": (policy(ALLOW, Version="2012-10-18"), 'The Version must be "2012-10-17"'),
    "a version that is a number": (policy(ALLOW, Version=2012), "The Version must be"),
    "an Id that is a number": (policy(ALLOW, Id=1), "The Id must be a text"),
    "an unknown element": (policy(ALLOW, Comment="x"), '"Comment" is not an element of a policy'),
    "an unknown part": (allow(Comment="x"), '"Comment" is not an element of a statement'),
    "a principal": (allow(Principal="*"), "A session policy has no Principal"),
    "both": (allow(NotAction="x:y"), "Statement 1 has both Action and NotAction"),
    "both resources": (allow(NotResource="*"), "Statement 1 has both Resource and NotResource"),
    "no actions": (allow(Action=[]), "Action must not be empty"),
    "no resources": (allow(Resource=[]), "Resource must not be empty"),
    "an action without a service": (allow(Action="GetObject"), "This Action is not an action"),
    "an action of two colons": (allow(Action="s3:Get:Object"), "This Action is not an action"),
    "an action with a blank": (allow(Action="s3:Get Object"), "This Action is not an action"),
    "a service with a wildcard": (allow(Action="s3*:Get"), "This Action is not an action"),
    "an action that is an object": (allow(Action={"s3": "Get"}), "This Action is not an action"),
    "an action that is null": (allow(Action=[None]), "This Action is not an action"),
    "a bucket's name": (allow(Resource="a-bucket"), 'This Resource is not an ARN, or "*"'),
    "half an ARN": (allow(Resource="arn:aws"), "This Resource is not an ARN"),
    "an ARN of no partition": (allow(Resource="arn:azure:s3:::x"), "This Resource is not an ARN"),
    "a resource that is a number": (allow(Resource=1), "This Resource is not an ARN"),
    "a Sid with a blank": (allow(Sid="a b"), "A Sid has letters"),
    "a Sid that is a number": (allow(Sid=1), "A Sid has letters"),
    "a Sid twice": (
        policy(ALLOW | {"Sid": "a"}, ALLOW | {"Sid": "a"}),
        'The Sid "a" is here twice',
    ),
    "a condition that is a list": (allow(Condition=[]), "A Condition must be an object"),
    "an unknown operator": (
        allow(Condition={"stringEquals": {"aws:x": "y"}}),
        '"stringEquals" is not a condition operator',
    ),
    "Null with IfExists": (allow(Condition={"NullIfExists": {"aws:x": "true"}}), "not a condition"),
    "an operator that is a text": (allow(Condition={"Bool": "x"}), "A condition operator needs"),
    "a key without a service": (
        allow(Condition={"Bool": {"SecureTransport": "true"}}),
        '"SecureTransport" is not a condition key',
    ),
    "a key twice in another case": (
        allow(Condition={"StringEquals": {"aws:SourceIp": "x", "aws:sourceip": "y"}}),
        '"aws:sourceip" is here twice: the case of these does not count.',
    ),
    "a value that is null": (allow(Condition={"Bool": {"aws:x": None}}), "A condition compares"),
    "a value that is an object": (
        allow(Condition={"Bool": {"aws:x": [{}]}}),
        "A condition compares",
    ),
    "a variable in the older version": (
        policy(ALLOW | {"Resource": "arn:aws:s3:::${aws:username}"}, Version="2008-10-17"),
        'Variables as in ${aws:username} need "Version": "2012-10-17"',
    ),
    "no JSON": ("{'Version'", "This is not JSON: line 1, column 2"),
    "characters beyond Latin-1": (
        allow(Resource="*", Sid="\u20ac").replace("\\u20ac", "\u20ac"),
        "beyond Latin-1",
    ),
    "too many brackets": ("[" * 2000, "nested deeper"),
    "too many characters": (" " * 2049, "2,049 characters; AWS takes 2,048 at most."),
}


@pytest.mark.parametrize("name", BAD)
def test_it_refuses(name: str) -> None:
    text, message = BAD[name]
    assert any(message in problem for problem in problems_of(text)), problems_of(text)


def test_it_says_all_that_is_wrong_at_once_up_to_a_limit() -> None:
    assert len(problems_of(allow(Effect="x", Action="x", Resource="x"))) == 3
    assert len(problems_of(policy(*[{}] * 30))) == policies.MOST_PROBLEMS


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.sampled_from(["*", "Allow", "s3:Get*", "2012-10-17"]),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(
                    [*policies.POLICY_ELEMENTS, *policies.STATEMENT_ELEMENTS, "Bool", "x"]
                ),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_no_shape_is_anything_but_taken_or_refused(value: Any) -> None:
    text = json.dumps(value)
    try:
        check_session_policy(text)
    except PolicyRefused as error:
        problems = error.problems
    else:
        problems = []
    assert problems or "Statement" in value


def test_it_takes_what_cooper_itself_writes_to_revoke_sessions() -> None:
    now = datetime(2026, 5, 4, tzinfo=UTC)
    by_person = revocation.revocation_of_person("alice", "local:alice", "Dev", "1" * 12, now)
    by_name = revocation.revocation_of_federated_user("alice", "local:alice", "1" * 12, now)
    check_session_policy(by_person.policy)
    check_session_policy(by_name.policy)

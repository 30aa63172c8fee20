"""Trying a target: what its trust policy allows is found out, and nothing is granted."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from brokers import aws_accounts, trust_policy
from brokers.models import Kind, State, Target
from brokers.probing import probe
from brokers.probing.key_check import DENY_ALL
from core import aws
from core.errors import NotAllowed, Unavailable
from embedded_aws import seed_aws
from tests.support import faults
from tests.support.faults import Fault

ACCOUNT = "222222222222"


def cooper_arn() -> str:
    return aws.caller_identity().arn


@pytest.fixture
def external_id(store) -> str:
    return str(aws_accounts.ensure_account(ACCOUNT).external_id)


def a_role(
    policy: dict[str, Any], longest: int = 3600, name: str = "tried", wanted: int = 3600
) -> Target:
    arn = seed_aws.create_role(ACCOUNT, name, policy, longest)
    return Target(
        "tried",
        kind=str(Kind.ROLE),
        role_arn=arn,
        aws_account=ACCOUNT,
        state=str(State.PENDING),
        max_seconds=wanted,
    )


def test_it_finds_nothing_lacking_where_the_trust_policy_is_ours(external_id):
    found = probe(a_role(trust_policy.trust_policy(external_id, cooper_arn()), 7200, wanted=7200))
    assert found.complete and found.findings == () and found.longest_seconds == 7200


def test_it_is_the_trust_policy_of_the_page_that_works_with_a_path(external_id):
    assert probe(
        a_role(trust_policy.trust_policy(external_id, cooper_arn()), name="team/x/pathed")
    ).complete


def without_external_id(policy: dict[str, Any]) -> None:
    del policy["Statement"][0]["Condition"]["StringEquals"]


def any_external_id(policy: dict[str, Any]) -> None:
    policy["Statement"][0]["Condition"]["StringEquals"] = {"aws:PrincipalAccount": "111111111111"}
    policy["Statement"][0]["Condition"]["StringLike"] = {"sts:ExternalId": "*"}


def no_tags(policy: dict[str, Any]) -> None:
    policy["Statement"][1]["Action"] = "sts:SetSourceIdentity"


def no_source_identity(policy: dict[str, Any]) -> None:
    policy["Statement"][1]["Action"] = "sts:TagSession"


@pytest.mark.parametrize(
    ("spoil", "lacks", "says"),
    [
        (without_external_id, "external_id_enforced", "without an ExternalId"),
        (any_external_id, "external_id_enforced", "accepts a wrong ExternalId"),
        (no_tags, "tag_session", "sts:TagSession"),
        (no_source_identity, "source_identity", "sts:SetSourceIdentity"),
    ],
)
def test_it_says_which_part_of_the_trust_policy_lacks_what(external_id, spoil, lacks, says):
    policy = trust_policy.trust_policy(external_id, cooper_arn())
    spoil(policy)
    found = probe(a_role(policy))
    assert found.works and not found.complete and not getattr(found, lacks)
    assert [line for line in found.findings if says in line]
    others = {"external_id_enforced", "tag_session", "source_identity"} - {lacks}
    assert all(getattr(found, other) for other in others)


THROTTLED = Fault("sts", "AssumeRole", mode="throttle")
FAULTY = Fault("sts", "AssumeRole", code="InternalFailure", status=500)


@pytest.mark.parametrize(
    ("fault", "calls"),
    [(THROTTLED, 0), (THROTTLED, 1), (THROTTLED, 3), (THROTTLED, 5), (FAULTY, 1)],
)
def test_it_takes_no_busy_aws_for_one_that_refuses(external_id, fault, calls):
    policy = trust_policy.trust_policy(external_id, cooper_arn())
    without_external_id(policy)
    target = a_role(policy, 7200, wanted=7200)
    with faults.on(replace(fault, after=calls)), pytest.raises(Unavailable):
        probe(target)


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch"])
@pytest.mark.parametrize("calls", [0, 2, 4])
def test_it_takes_no_credentials_of_coopers_for_a_lack_of_the_role(external_id, code, calls):
    target = a_role(trust_policy.trust_policy(external_id, cooper_arn()))
    bad = Fault("sts", "AssumeRole", code=code, status=403, after=calls)
    with faults.on(bad), pytest.raises(NotAllowed):
        probe(target)


def test_it_takes_expired_credentials_for_no_lack_of_a_federated_user(store):
    expired = Fault("sts", "GetFederationToken", code="ExpiredToken", status=403, after=1)
    with faults.on(expired), pytest.raises(NotAllowed):
        probe(Target.find("dev-uploads"))


def test_it_takes_access_denied_alone_for_an_enforced_external_id(external_id):
    policy = trust_policy.trust_policy(external_id, cooper_arn())
    without_external_id(policy)
    refusal = Fault(
        "sts", "AssumeRole", code="ValidationError", status=400, message="odd", after=1, times=2
    )
    with faults.on(refusal):
        found = probe(a_role(policy))
    assert not found.external_id_enforced and not found.complete
    assert [line for line in found.findings if "cannot tell" in line and "odd" in line]


@pytest.mark.parametrize("calls", [0, 1])
@pytest.mark.parametrize("mode", ["throttle", "reset"])
def test_it_takes_no_busy_aws_for_one_that_refuses_a_federated_user(store, mode, calls):
    with (
        faults.on(Fault("sts", "GetFederationToken", mode=mode, after=calls)),
        pytest.raises(Unavailable),
    ):
        probe(Target.find("dev-uploads"))


def test_it_says_when_the_role_does_not_trust_cooper_at_all(external_id):
    found = probe(a_role(trust_policy.trust_policy("another-external-id", cooper_arn())))
    assert not found.works and "does not say why" in found.findings[0]
    assert "has another ExternalId" in found.findings[2]


def test_it_says_when_the_role_does_not_exist(external_id):
    target = a_role(trust_policy.trust_policy(external_id, cooper_arn()))
    target.role_arn = f"arn:aws:iam::{ACCOUNT}:role/not-there"
    assert not probe(target).works


def test_it_finds_the_longest_session_that_aws_gives(external_id):
    found = probe(a_role(trust_policy.trust_policy(external_id, cooper_arn()), 3600, wanted=28_800))
    assert (
        found.complete
        and found.longest_seconds == 3600
        and "MaxSessionDuration" in found.findings[0]
    )


def test_it_tries_a_federated_user(store):
    found = probe(Target.find("dev-uploads"))
    assert found.works and found.tag_session


# -- the target's own session policies -------------------------------------------------------------
def test_it_finds_that_aws_takes_no_session_policies_so_long_together(external_id):
    target = a_role(trust_policy.trust_policy(external_id, cooper_arn()))
    target.session_policy, target.policy_arns = (
        DENY_ALL + " " * 1900,
        [f"arn:aws:iam::{ACCOUNT}:policy/{'x' * 60}"],
    )
    found = probe(target)
    assert not found.works and not found.complete
    assert "own session policies" in found.findings[-1] and "policyArns" in found.findings[-1]


def test_it_finds_that_aws_cannot_read_the_session_policy(external_id):
    target = a_role(trust_policy.trust_policy(external_id, cooper_arn()))
    target.session_policy = '{"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps"}]}'
    found = probe(target)
    assert not found.works and "MalformedPolicyDocument" in found.findings[-1]


def test_it_finds_the_same_of_a_federated_user(store):
    target = Target.find("dev-uploads")
    target.policy_arns = [
        f"arn:aws:iam::{ACCOUNT}:policy/{letter * 120}" for letter in "abcdefghijkl"
    ]
    found = probe(target)
    assert not found.works and "policyArns" in found.findings[-1]


def test_it_tries_the_session_policies_that_a_grant_sends(external_id):
    target = a_role(trust_policy.trust_policy(external_id, cooper_arn()))
    target.policy_arns = [f"arn:aws:iam::{ACCOUNT}:policy/mine"]
    assert probe(target).complete
    bodies = [
        parse_qs(call.body.decode()) for call in faults.journal() if call.operation == "AssumeRole"
    ]
    [own] = [each for each in bodies if "PolicyArns.member.1.arn" in each]
    assert own["DurationSeconds"] == ["900"] and "Policy" not in own
    assert all(each["Policy"] == [DENY_ALL] for each in bodies if each is not own)


def test_it_hands_out_nothing_that_a_try_got(external_id, store):
    before, target = len(store.issued), a_role(trust_policy.trust_policy(external_id, cooper_arn()))
    target.policy_arns = [f"arn:aws:iam::{ACCOUNT}:policy/mine"]
    found = probe(target)
    tried = store.issued[before:]
    assert tried and not any(each.access_key_id in str(found) for each in tried)

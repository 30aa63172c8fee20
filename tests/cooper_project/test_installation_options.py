"""Option 1 (an instance role) and option 2 (keys of an IAM user), over real HTTP."""

import json
from collections.abc import Iterator

import boto3
import pytest

from brokers import catalogue, trust_policy
from brokers.models import AwsAccount, Target
from core.installation import Installation
from demo.seed import PASSWORD
from embedded_aws import EmbeddedAws, seed_aws
from tests.support.imds import Imds
from tests.support.served import Person, manage, run, serving

INSTANCE = f"arn:aws:sts::111111111111:assumed-role/{seed_aws.COOPER_ROLE}/i-0c00be40000000001"
USER = f"arn:aws:iam::111111111111:user/{seed_aws.COOPER_USER}"
ALMOST_DUE = 800
"""Seconds left, at which botocore renews (it begins 15 minutes before the end)."""


@pytest.fixture
def real(store: EmbeddedAws) -> EmbeddedAws:
    """Return the seeded AWS as no demo, with a role that trusts cooper on an instance too."""
    Installation.find("demo").delete()
    account = AwsAccount.find("222222222222")
    policy = trust_policy.trust_policy(str(account.external_id), INSTANCE)
    policy["Statement"] += trust_policy.trust_policy(str(account.external_id), USER)["Statement"]
    for number, statement in enumerate(policy["Statement"]):
        statement["Sid"] = f"S{number}"
    target = Target.find("dev-read")
    target.role_arn = seed_aws.create_role("222222222222", "either-way", policy, 14_400)
    catalogue.edit(lambda writes: writes.save(target), "dev-read")
    return store


@pytest.fixture
def imds(real: EmbeddedAws) -> Iterator[Imds]:
    """Serve an instance's credentials that are due for renewal at once."""
    with Imds(real, ALMOST_DUE) as service:
        yield service


@pytest.fixture(params=["instance role", "keys"])
def environment(request: pytest.FixtureRequest, real: EmbeddedAws, imds: Imds) -> dict[str, str]:
    """Return how cooper gets its own credentials."""
    return imds.environment() if request.param == "instance role" else real.environment()


def arn_of(credentials: dict[str, str], endpoint: str) -> str:
    client = boto3.client(
        "sts",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    return str(client.get_caller_identity()["Arn"])


def become(alice: Person, target: str, seconds: int = 3600) -> dict[str, str]:
    status, text, _ = alice.ask(
        f"/targets/{target}/credentials/", {"duration": str(seconds)}, Accept="application/json"
    )
    assert status == 200, text
    return dict(json.loads(text))


def test_it_drives_the_whole_flow(environment, real):
    done = run(manage("cooper_setup"), environment)
    assert done.returncode == 0 and "Done:" in done.stdout, done.stderr
    given = run(
        manage("cooper_user", "add", "frank", "--groups", "developers"),
        environment,
        "long-and-rare-4711\n",
    )
    assert given.returncode == 0, given.stderr
    with serving(environment) as url:
        frank = Person(url)
        assert frank.sign_in("frank", "long-and-rare-4711") == 302
        assert "Development, read only" in frank.ask("/")[1]
        arn = arn_of(become(frank, "dev-read"), real.endpoint_url)
        assert arn.startswith("arn:aws:sts::222222222222:assumed-role/either-way/frank.")
        arn = arn_of(become(frank, "dev-uploads"), real.endpoint_url)
        assert arn.startswith("arn:aws:sts::222222222222:federated-user/frank.")
        status, _, location = frank.ask("/targets/dev-read/console/", {"duration": "900"})
        assert status == 303 and location.startswith(real.signin_url) and "SigninToken=" in location


def test_it_renews_the_instances_credentials_while_serving(imds, real):
    with serving(imds.environment()) as url:
        alice = Person(url)
        assert alice.sign_in("alice", PASSWORD) == 302
        first = imds.handed[0]["AccessKeyId"]
        with real.later(ALMOST_DUE + 60):
            # what was handed out before is dead at AWS now
            assert become(alice, "dev-read")["AccessKeyId"].startswith("ASIA")
        assert len(imds.handed) > 1 and imds.handed[-1]["AccessKeyId"] != first


def test_it_goes_on_while_the_metadata_service_is_down_and_the_credentials_live(imds):
    with serving(imds.environment()) as url:
        alice = Person(url)
        alice.sign_in("alice", PASSWORD)
        imds.broken = True
        assert become(alice, "dev-read")["AccessKeyId"].startswith("ASIA")


def test_it_gives_an_hour_where_an_instances_role_chains(imds, real):
    real.instance_profile_chains = True
    try:
        with serving(imds.environment()) as url:
            alice = Person(url)
            alice.sign_in("alice", PASSWORD)
            status, text, _ = alice.ask("/targets/dev-read/credentials/", {"duration": "14400"})
            assert status == 200 and "does not give this target more than one hour" in text
    finally:
        real.instance_profile_chains = False

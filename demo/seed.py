"""What the demo begins with: five people, four AWS accounts, twelve targets of both kinds, and their associations.

It runs in the process of the embedded AWS: the AWS side is written into its backends, cooper's side through cooper's
own documents, so that ExternalIds and Federation Keys are real on both.
"""

import json
import os
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password

from accounts import totp
from accounts.models import LocalAccount, TotpDevice
from brokers import catalogue, trust_policy
from brokers.federation_keys import encrypt_for_target
from brokers.models import Association, AwsAccount, Kind, State, Target
from core import audit, aws, installation
from core.audit import Event
from core.aws import Keys
from core.dynamo import Transaction, transaction
from embedded_aws import EmbeddedAws, seed_aws

PASSWORD = "cooper-demo"  # noqa: S105 - the demo's, on loopback alone
PEOPLE = {
    "alice": ("Alice Archer", ["analysts", "developers"]),
    "bob": ("Bob Baker", ["visitors"]),
    "carol": ("Carol Cho", ["admins"]),
    "dan": ("Dan Duval", ["admins"]),
    "erin": ("Erin Ekberg", ["auditors"]),
}
ACCOUNTS = {
    "222222222222": "Development",
    "333333333333": "Staging",
    "444444444444": "Production",
    "555555555555": "Data platform",
}
SPARE_ROLE = "support-read"
"""A role in Production that is ready to become a target: for the tour, and for trying out."""

READ_S3 = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}],
    }
)


@dataclass(frozen=True)
class Seeded:
    """One target of the seed."""

    name: str
    title: str
    description: str
    groups: tuple[str, ...]
    max_seconds: int = 3600
    sensitive: bool = False
    federated: bool = False

    @property
    def env(self) -> str:
        """Return the first part of the name."""
        return self.name.split("-", maxsplit=1)[0]

    @property
    def account_id(self) -> str:
        """Return the AWS account's number."""
        return PLACES[self.env][0]


DEVELOPERS, ON_CALL = ("developers",), ("on-call",)
TARGETS = (
    Seeded(
        "dev-read", "Development, read only", "Look at anything in development.", DEVELOPERS, 14_400
    ),
    Seeded("dev-admin", "Development, administrator", "Do anything in development.", DEVELOPERS),
    Seeded(
        "dev-uploads",
        "Upload bucket of development",
        "Reads S3.",
        DEVELOPERS,
        43_200,
        federated=True,
    ),
    Seeded(
        "staging-read", "Staging, read only", "Look at anything in staging.", DEVELOPERS, 14_400
    ),
    Seeded("staging-deploy", "Staging, deploy", "Roll out a release to staging.", DEVELOPERS),
    Seeded("staging-db", "Staging, database", "Databases of staging.", ("database-team",)),
    Seeded("prod-read", "Production, read only", "Look at production.", DEVELOPERS + ON_CALL, 7200),
    Seeded(
        "prod-admin",
        "Production, administrator",
        "Do anything in production.",
        DEVELOPERS,
        sensitive=True,
    ),
    Seeded(
        "prod-break-glass",
        "Production, break glass",
        "When nothing else helps.",
        ON_CALL,
        sensitive=True,
    ),
    Seeded(
        "prod-reports",
        "Reports bucket of production",
        "Reads reports.",
        ("finance",),
        federated=True,
    ),
    Seeded("data-analyst", "Data analyst", "Athena and Glue, read only.", ("analysts",), 28_800),
    Seeded(
        "data-export", "Data export", "Reads the export bucket.", ("data-team",), federated=True
    ),
)
PLACES = {
    "dev": ("222222222222", "green"),
    "staging": ("333333333333", "orange"),
    "prod": ("444444444444", "red"),
    "data": ("555555555555", "blue"),
}
"""AWS account and colour by the first part of a target's name."""
FEDERATED_GROUPS = {
    "staging-read": ("example:developers",),
    "staging-deploy": ("example:developers",),
    "prod-admin": ("example:developers",),
    "data-analyst": ("example:analysts",),
}
"""Groups of the demo's identity provider that may become targets, by target."""
DESTINATIONS = {
    "dev-uploads": "/s3/buckets",
    "staging-db": "/rds/home",
    "data-analyst": "/athena/home",
}


def adopt(embedded: EmbeddedAws) -> None:
    """Point this process at the embedded AWS, whatever its environment said before."""
    os.environ.update(embedded.environment())
    settings.COOPER_REGION = os.environ["COOPER_REGION"]
    settings.COOPER_KMS_KEY = os.environ["COOPER_KMS_KEY"]
    settings.COOPER_SIGNIN_URL = os.environ["COOPER_SIGNIN_URL"]
    settings.COOPER_DEV_ENDPOINTS = True
    aws.forget_clients()


def seed(people: bool = True) -> bool:
    """Fill an installation that set-up has made with the demo, once; return whether it was filled now."""
    if installation.is_demo():
        return False
    cooper_arn = aws.caller_identity().arn
    for account_id, name in ACCOUNTS.items():
        _seed_account(account_id, name)
    _seed_role(SPARE_ROLE, "444444444444", 7200, cooper_arn)
    for each in TARGETS:
        _seed_target(each, cooper_arn)
    if people:
        _seed_people()
    installation.ensure(
        "demo", value="This installation is the demo: made-up people with a known password."
    )
    return True


def _seed_account(account_id: str, name: str) -> None:
    """Make an AWS account on both sides."""
    seed_aws.create_account(account_id)
    catalogue.ensure_account(account_id)
    found = AwsAccount.find(account_id)
    if found is not None and found.name != name:
        found.name = name
        catalogue.edit(lambda writes: writes.save(found), accounts=[account_id])


def _seed_role(name: str, account_id: str, max_seconds: int, cooper_arn: str) -> str:
    """Make a role that trusts cooper with this AWS account's ExternalId; return its ARN."""
    external_id = str(catalogue.ensure_account(account_id).external_id)
    policy = trust_policy.trust_policy(external_id, cooper_arn)
    return str(seed_aws.create_role(account_id, name, policy, max(3600, max_seconds)))


def _seed_target(each: Seeded, cooper_arn: str) -> None:
    """Make a target with its associations, unless it is there from a seed that was cut short."""
    if Target.find(each.name):
        return
    made = Target(
        each.name,
        title=each.title,
        aws_account=each.account_id,
        description=each.description,
        colour=PLACES[each.env][1],
        labels=[f"env={each.env}"],
        region=settings.COOPER_REGION,
        destination=DESTINATIONS.get(each.name),
        max_seconds=each.max_seconds,
        sensitive=each.sensitive,
        state=str(State.ENABLED),
        tag_session=True,
        **(_federated(each) if each.federated else _role(each, cooper_arn)),
    )

    def build(writes: Transaction) -> None:
        writes.create(made)
        writes.create(
            audit.event(
                Event.TARGET_ADDED, target=each.name, aws_account=each.account_id, by="seed"
            )
        )
        for group in (*each.groups, *FEDERATED_GROUPS.get(each.name, ())):
            writes.create(Association(each.name, group if ":" in group else f"local:{group}"))

    catalogue.edit(build, each.name)


def _role(each: Seeded, cooper_arn: str) -> dict[str, Any]:
    """Return what a role's target has, after making the role."""
    arn = _seed_role(each.name, each.account_id, each.max_seconds, cooper_arn)
    return {
        "kind": str(Kind.ROLE),
        "role_arn": arn,
        "source_identity": True,
        "external_id_enforced": True,
    }


def _federated(each: Seeded) -> dict[str, Any]:
    """Return what a federated user's target has, after making its IAM user and keys."""
    keys = Keys(*seed_aws.create_user_key(each.account_id, f"cooper-{each.name}"))
    sealed = encrypt_for_target(keys, each.name)
    return {
        "kind": str(Kind.FEDERATED_USER),
        "federation_keys": sealed.blob,
        "federation_keys_kms_arn": sealed.key_arn,
        "access_key_id": keys.access_key_id,
        "session_policy": READ_S3,
    }


def _seed_device(username: str) -> None:
    """Give a person a device for one-time codes."""
    person = f"local:{username}"
    if totp.device_of(person) is None:
        ciphertext = totp.encrypt_seed(totp.new_seed(), person)
        device = TotpDevice(
            person, seed=ciphertext.blob, key_arn=ciphertext.key_arn, confirmed=True
        )
        with transaction() as writes:
            writes.create(device)
            writes.create(audit.event(Event.DEVICE_ADDED, person=person, by="seed"))


def otpauth_of(username: str) -> str:
    """Return the address that an authenticator app reads for a person's device in the demo; "" without a device."""
    device = totp.device_of(f"local:{username}")
    if device is None:
        return ""
    return totp.otpauth_uri(totp.decrypt_device_seed(device), str(device.person))


def _seed_people() -> None:
    """Make the five people's local accounts."""
    _seed_device("carol")
    for username, (name, groups) in PEOPLE.items():
        if LocalAccount.find(username):
            continue
        with transaction() as writes:
            writes.create(
                LocalAccount(username, name=name, groups=groups, password=make_password(PASSWORD))
            )
            writes.create(audit.event(Event.PERSON_ADDED, person=f"local:{username}", by="seed"))

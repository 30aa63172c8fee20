"""What the demo begins with: five people, four AWS accounts, twelve targets, their associations.

It runs in the process of the embedded AWS: the AWS side is written into its backends, cooper's
side through cooper's own documents, so that ExternalIds and Federation Keys are real on both.
"""

import json
import os
from typing import Any

from django.conf import settings

from accounts import passwords, totp
from accounts.models import LocalAccount, TotpDevice
from brokers import aws_accounts, catalogue, trust_policy
from brokers.contacts import write_contact
from brokers.federation_keys import encrypt_for_target
from brokers.models import Association, AwsAccount, Kind, State, Target
from core import audit, aws, installation
from core.audit import Event
from core.aws import Keys
from core.dynamo import Transaction, transaction
from core.installation import STOP_SWITCH_ITEM, Installation
from demo.seed_targets import (
    ACCOUNTS,
    COLOURS,
    CONTACT,
    DESTINATIONS,
    EXAMPLE_IDP_GROUPS,
    OWNERS,
    TARGETS,
    SeedTarget,
)
from embedded_aws import EmbeddedAws, seed_aws

PASSWORD = "cooper-demo"  # noqa: S105 - the demo's, on loopback alone

PEOPLE = {
    "alice": ("Alice Archer", ["analysts", "developers"]),
    "bob": ("Bob Baker", ["visitors"]),
    "carol": ("Carol Cho", ["admins"]),
    "dan": ("Dan Duval", ["admins"]),
    "erin": ("Erin Ekberg", ["auditors"]),
}
"""Name and groups by user name."""

SPARE_ROLE = "support-read"
SPARE_ROLE_ACCOUNT = "444444444444"
"""A role in Production that is ready to become a target: for the tour, and for trying out."""

READ_S3 = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}],
    }
)


def use_embedded_aws(embedded: EmbeddedAws) -> None:
    """Let this process use the embedded AWS, whatever its environment named before."""
    environment = embedded.environment()
    os.environ.update(environment)
    settings.COOPER_REGION = environment["COOPER_REGION"]
    settings.COOPER_KMS_KEY = environment["COOPER_KMS_KEY"]
    settings.COOPER_SIGNIN_URL = environment["COOPER_SIGNIN_URL"]
    settings.COOPER_DEV_ENDPOINTS = True
    aws.forget_clients()


def seed(people: bool = True) -> bool:
    """Fill an installation that set-up has made with the demo, once.

    Return whether it was filled now.
    """
    if installation.is_demo():
        return False

    cooper_arn = aws.caller_identity().arn
    for account_id, name in ACCOUNTS.items():
        _seed_account(account_id, name)
    _seed_role(SPARE_ROLE, SPARE_ROLE_ACCOUNT, 7200, cooper_arn)
    for seed_target in TARGETS:
        _seed_target(seed_target, cooper_arn)
    _seed_contact()
    if people:
        _seed_device("carol")
        _seed_people()

    # last: a seed that was cut short goes on at the next start
    installation.ensure(
        "demo", value="This installation is the demo: made-up people with a known password."
    )
    return True


# -- AWS accounts, roles and targets


def _seed_account(account_id: str, name: str) -> None:
    """Make an AWS account on both sides."""
    seed_aws.create_account(account_id)
    aws_accounts.ensure_account(account_id)

    account = AwsAccount.find(account_id)
    if account is not None and account.name != name:
        account.name = name
        catalogue.edit(lambda writes: writes.save(account), accounts=[account_id])


def _seed_role(name: str, account_id: str, max_seconds: int, cooper_arn: str) -> str:
    """Make a role that trusts cooper with this AWS account's ExternalId; return its ARN."""
    external_id = str(aws_accounts.ensure_account(account_id).external_id)
    policy = trust_policy.trust_policy(external_id, cooper_arn)
    # AWS takes no MaxSessionDuration below an hour
    return seed_aws.create_role(account_id, name, policy, max(3600, max_seconds))


def _seed_target(seed_target: SeedTarget, cooper_arn: str) -> None:
    """Make a target with its associations, unless it is there from a seed that was cut short."""
    name = seed_target.name
    if Target.find(name):
        return

    target = _make_target(seed_target, cooper_arn)
    local_groups = [f"local:{group}" for group in seed_target.groups]
    groups = local_groups + EXAMPLE_IDP_GROUPS.get(name, [])

    def build(writes: Transaction) -> None:
        writes.create(target)
        writes.create(
            audit.event(
                Event.TARGET_ADDED, target=name, aws_account=seed_target.account_id, by="seed"
            )
        )
        for group in groups:
            writes.create(Association(name, group))

    catalogue.edit(build, name)


def _make_target(seed_target: SeedTarget, cooper_arn: str) -> Target:
    if seed_target.federated:
        kind_fields = _federated_user_fields(seed_target)
    else:
        kind_fields = _role_fields(seed_target, cooper_arn)

    return Target(
        seed_target.name,
        title=seed_target.title,
        aws_account=seed_target.account_id,
        description=seed_target.description,
        colour=COLOURS[seed_target.env],
        owner=OWNERS[seed_target.env],
        rank=seed_target.rank,
        labels=[f"env={seed_target.env}"],
        region=settings.COOPER_REGION,
        destination=DESTINATIONS.get(seed_target.name),
        max_seconds=seed_target.max_seconds,
        sensitive=seed_target.sensitive,
        state=str(State.ENABLED),
        tag_session=True,
        **kind_fields,
    )


def _role_fields(seed_target: SeedTarget, cooper_arn: str) -> dict[str, Any]:
    """Return what a role's target has, after making the role."""
    role_arn = _seed_role(
        seed_target.name, seed_target.account_id, seed_target.max_seconds, cooper_arn
    )
    return {
        "kind": str(Kind.ROLE),
        "role_arn": role_arn,
        "source_identity": True,
        "external_id_enforced": True,
    }


def _federated_user_fields(seed_target: SeedTarget) -> dict[str, Any]:
    """Return what a federated user's target has, after making its IAM user and keys."""
    user_name = f"cooper-{seed_target.name}"
    keys = Keys(*seed_aws.create_user_key(seed_target.account_id, user_name))
    federation_keys = encrypt_for_target(keys, seed_target.name)
    return {
        "kind": str(Kind.FEDERATED_USER),
        "federation_keys": federation_keys.blob,
        "federation_keys_kms_arn": federation_keys.key_arn,
        "access_key_id": keys.access_key_id,
        "session_policy": READ_S3,
    }


def _seed_contact() -> None:
    """Name whom people ask, unless a seed that was cut short has done so."""
    item = Installation.find(STOP_SWITCH_ITEM)
    if item is None or item.default_contact:
        return

    with transaction() as writes:
        write_contact("", CONTACT, writes, by="seed")


# -- people


def _seed_people() -> None:
    # hashing takes its time, and everybody has the same password
    password_hash = passwords.hash_password(PASSWORD)
    for username, (name, groups) in PEOPLE.items():
        if LocalAccount.find(username):
            continue

        account = LocalAccount(username, name=name, groups=groups, password=password_hash)
        with transaction() as writes:
            writes.create(account)
            writes.create(audit.event(Event.PERSON_ADDED, person=f"local:{username}", by="seed"))


def _seed_device(username: str) -> None:
    """Give a person a device for one-time codes."""
    person = f"local:{username}"
    if totp.device_of(person) is not None:
        return

    ciphertext = totp.encrypt_seed(totp.new_seed(), person)
    device = TotpDevice(person, seed=ciphertext.blob, key_arn=ciphertext.key_arn, confirmed=True)
    with transaction() as writes:
        writes.create(device)
        writes.create(audit.event(Event.DEVICE_ADDED, person=person, by="seed"))


def otpauth_of(username: str) -> str:
    """Return the otpauth URI of a person's device, as an authenticator app reads it, or ""."""
    device = totp.device_of(f"local:{username}")
    if device is None:
        return ""
    return totp.otpauth_uri(totp.decrypt_device_seed(device), str(device.person))

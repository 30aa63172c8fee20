"""Targets as a company has them: the same few roles in many AWS accounts."""

from brokers.catalogue_rows import CatalogueAssociation, CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.models import AwsAccount

GROUP = "local:developers"
"""A group of Alice's, who may become all of them."""

ENVIRONMENTS = {"dev": "green", "staging": "orange", "prod": "red"}
"""The colour of the targets in each."""

TEAMS = [
    "payments",
    "search",
    "ledger",
    "mobile",
    "web",
    "data",
    "ingest",
    "batch",
    "auth",
    "mail",
    "crm",
    "media",
    "shop",
    "stock",
    "fraud",
    "risk",
    "tax",
    "legal",
    "hr",
    "lab",
]

ROLES = [
    "read",
    "admin",
    "deploy",
    "support",
    "database",
    "logs",
    "billing",
    "network",
    "security",
    "power",
]


def catalogue_with(count: int, account_count: int, number: int) -> Catalogue:
    """Return a catalogue of this change number, of so many targets in so many AWS accounts."""
    targets = {}
    accounts = {}
    associations = {}
    for place in range(count):
        account_place = place % account_count
        account = _account(account_place)
        accounts[account.account_id] = account

        target = _target(place // account_count + account_place, account_place, account)
        targets[target.name] = target
        associations[target.name] = (CatalogueAssociation(target.name, GROUP),)
    return Catalogue.build(number, targets, accounts, associations)


def _account(place: int) -> AwsAccount:
    # numbers of AWS accounts have no order that a compressor could use
    account_id = f"{100_000_000_000 + place * 7_919_123_457 % 899_999_999_999}"
    environment = list(ENVIRONMENTS)[place % 3]
    team = TEAMS[place // 3 % len(TEAMS)]
    return AwsAccount(account_id, name=f"{team}-{environment}-{place // 60 + 1}", external_id="x")


def _target(role_place: int, account_place: int, account: AwsAccount) -> CatalogueTarget:
    environment = list(ENVIRONMENTS)[account_place % 3]
    team = TEAMS[account_place // 3 % len(TEAMS)]
    role = ROLES[role_place % len(ROLES)]
    if role_place >= len(ROLES):
        role = f"{role}-{role_place // len(ROLES)}"
    name = f"{account.name}-{role}"
    return CatalogueTarget(
        name,
        kind="role",
        state="enabled",
        aws_account=str(account.account_id),
        title=f"{team.title()} {environment} {account_place // 60 + 1}, {role}",
        description=f"For {team} in {environment}.",
        labels=(f"env={environment}", f"team={team}"),
        colour=ENVIRONMENTS[environment],
        role_arn=f"arn:aws:iam::{account.account_id}:role/{name}",
        role_name=name,
        max_seconds=3600,
    )

"""The AWS accounts and targets of the demo, and who may become which."""

from dataclasses import dataclass

ACCOUNTS = {
    "222222222222": "Development",
    "333333333333": "Staging",
    "444444444444": "Production",
    "555555555555": "Data platform",
}

ENV_ACCOUNTS = {
    "dev": "222222222222",
    "staging": "333333333333",
    "prod": "444444444444",
    "data": "555555555555",
}
"""AWS account by the first part of a target's name."""

COLOURS = {"dev": "green", "staging": "orange", "prod": "red", "data": "blue"}

OWNERS = {
    "dev": "Developer platform, #dev-platform",
    "staging": "Developer platform, #dev-platform",
    "prod": "Alice Archer, sre@example.com",
    "data": "Data team, data@example.com",
}
"""Whom people ask about a target, by the first part of its name."""

CONTACT = "Platform team, platform@example.com"
"""Whom people ask who may not become anything."""

READ, WRITE, ADMIN, BREAK_GLASS = 10, 20, 50, 90
"""Ranks: a link to the console offers the least powerful first."""

DESTINATIONS = {
    "dev-uploads": "/s3/buckets",
    "staging-db": "/rds/home",
    "data-analyst": "/athena/home",
}
"""Where the console opens, by target."""

EXAMPLE_IDP_GROUPS = {
    "staging-read": ["example:developers"],
    "staging-deploy": ["example:developers"],
    "prod-admin": ["example:developers"],
    "data-analyst": ["example:analysts"],
}
"""Groups of the demo's identity provider that may become targets, by target."""


@dataclass(frozen=True)
class SeedTarget:
    """One target; `groups` are local ones that may become it."""

    name: str
    title: str
    description: str
    groups: tuple[str, ...]
    rank: int = READ
    max_seconds: int = 3600
    sensitive: bool = False
    federated: bool = False

    @property
    def env(self) -> str:
        """The first part of the name."""
        return self.name.split("-", maxsplit=1)[0]

    @property
    def account_id(self) -> str:
        """The number of its AWS account."""
        return ENV_ACCOUNTS[self.env]


TARGETS = (
    SeedTarget(
        "dev-read",
        "Development, read only",
        "Look at anything in development.",
        groups=("developers",),
        max_seconds=14_400,
    ),
    SeedTarget(
        "dev-admin",
        "Development, administrator",
        "Do anything in development.",
        groups=("developers",),
        rank=ADMIN,
    ),
    SeedTarget(
        "dev-uploads",
        "Upload bucket of development",
        "Reads S3.",
        groups=("developers",),
        max_seconds=43_200,
        federated=True,
    ),
    SeedTarget(
        "staging-read",
        "Staging, read only",
        "Look at anything in staging.",
        groups=("developers",),
        max_seconds=14_400,
    ),
    SeedTarget(
        "staging-deploy",
        "Staging, deploy",
        "Roll out a release to staging.",
        groups=("developers",),
        rank=WRITE,
    ),
    SeedTarget(
        "staging-db",
        "Staging, database",
        "Databases of staging.",
        groups=("database-team",),
        rank=WRITE,
    ),
    SeedTarget(
        "prod-read",
        "Production, read only",
        "Look at production.",
        groups=("developers", "on-call"),
        max_seconds=7_200,
    ),
    SeedTarget(
        "prod-admin",
        "Production, administrator",
        "Do anything in production.",
        groups=("developers",),
        rank=ADMIN,
        sensitive=True,
    ),
    SeedTarget(
        "prod-break-glass",
        "Production, break glass",
        "When nothing else helps.",
        groups=("on-call",),
        rank=BREAK_GLASS,
        sensitive=True,
    ),
    SeedTarget(
        "prod-reports",
        "Reports bucket of production",
        "Reads reports.",
        groups=("finance",),
        federated=True,
    ),
    SeedTarget(
        "data-analyst",
        "Data analyst",
        "Athena and Glue, read only.",
        groups=("analysts",),
        max_seconds=28_800,
    ),
    SeedTarget(
        "data-export",
        "Data export",
        "Reads the export bucket.",
        groups=("data-team",),
        federated=True,
    ),
)

"""The deeds that are measured; imported once the environment names the embedded AWS."""

import os
from collections.abc import Callable
from dataclasses import replace

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cooper_project.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402

from brokers import catalogue, trust  # noqa: E402
from brokers.grants import cooper_arn  # noqa: E402
from brokers.models import Association, Target  # noqa: E402
from cooper_project import aws, installation  # noqa: E402
from cooper_project.embedded.seed import PASSWORD  # noqa: E402


def measure(versus: Callable[..., None]) -> None:
    """Measure and print each ratio."""
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    settings.STATIC_ROOT = settings.BASE_DIR / "cooper_project" / "static"
    installation.use_secret_key()
    assert trust.principal_arns(cooper_arn())
    alice = Client()
    assert alice.post("/login/", {"username": "alice", "password": PASSWORD}).status_code == 302
    _grants(versus, alice)
    _listing(versus, alice)


def _grants(versus: Callable[..., None], alice: Client) -> None:
    """Measure a grant of each kind against a bare AssumeRole on a warm client."""
    target = Target.find("dev-read")
    assert target is not None
    account = catalogue.ensure_account(str(target.aws_account))
    asked = {"RoleArn": target.role_arn, "RoleSessionName": "bench", "ExternalId": account.external_id}

    def bare() -> None:
        aws.client("sts").assume_role(**asked)

    def become(name: str) -> Callable[[], None]:
        def deed() -> None:
            answer = alice.post(
                f"/targets/{name}/credentials/", {"duration": 900}, headers={"accept": "application/json"}
            )
            assert answer.status_code == 200, answer.content

        return deed

    versus("credentials of a role / bare AssumeRole", become("dev-read"), bare)
    versus("credentials of a federated user / bare AssumeRole", become("dev-uploads"), bare)


def _listing(versus: Callable[..., None], alice: Client) -> None:
    """Measure the first page with 10,000 targets around it against the twelve of the demo."""
    small = catalogue.current()
    targets, rules = dict(small.targets), dict(small.rules)
    for n in range(10_000):
        name = f"other-{n}"
        targets[name] = Target(name, kind="role", state="enabled", aws_account="222222222222")
        rules[name] = (Association(name, f"local:team-{n % 500}"),)
    large = replace(catalogue._made(small.number, targets, small.accounts, rules), number=small.number)

    def with_catalogue(held: catalogue.Catalogue) -> Callable[[], None]:
        def deed() -> None:
            catalogue._held[:] = [held]
            assert alice.get("/").status_code == 200

        return deed

    versus("first page, 10,000 targets / 12 targets", with_catalogue(large), with_catalogue(small), 20)

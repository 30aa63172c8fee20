"""The deeds that are measured; imported once the environment names the embedded AWS."""

import os
from collections.abc import Callable

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cooper_project.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402

from brokers import catalogue, trust_policy  # noqa: E402
from brokers.models import Association, Target  # noqa: E402
from brokers.probing import cooper_arn  # noqa: E402
from core import aws, installation  # noqa: E402
from demo.seed import PASSWORD  # noqa: E402


def measure(versus: Callable[..., None]) -> None:
    """Measure and print each ratio."""
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.STORAGES = {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.STATIC_ROOT = settings.BASE_DIR / "core" / "static"
    installation.use_secret_key()
    assert trust_policy.principal_arns(cooper_arn())
    alice = Client()
    assert alice.post("/login/", {"username": "alice", "password": PASSWORD}).status_code == 302
    _grants(versus, alice)
    _listing(versus, alice)
    carol = Client()
    assert carol.post("/login/", {"username": "carol", "password": PASSWORD}).status_code == 302
    _management(versus, carol)


def _grants(versus: Callable[..., None], alice: Client) -> None:
    """Measure a grant of each kind against a bare AssumeRole on a warm client."""
    target = Target.find("dev-read")
    assert target is not None
    account = catalogue.ensure_account(str(target.aws_account))
    asked = {
        "RoleArn": target.role_arn,
        "RoleSessionName": "bench",
        "ExternalId": account.external_id,
    }

    def bare() -> None:
        aws.client("sts").assume_role(**asked)

    def become(name: str) -> Callable[[], None]:
        def deed() -> None:
            answer = alice.post(
                f"/targets/{name}/credentials/",
                {"duration": 900},
                headers={"accept": "application/json"},
            )
            assert answer.status_code == 200, answer.content

        return deed

    versus("credentials of a role / bare AssumeRole", become("dev-read"), bare)
    versus("credentials of a federated user / bare AssumeRole", become("dev-uploads"), bare)


def _beside(others: int) -> tuple[catalogue.Catalogue, catalogue.Catalogue]:
    """Return the demo's catalogue with so many other targets in it, and as it is."""
    small = catalogue.current()
    targets, rules = dict(small.targets), dict(small.rules)
    for n in range(others):
        name = f"other-{n}"
        labels = [f"env={n % 7}", f"team={n % 50}"]
        arn = f"arn:aws:iam::222222222222:role/{name}"
        state = "disabled" if n % 11 == 0 else "enabled"
        targets[name] = Target(
            name,
            kind="role",
            state=state,
            aws_account="222222222222",
            title=f"Other {n}",
            labels=labels,
            role_arn=arn,
        )
        rules[name] = (
            Association(name, f"local:team-{n % 500}"),
            Association(name, f"okta:unit-{n % 90}"),
        )
    return catalogue.Catalogue.build(small.number, targets, small.accounts, rules), small


def _with(held: catalogue.Catalogue, browser: Client, address: str) -> Callable[[], None]:
    """Return the deed that opens a page while this catalogue is held."""

    def deed() -> None:
        catalogue.cache.catalogue = held
        assert browser.get(address).status_code == 200

    return deed


def _listing(versus: Callable[..., None], alice: Client) -> None:
    """Measure the first page with 10,000 targets around it against the twelve of the demo."""
    large, small = _beside(10_000)
    versus(
        "first page, 10,000 targets / 12 targets",
        _with(large, alice, "/"),
        _with(small, alice, "/"),
        20,
    )


def _management(versus: Callable[..., None], carol: Client) -> None:
    """Measure the management plane's pages with 5,000 targets against those with twelve."""
    large, small = _beside(5_000)
    for what, address in {
        "list": "/admin/brokers/target/",
        "last page": "/admin/brokers/target/?p=1",
        "search": "/admin/brokers/target/?q=other+team",
        "filter": "/admin/brokers/target/?state=enabled&labels=env%3D3",
        "sorted by AWS account": "/admin/brokers/target/?o=3",
        "change form": "/admin/brokers/target/dev-read/change/",
        "associations": "/admin/brokers/association/",
    }.items():
        against = (
            address.replace("?p=1", "")
            .replace("?q=other+team", "?q=dev")
            .replace("labels=env%3D3", "")
        )
        ours, theirs = _with(large, carol, address), _with(small, carol, against)
        versus(f"admin, {what}, 5,000 targets / 12 targets", ours, theirs, 5)

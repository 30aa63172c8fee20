"""Grants against bare boto3, and pages among thousands of targets against pages among twelve.

Imported once the environment names the embedded AWS.
"""

import os
import statistics
from collections.abc import Callable

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cooper_project.settings")
django.setup()

from django.conf import settings  # noqa: E402 - after django.setup()
from django.test import Client  # noqa: E402 - after django.setup()

from bench.timing import ROUNDS, compare, cpu_milliseconds  # noqa: E402 - after django.setup()
from brokers import aws_accounts, catalogue  # noqa: E402 - after django.setup()
from brokers.catalogue import Catalogue  # noqa: E402 - after django.setup()
from brokers.catalogue_rows import (  # noqa: E402 - after django.setup()
    CatalogueAssociation,
    CatalogueTarget,
)
from brokers.models import Target  # noqa: E402 - after django.setup()
from cooper_project import preparation  # noqa: E402 - after django.setup()
from core import aws, secret_keys  # noqa: E402 - after django.setup()
from demo.seed import PASSWORD  # noqa: E402 - after django.setup()

ACCOUNT_ID = "222222222222"

ADMIN_PAGES = {
    "list": ("/admin/brokers/target/", "/admin/brokers/target/"),
    "last page": ("/admin/brokers/target/?p=1", "/admin/brokers/target/"),
    "search": ("/admin/brokers/target/?q=other+team", "/admin/brokers/target/?q=dev"),
    "filter": (
        "/admin/brokers/target/?state=enabled&labels=env%3D3",
        "/admin/brokers/target/?state=enabled",
    ),
    "sorted by AWS account": ("/admin/brokers/target/?o=3", "/admin/brokers/target/?o=3"),
    "change form": (
        "/admin/brokers/target/dev-read/change/",
        "/admin/brokers/target/dev-read/change/",
    ),
    "associations": ("/admin/brokers/association/", "/admin/brokers/association/"),
}
"""Addresses among many targets and among the demo's twelve."""


def set_up() -> None:
    """Let Django serve the test client with the seeded installation."""
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.STORAGES = {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.STATIC_ROOT = settings.BASE_DIR / "core" / "static"
    secret_keys.use()
    preparation.worker.finish()


def measure() -> None:
    """Measure and print each ratio."""
    alice = sign_in("alice")
    _measure_grants(alice)
    _measure_home(alice)
    _measure_admin(sign_in("carol"))


def sign_in(username: str) -> Client:
    """Return a browser that is signed in."""
    browser = Client()
    response = browser.post("/login/", {"username": username, "password": PASSWORD})
    assert response.status_code == 302, response.content
    return browser


def _measure_grants(alice: Client) -> None:
    """Measure a grant of each kind against a bare AssumeRole by a warm client."""
    target = Target.find("dev-read")
    assert target is not None
    account = aws_accounts.ensure_account(str(target.aws_account))

    def assume_role() -> None:
        aws.client("sts").assume_role(
            RoleArn=target.role_arn, RoleSessionName="bench", ExternalId=account.external_id
        )

    def become(name: str) -> Callable[[], None]:
        def post() -> None:
            response = alice.post(
                f"/targets/{name}/credentials/",
                {"duration": 900},
                headers={"accept": "application/json"},
            )
            assert response.status_code == 200, response.content

        return post

    compare("credentials of a role / bare AssumeRole", become("dev-read"), assume_role)
    compare("credentials of a federated user / bare AssumeRole", become("dev-uploads"), assume_role)


def _measure_home(alice: Client) -> None:
    small = catalogue.current()
    large = _with_more_targets(small, 10_000)
    compare(
        "first page, 10,000 targets / 12 targets",
        _page_opener(alice, "/", large),
        _page_opener(alice, "/", small),
        times=20,
    )


def _measure_admin(carol: Client) -> None:
    small = catalogue.current()
    large = _with_more_targets(small, 5_000)
    for name, (address, small_address) in ADMIN_PAGES.items():
        compare(
            f"admin, {name}, 5,000 targets / 12 targets",
            _page_opener(carol, address, large),
            _page_opener(carol, small_address, small),
            times=5,
        )
    _measure_after_an_edit(carol, small)


def _measure_after_an_edit(carol: Client, small: Catalogue) -> None:
    """Measure the first list after the catalogue has changed: what it prepares serves the next."""
    for name in ("list", "search", "associations"):
        address, _ = ADMIN_PAGES[name]
        times = []
        for _ in range(ROUNDS):
            open_page = _page_opener(carol, address, _with_more_targets(small, 5_000))
            times.append(cpu_milliseconds(open_page, 1))
        print(f"admin, {name}, first after an edit: {statistics.median(times):.0f} ms of CPU")


def _page_opener(browser: Client, address: str, catalogue_now: Catalogue) -> Callable[[], None]:
    """Return what opens a page while this catalogue is cached."""

    def open_page() -> None:
        catalogue.cache.catalogue = catalogue_now
        assert browser.get(address).status_code == 200

    return open_page


def _with_more_targets(small: Catalogue, count: int) -> Catalogue:
    """Return a catalogue of the same number with more targets, which others may become."""
    targets = dict(small.targets)
    associations = dict(small.associations_by_target)
    for number in range(count):
        target = _make_target(number)
        name = str(target.name)
        targets[name] = target
        associations[name] = (
            CatalogueAssociation(name, f"local:team-{number % 500}"),
            CatalogueAssociation(name, f"okta:unit-{number % 90}"),
        )
    return Catalogue.build(small.number, targets, small.accounts, associations)


def _make_target(number: int) -> CatalogueTarget:
    state = "enabled"
    if number % 11 == 0:
        state = "disabled"

    name = f"other-{number}"
    return CatalogueTarget(
        name,
        kind="role",
        state=state,
        aws_account=ACCOUNT_ID,
        title=f"Other {number}",
        labels=(f"env={number % 7}", f"team={number % 50}"),
        role_arn=f"arn:aws:iam::{ACCOUNT_ID}:role/{name}",
    )

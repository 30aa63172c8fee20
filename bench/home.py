"""Home by how many targets somebody may become: CPU and bytes of a request, and in a browser.

In process; the embedded AWS answers from a process of its own.
"""

import gzip
import statistics
from collections.abc import Callable

from django.test import Client

from bench import home_browser
from bench.home_data import catalogue_with
from bench.timing import ROUNDS, cpu_milliseconds
from bench.web import sign_in
from brokers import catalogue
from brokers.aws_accounts import ensure_account
from brokers.catalogue_state import Catalogue
from brokers.models import Target
from core import aws

ENTITLED = (12, 1_000, 10_000)
"""Targets that the person may become."""

CALLS = 20
"""Requests of a round."""

SEARCH = "/?q=ledger+prod"


def measure() -> None:
    """Measure and print, for each number of targets, home, its second page and a search."""
    alice = sign_in("alice")
    bare = _bare_call()
    for count in ENTITLED:
        entitled = _catalogue_with(count)
        for path in ("/", "/?page=2", SEARCH):
            _measure_page(alice, path, count, entitled, bare)
        _measure_after_an_edit(alice, count)
    home_browser.measure(alice)


def _measure_page(
    alice: Client, path: str, count: int, entitled: Catalogue, bare: Callable[[], object]
) -> None:
    catalogue.cache.catalogue = entitled
    plain = alice.get(path)
    packed = alice.get(path, headers={"accept-encoding": "gzip"})
    assert plain.status_code == 200, plain.content

    def ask() -> None:
        response = alice.get(path, headers={"accept-encoding": "gzip"})
        assert response.status_code == 200

    own_times = []
    ratios = []
    for _ in range(ROUNDS):
        own = cpu_milliseconds(ask, CALLS)
        own_times.append(own)
        ratios.append(own / cpu_milliseconds(bare, CALLS * 3))

    smallest = len(gzip.compress(plain.content, 6))
    print(
        f"home {path:<10} of {count:>6,}: {min(own_times):7.2f} ms best, "
        f"{statistics.median(own_times):7.2f} median = {statistics.median(ratios):6.2f} x bare; "
        f"{len(plain.content):>7,} bytes, {len(packed.content):>7,} sent "
        f"({smallest:,} if compressed)"
    )


def _measure_after_an_edit(alice: Client, count: int) -> None:
    """Measure the first request of everybody after the catalogue has changed."""
    times = []
    for _ in range(ROUNDS):
        catalogue.cache.catalogue = _catalogue_with(count)
        times.append(cpu_milliseconds(lambda: alice.get("/"), 1))
    print(f"home, first after an edit, of {count:>6,}: {statistics.median(times):7.2f} ms median")


def _bare_call() -> Callable[[], object]:
    """Return an AssumeRole by a warm client, what all is compared with."""
    target = Target.find("dev-read")
    assert target is not None
    account = ensure_account(str(target.aws_account))
    sts = aws.client("sts")

    return lambda: sts.assume_role(
        RoleArn=target.role_arn, RoleSessionName="bench", ExternalId=account.external_id
    )


def _catalogue_with(count: int) -> Catalogue:
    """Return a catalogue of the number there is, of so many targets that Alice may become."""
    account_count = max(3, count * 3 // 10)
    return catalogue_with(count, account_count, catalogue.current().number)

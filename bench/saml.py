"""What a SAML response costs: median of a request to the ACS, its CPU, and peak memory.

CPU is counted with that of xmlsec1.
"""

import resource
import statistics
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.test import Client

from accounts.providers.saml import idp_registry, keys
from core import installation
from tests.support import saml_kit
from tests.support.saml_kit import OKTA, SP, Attribute, Idp
from tests.support.saml_stage import post_response, start_sign_in

RESPONSES = 25
LARGE_RESPONSES = 5

MANY_GROUPS = Attribute(
    "groups",
    tuple(f"CN=group number {n:04},OU=somewhere,DC=example,DC=com" for n in range(5_000)),
)
MUCH_TEXT = Attribute("groups", tuple(f"{n:04}" + "x" * 214 for n in range(5_200)))
"""Groups that make a message of 1.4 MB."""


class Cost(NamedTuple):
    """Of one request: seconds by the clock, seconds of CPU."""

    wall: float
    cpu: float


def measure() -> None:
    """Connect an identity provider of the tests' making, and let it answer."""
    settings.COOPER_PUBLIC_URL = SP
    installation.use_kms_key()
    with tempfile.TemporaryDirectory() as folder:
        _connect(Path(folder))
        _measure("assertion signed")
        _measure("response and assertion signed", signs=("assertion", "response"))
        _measure("encrypted", encrypts="OURS")
        _measure("5,000 groups", LARGE_RESPONSES, attributes=(MANY_GROUPS,))
        _measure("refused: signed by a foreign key", signer="rogue")
        _measure(
            "refused: 1.4 MB signed by a foreign key",
            LARGE_RESPONSES,
            signer="rogue",
            attributes=(MUCH_TEXT,),
        )


def _connect(folder: Path) -> None:
    metadata = folder / "idp.xml"
    metadata.write_text(OKTA.metadata())
    idp_registry.add(idp_registry.IdpSettings("okta", str(metadata)), ())

    certificate = folder / "ours.pem"
    certificate.write_text(keys.stored()[0]["certificate"])
    saml_kit.OURS = str(certificate)


def _measure(name: str, times: int = RESPONSES, **changes: Any) -> None:
    """Print what responses of one kind cost."""
    # warm
    _post_once(changes)
    costs = [_post_once(changes) for _ in range(times)]
    wall = statistics.median(cost.wall for cost in costs) * 1000
    cpu = statistics.median(cost.cpu for cost in costs) * 1000

    peak = _peak_memory(changes) / 2**20
    print(f"ACS, {name:<45} p50 {wall:6.0f} ms, CPU {cpu:6.0f} ms, peak {peak:5.1f} MiB")


def _make_message(changes: dict[str, Any]) -> tuple[Client, str]:
    """Return a browser that waits for a response, and the response."""
    browser = Client()
    # responses are taken once
    idp: Idp = start_sign_in(browser)
    message = idp.with_changes(assertion_id=f"_b{time.monotonic_ns()}", **changes)
    return browser, message.build()


def _post_once(changes: dict[str, Any]) -> Cost:
    browser, message = _make_message(changes)
    start = time.perf_counter()
    cpu_start = _cpu_seconds()
    _post(browser, message)
    return Cost(time.perf_counter() - start, _cpu_seconds() - cpu_start)


def _peak_memory(changes: dict[str, Any]) -> int:
    """Return the most bytes that a request needs at once; tracing makes it slow."""
    tracemalloc.start()
    browser, message = _make_message(changes)
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    _post(browser, message)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - before


def _post(browser: Client, message: str) -> None:
    status = post_response(browser, message).status_code
    assert status in (302, 403), status


def _cpu_seconds() -> float:
    """Return CPU seconds of this process and of its children."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime

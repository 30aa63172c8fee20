"""What an identity provider's answer costs: p50 of a request to the ACS, CPU with xmlsec1's, and memory at its peak."""

import resource
import statistics
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client

from accounts.providers.saml import idp_registry, keys
from core import installation
from tests.support import saml_kit
from tests.support.saml_kit import OKTA, SP, Attribute, Idp
from tests.support.saml_stage import post_response, start_sign_in

ANSWERS = 25
GROUPS = (
    Attribute(
        "groups",
        tuple(f"CN=group number {n:04},OU=somewhere,DC=example,DC=com" for n in range(5_000)),
    ),
)


def used() -> float:
    """Return CPU seconds of this process and of its children."""
    own, theirs = (
        resource.getrusage(resource.RUSAGE_SELF),
        resource.getrusage(resource.RUSAGE_CHILDREN),
    )
    return own.ru_utime + own.ru_stime + theirs.ru_utime + theirs.ru_stime


def measure() -> None:
    """Connect an identity provider of the tests' making, and let it answer."""
    settings.COOPER_PUBLIC_URL = SP
    installation.use_kms_key()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "idp.xml")
        file.write_text(OKTA.metadata())
        idp_registry.add(idp_registry.IdpSettings("okta", str(file)), ())
        ours = Path(folder, "ours.pem")
        ours.write_text(keys.stored()[0]["certificate"])
        saml_kit.OURS = str(ours)
        _line("assertion signed", {})
        _line("response and assertion signed", {"signs": ("assertion", "response")})
        _line("encrypted", {"encrypts": "OURS"})
        _line("5,000 groups", {"attributes": GROUPS}, 5)
        _line("refused: signed by a foreign key", {"signer": "rogue"})
        _line(
            "refused: 1.4 MB signed by a foreign key",
            {"signer": "rogue", "attributes": _large()},
            5,
        )


def _large() -> tuple[Attribute, ...]:
    """Return groups that make a message of 1.4 MB."""
    return (Attribute("groups", tuple(f"{n:04}" + "x" * 214 for n in range(5_200))),)


def _line(name: str, changes: dict[str, Any], times: int = ANSWERS) -> None:
    """Print what answers of one kind cost."""
    _once(_message(changes))
    walls, cpus = zip(*(_once(_message(changes))[:2] for _ in range(times)), strict=True)
    tracemalloc.start()
    peak = _once(_message(changes), peak=True)[2]
    tracemalloc.stop()
    wall, cpu = statistics.median(walls), statistics.median(cpus)
    print(
        f"ACS, {name:<45} p50 {wall * 1000:6.0f} ms, CPU {cpu * 1000:6.0f} ms, peak {peak / 2**20:5.1f} MiB"
    )


def _message(changes: dict[str, Any]) -> tuple[Client, str]:
    """Return a browser that waits for an answer, and the answer."""
    browser = Client()
    idp: Idp = start_sign_in(browser).with_changes(
        assertion_id=f"_b{time.monotonic_ns()}", **changes
    )
    return browser, idp.build()


def _once(made: tuple[Client, str], *, peak: bool = False) -> tuple[float, float, float]:
    """Post an answer; return wall seconds, CPU seconds, and the peak of memory in bytes where that is traced."""
    if peak:
        tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0] if peak else 0
    begun, cpu = time.perf_counter(), used()
    status = post_response(*made).status_code
    wall, spent = time.perf_counter() - begun, used() - cpu
    assert status in (302, 403)
    return wall, spent, tracemalloc.get_traced_memory()[1] - before if peak else 0

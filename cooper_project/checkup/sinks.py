"""What is checked on a host that ships: the places that take events, and the key that signs them.

Any other host has no COOPER_SHIP_* and nothing to check.
"""

import os
from collections.abc import Iterator

from django.core.exceptions import ImproperlyConfigured

from cooper_project.checkup.report import Finding, finding_of, note, ok, problem
from cooper_project.outside import Addresses
from core import env, kms_signing
from core.errors import CooperError
from shipping.signatures import digest_of
from shipping.signing import signing_key
from shipping.sinks import Sink, sinks_from_environment

SETTINGS = "COOPER_SHIP_"

SHIPS_NOTHING = "this host sends no events: no COOPER_SHIP_* is set (docs/shipping.md)"

NO_SINK = (
    "COOPER_SHIP_* names no place to send events to: set COOPER_SHIP_FOLDER, or another one of "
    "docs/siem.md"
)

TRIED = b"cooper-check"
"""What is signed to try the key. It can be taken for no end of a chain, which begins otherwise."""

OTHER_SIGNATURE = (
    "what {key} signs, its public key does not verify: look whether COOPER_SHIP_SIGNING_KEY is an "
    "alias that was moved, and check again"
)


def check_sinks(_: Addresses) -> Iterator[Finding]:
    """Ask each sink what is wrong with it; nothing is sent."""
    if not _ships():
        yield note(SHIPS_NOTHING)
        return

    try:
        sinks = sinks_from_environment()
    except ImproperlyConfigured as error:
        yield problem(str(error))
        return

    if not sinks:
        yield problem(NO_SINK)
    for sink in sinks:
        yield from _findings_of(sink)


def check_signing_key(_: Addresses) -> Iterator[Finding]:
    """Sign something that means nothing, and verify it with the public key."""
    if not _ships():
        yield note(SHIPS_NOTHING)
        return

    key = signing_key()
    digest = digest_of(TRIED)
    signature = kms_signing.sign(digest, key.name)
    if kms_signing.Verifier(key.public_pem).is_right(signature, digest):
        yield ok(f"{key.name} signs, and its public key verifies")
    else:
        yield problem(OTHER_SIGNATURE.format(key=key.name))


def _ships() -> bool:
    """Return whether a setting of the shipper says something."""
    names = [name for name in os.environ if name.startswith(SETTINGS)]
    return any(map(env.text, names))


def _findings_of(sink: Sink) -> Iterator[Finding]:
    try:
        problems = sink.problems()
    except CooperError as error:
        # the next sink is asked all the same
        yield finding_of(error)
        return

    yield from map(problem, problems)
    if not problems:
        yield ok(f"{sink.name}: nothing is wrong with it")

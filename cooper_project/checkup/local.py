"""What is checked on this machine alone: settings, and the address to listen on."""

from collections.abc import Iterator

from django.conf import settings

from cooper_project import setting_checks
from cooper_project.checkup.report import Finding, note, ok, problem, warning
from cooper_project.outside import Addresses
from cooper_project.serving import address, metrics_folder
from core.checks import serves_metrics


def check_settings(_: Addresses) -> Iterator[Finding]:
    """Run cooper's system checks, those for serving included."""
    warnings = setting_checks.warnings()
    errors = setting_checks.errors()
    yield from map(warning, warnings)
    yield from map(problem, errors)
    if not errors:
        yield ok("they can be served with")


def check_address(_: Addresses) -> Iterator[Finding]:
    """Look whether the address to listen on is this machine's; a server may be using it."""
    host, port = address.bind_address()
    if address.is_free(host, port):
        yield ok(f"{host}:{port} is free")
    else:
        yield note(f"{host}:{port} is taken, which is well where cooper runs already")


def check_metrics(_: Addresses) -> Iterator[Finding]:
    """Look whether the server can keep its numbers, and say where it would show them."""
    if not serves_metrics():
        yield note("no metrics page is served (COOPER_METRICS_BIND=off)")
        return

    metrics_folder.refuse_foreign()
    yield ok(f"the metrics page is served on {settings.COOPER_METRICS_BIND}")

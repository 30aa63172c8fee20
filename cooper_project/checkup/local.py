"""What is checked on this machine alone: settings, address, files and open files."""

import tempfile
from collections.abc import Iterator

from django.conf import settings

from cooper_project import setting_checks
from cooper_project.checkup.report import Finding, note, ok, problem, warning
from cooper_project.outside import Addresses
from cooper_project.serving import address, gunicorn, metrics_folder, open_files, static
from core.checks import serves_metrics

ROOM_FOR_A_FILE = 1_048_576
"""Bytes; SAML responses are smaller, and of imports most are."""

NO_TEMPORARY_FILES = (
    "none can be written ({reason}): SAML sign-ins and large imports fail. Make room in /tmp, or "
    "name another folder in TMPDIR."
)


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


def check_open_files(_: Addresses) -> Iterator[Finding]:
    """Look how many files and connections a process may have open, after raising the limit."""
    limit = open_files.raised_limit()
    # the server raises it so when it starts
    if limit < open_files.FEWEST:
        yield problem(open_files.TOO_FEW.format(limit=limit))
    elif limit < gunicorn.CONNECTIONS:
        yield warning(open_files.FEW.format(limit=limit, connections=gunicorn.CONNECTIONS))
    else:
        yield ok(f"{limit} for each worker")


def check_temporary_files(_: Addresses) -> Iterator[Finding]:
    """Write where SAML sign-ins and large imports keep what they read for a moment."""
    try:
        with tempfile.TemporaryFile() as file:
            file.write(bytes(ROOM_FOR_A_FILE))
    except OSError as error:
        yield warning(NO_TEMPORARY_FILES.format(reason=error.strerror))
    else:
        yield ok(f"they can be written in {tempfile.gettempdir()}")


def check_static_files(_: Addresses) -> Iterator[Finding]:
    """Look whether the static files are collected, or can be when the server starts."""
    if static.are_collected():
        yield ok("they are collected")
    elif static.can_collect():
        yield ok("they are collected when the server starts")
    else:
        yield problem(static.refusal("the folder cannot be written"))

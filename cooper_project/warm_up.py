"""Makes what a worker's first requests would otherwise wait for: URLs, views, forms, templates.

Nothing is written, and nobody is signed in.
"""

import gc
import io
import logging
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

from django.conf import settings
from django.middleware.csrf import CSRF_SECRET_LENGTH
from django.template import TemplateDoesNotExist, TemplateSyntaxError, engines
from django.utils.crypto import get_random_string

from brokers import catalogue
from brokers.home_pages import home_page
from brokers.stops import Stops
from core import aws
from core.access_log import REHEARSAL
from core.audit import AuditEvent
from core.dynamo import serializable_read
from core.installation import STOP_SWITCH_ITEM, Installation

logger = logging.getLogger(__name__)

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]

PAGES = ("/login/", "/", "/targets/warm-up/")
"""Pages to ask for. To find the first one, Django imports every view with its forms."""

FORM_ADDRESS = "/targets/warm-up/credentials/"
"""Where a form is sent to: it is read, and then its sender is told to sign in first."""

GROUPS = 20
"""Groups whose targets' cards are made; no more of them than a page has."""

_PUT = {"TableName": AuditEvent.table_description()["TableName"], "Item": {}}
GRANT_CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("dynamodb", "put_item", _PUT),
    ("dynamodb", "transact_write_items", {"TransactItems": [{"Put": _PUT}]}),
    (
        "sts",
        "assume_role",
        {"RoleArn": "arn:aws:iam::111122223333:role/warm-up", "RoleSessionName": "warm-up"},
    ),
]
"""Calls of a grant that change something: they are put together and not sent."""

GARBAGE_THRESHOLD = 10_000
"""Objects that are made, and not freed, between two looks for cycles.

Python's own 700 are fewer than a grant makes: with them, and with what is there at the start looked
at again and again, 7 % of a grant's CPU went to the collector.
"""


def warm_up(application: Application) -> None:
    """Go the way of real requests as far as a stranger gets, and read as a grant does.

    Raises nothing.
    """
    try:
        compile_templates()
        for page in PAGES:
            ask(application, page)
        ask(application, FORM_ADDRESS, method="POST")
        make_cards()
        serializable_read([(Installation, STOP_SWITCH_ITEM)])
        for service, operation, arguments in GRANT_CALLS:
            aws.rehearse(service, operation, arguments)
    except Exception as error:  # the first requests then take longer, that is all
        logger.warning("the worker could not warm up", exc_info=error)


def make_cards() -> None:
    """Make a first page with cards: many people see the same ones."""
    catalogue_now = catalogue.latest()
    groups = islice(catalogue_now.by_group, GROUPS)
    home_page(groups, catalogue_now, Stops(), datetime.now(UTC))


def spare_the_collector() -> None:
    """Let Python's garbage collector leave alone what is there now, and look less often.

    For a worker that is warm: what it has by then stays, and is much.
    https://docs.python.org/3/library/gc.html (freeze, set_threshold)
    """
    gc.collect()
    gc.freeze()
    _, *older_generations = gc.get_threshold()
    gc.set_threshold(GARBAGE_THRESHOLD, *older_generations)


def compile_templates() -> None:
    """Compile the templates of cooper and of Django's administration; the loaders keep them."""
    engine: Any = engines["django"]
    for folder in engine.template_dirs:
        for path in sorted(Path(folder).rglob("*.html")):
            try:
                engine.get_template(str(path.relative_to(folder)))
            except (TemplateDoesNotExist, TemplateSyntaxError) as error:
                # one of Django's for something that is not installed here
                logger.debug("not compiled: %s: %s", path, error)


def ask(application: Application, page: str, method: str = "GET") -> int:
    """Ask for a page as a stranger's browser with cookies does; return the bytes of the answer.

    The cookie is that of a web session that never was, so that the tables are asked for it.
    """
    host = settings.ALLOWED_HOSTS[0].lstrip(".")
    scheme = "https" if settings.SECURE_SSL_REDIRECT else "http"
    csrf_token = get_random_string(CSRF_SECRET_LENGTH)
    session_key = secrets.token_hex(16)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": page,
        "HTTP_HOST": host,
        "HTTP_ORIGIN": f"{scheme}://{host}",
        "HTTP_COOKIE": (
            f"{settings.SESSION_COOKIE_NAME}={session_key}; "
            f"{settings.CSRF_COOKIE_NAME}={csrf_token}"
        ),
        "HTTP_X_CSRFTOKEN": csrf_token,
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": scheme,
        "wsgi.input": io.BytesIO(),
        REHEARSAL: True,
    }
    setup_testing_defaults(environ)

    response = application(environ, lambda status, headers, error=None: None)
    try:
        return sum(len(part) for part in response)
    finally:
        response.close()

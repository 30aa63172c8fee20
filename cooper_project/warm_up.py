"""Makes what a worker's first requests would otherwise wait for: URLs, views, forms, templates."""

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

from django.conf import settings
from django.template import TemplateDoesNotExist, TemplateSyntaxError, engines

logger = logging.getLogger(__name__)

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]

PAGE = "/login/"
"""A page that everybody may see. To find it, Django imports every view with its forms."""


def warm_up(application: Application) -> None:
    """Compile every template, and ask the application for a page; raises nothing."""
    try:
        compile_templates()
        ask(application, PAGE)
    except Exception as error:  # the first requests then take longer, that is all
        logger.warning("the worker could not warm up", exc_info=error)


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


def ask(application: Application, page: str) -> int:
    """GET a page as a load balancer does; return the number of bytes of the answer."""
    environ: dict[str, Any] = {
        "PATH_INFO": page,
        "HTTP_HOST": settings.ALLOWED_HOSTS[0].lstrip("."),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "https" if settings.SECURE_SSL_REDIRECT else "http",
        "wsgi.input": io.BytesIO(),
    }
    setup_testing_defaults(environ)

    response = application(environ, lambda status, headers, error=None: None)
    try:
        return sum(len(part) for part in response)
    finally:
        response.close()

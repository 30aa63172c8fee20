"""The WSGI application; a worker is prepared before it takes its first request, if AWS lets it."""

import os
import sys
from typing import NoReturn

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

WRONG_SETTING = 4
"""The exit code by which gunicorn knows that no other worker would start either."""


def refuse_start(reason: str) -> NoReturn:
    """End this process with one line."""
    sys.stderr.write(f"cooper does not start: {reason}\n")
    sys.exit(WRONG_SETTING)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cooper_project.settings")

try:
    application = get_wsgi_application()
except ImproperlyConfigured as error:
    refuse_start(str(error))

from cooper_project import (  # noqa: E402 - models load with Django
    observation,
    preparation,
    setting_checks,
    table_watch,
    warm_up,
)
from core import metrics  # noqa: E402 - a worker alone counts
from core.checks import serves_metrics  # noqa: E402 - as above

for error_line in setting_checks.errors():
    refuse_start(error_line)


def make_ready() -> None:
    """Do what makes a prepared worker fast."""
    warm_up.warm_up(application)
    warm_up.spare_the_collector()
    table_watch.start()
    if serves_metrics():
        observation.start()


metrics.begin_worker(settings.COOPER_STS_AT_ONCE)
preparation.worker.start(make_ready)

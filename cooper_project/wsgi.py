"""The WSGI application; a worker is prepared before it takes its first request, if AWS lets it."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

WRONG_SETTING = 4
"""The exit code by which gunicorn knows that no other worker would start either."""

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cooper_project.settings")

try:
    application = get_wsgi_application()
except ImproperlyConfigured as error:
    sys.stderr.write(f"cooper does not start: {error}\n")
    raise SystemExit(WRONG_SETTING) from None

from cooper_project import preparation  # noqa: E402 - models load with Django

preparation.worker.start()

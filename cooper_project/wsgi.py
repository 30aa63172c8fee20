"""The WSGI application; a worker is warm before it takes its first request."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cooper_project.settings")

application = get_wsgi_application()

from brokers import catalogue  # noqa: E402 - models load with Django
from core import aws, installation, secret_keys  # noqa: E402 - models load with Django


def prepare_worker() -> None:
    """Get the secret keys, and make what the first request would otherwise wait for.

    Raise CooperError, which ends the worker, when the installation cannot be served.
    """
    installation.refuse_other_schema()
    installation.use_kms_key()
    secret_keys.use()

    # the first client of a service takes 1 to 3 s
    for service in ("dynamodb", "sts", "kms"):
        aws.client(service)
    aws.client("sts", borrowed=True)
    catalogue.current()


prepare_worker()

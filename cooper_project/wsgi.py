"""The server's way in: the shared secret key, warm clients, then Django."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cooper_project.settings")

application = get_wsgi_application()

from brokers import catalogue  # noqa: E402 - models load with Django
from core import aws, installation  # noqa: E402 - models load with Django

installation.refuse_other_schema()
installation.use_kms_key()
installation.use_secret_key()
for service in ("dynamodb", "sts", "kms"):
    # a client made by the first request would cost it 1 to 3 s
    aws.client(service)
aws.client("sts", borrowed=True)
catalogue.current()

"""What is answered where nothing else caught an exception."""

import logging
from io import BytesIO

import pytest
from django.test import Client

from core.django_log import DjangoJsonFormatter

pytestmark = pytest.mark.usefixtures("store")


class BrokenForm(BytesIO):
    """A form whose sender has gone."""

    def read(self, size: int | None = -1) -> bytes:
        raise ConnectionResetError(104, "Connection reset by peer")


@pytest.mark.parametrize("address", ["/login/", "/targets/dev-read/credentials/", "/me/password/"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("enforce_csrf_checks", [True, False])
def test_a_form_that_breaks_off_is_no_fault_of_cooper(
    client_of, caplog, address, accept, enforce_csrf_checks
):
    stranger = Client(enforce_csrf_checks=enforce_csrf_checks)
    for client in (stranger, client_of("alice")):
        client.raise_request_exception = False
        answer = client.post(
            address,
            {"reason": "any"},
            headers={"Accept": accept},
            **{"wsgi.input": BrokenForm()},
        )
        assert answer.status_code < 500

    assert caplog.records
    for record in caplog.records:
        assert record.levelno < logging.ERROR
        assert "Traceback" not in DjangoJsonFormatter().format(record)

"""Fixtures of the sweeps: short time limits, recordings, and the table."""

import pytest

from brokers.grants import sts_slots
from core import aws
from tests.support.fault_addresses import PLACE_OF, place_of
from tests.support.fault_operations import OPERATIONS
from tests.support.fault_recording import record
from tests.support.fault_table import Table
from tests.support.fault_worlds import WORLDS


@pytest.fixture(autouse=True)
def _quick(store, settings, monkeypatch):
    """Let what stalls be given up soon, and nothing wait before it is tried again."""
    limits = {service: (1.0, 0.4, tries) for service, (_, _, tries) in aws.LIMITS.items()}
    monkeypatch.setattr("core.aws.clients.LIMITS", limits)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    settings.COOPER_DEVICE_CODE = ["local:developers"]
    aws.forget_clients()
    yield
    aws.forget_clients()
    sts_slots.forget()


@pytest.fixture
def codes_last(settings):
    """Let a code be good for a while."""
    settings.COOPER_STEP_UP_SECONDS = 300


@pytest.fixture
def recorded(request, client_of, store):
    """Return a maker of recordings."""

    def make(name):
        operation = (OPERATIONS | WORLDS)[name]
        if operation.stage:
            request.getfixturevalue(operation.stage)
        # so that she is a person whom an administrator can act on
        client_of("alice")
        recording = record(name, operation, store, client_of(operation.person))
        assert name in WORLDS or place_of(recording) == PLACE_OF[name]
        return recording

    return make


@pytest.fixture(scope="module")
def table(request):
    """Print a row for each operation as it is done, and all of them together at the end."""
    manager = request.config.pluginmanager.get_plugin("capturemanager")

    def show(line):
        # the figures are what one runs this for
        with manager.global_and_fixture_disabled():
            print(line)  # noqa: T201

    rows = Table(show)
    yield rows
    if rows.total.cases:
        show(rows.total)

"""Commands on the host wait for the grants under way from which they take something, too."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command

from brokers.grants import under_way
from core import audit
from core.audit import Event
from core.dynamo import transaction
from tests.support.codes import give_device

FILE = """cooper: 1
targets:
  dev-read:
    kind: role
    role_arn: arn:aws:iam::222222222222:role/dev-read
    max_seconds: 900
"""

COMMANDS = {
    "disable": ("cooper_user", "disable", "alice"),
    "groups": ("cooper_user", "groups", "alice", "admins"),
    "reset": ("cooper_totp", "reset", "local:alice"),
}


@pytest.fixture(autouse=True)
def _person(client_of, monkeypatch):
    monkeypatch.setattr(under_way, "LONGEST_WAIT", 0.0)
    client_of("alice")
    give_device("alice")


def put_intent() -> None:
    facts = {"person": "local:alice", "target": "dev-read", "grant": "planted", "seconds": 900}
    key = audit.event_key(datetime.now(UTC), "planted")
    with transaction() as writes:
        writes.create(audit.event(Event.GRANT_INTENDED, at=key, **facts))


def warnings_of(*words: str) -> str:
    """Run a command; return what it writes to stderr."""
    stderr = io.StringIO()
    call_command(*words, stdout=io.StringIO(), stderr=stderr)
    return stderr.getvalue()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_names_the_grant_that_was_under_way(name):
    put_intent()
    warnings = warnings_of(*COMMANDS[name])
    assert "1 grant was under way when this was saved" in warnings
    assert "May have been issued to local:alice: dev-read" in warnings


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_nothing_where_none_was(name):
    assert "under way" not in warnings_of(*COMMANDS[name])


@pytest.mark.parametrize("is_under_way", [True, False])
def test_an_import_says_it_once_at_its_end(tmp_path: Path, is_under_way):
    if is_under_way:
        put_intent()
    file = tmp_path / "targets.yaml"
    file.write_text(FILE)
    warnings = warnings_of("cooper_import", str(file), "--yes")
    assert warnings.count("was under way when this was saved") == int(is_under_way)

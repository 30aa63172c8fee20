"""`cooper -ship`, as people run it."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from cooper_project.management.base import UsageError
from embedded_aws import EmbeddedAws
from shipping.ledger import Ledger
from tests.support.shipping import Yard


def ship(*words: str) -> str:
    output = io.StringIO()
    call_command("cooper_ship", *words, stdout=output, stderr=output)
    return output.getvalue()


@pytest.fixture
def yard(store: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Yard:
    monkeypatch.setenv("COOPER_SHIP_FOLDER", str(tmp_path))
    return Yard(tmp_path)


def test_once_sends_what_is_there(yard: Yard) -> None:
    assert ship("once") == ""
    assert len(yard.bodies()) == 1


def test_it_says_that_another_one_works(yard: Yard) -> None:
    Ledger.take("another", yard.clock())
    assert ship("once") == "Another shipper works.\n"
    assert yard.bodies() == []


def test_without_a_sink_it_says_what_to_set(store: EmbeddedAws) -> None:
    with pytest.raises(UsageError, match="COOPER_SHIP_FOLDER"):
        ship("once")


def test_it_begins_with_no_sink_that_cannot_work(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COOPER_SHIP_FOLDER", str(yard.folder / "missing"))
    with pytest.raises(CommandError, match="mkdir"):
        ship("once")

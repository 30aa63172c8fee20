"""Batches that a sink refused for good: listed, and delivered again by hand, as they were fixed."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from cooper_project.management.commands import cooper_ship
from embedded_aws import EmbeddedAws
from shipping.batches import Batch
from shipping.sinks import Undelivered
from tests.support.shipping import Yard, write_events, yard_of


class Choosy:
    """A sink that refuses some batches for good, until it is told otherwise."""

    name = "choosy"

    def __init__(self) -> None:
        self.refused = {1}
        self.bodies: list[bytes] = []

    def deliver(self, batch: Batch) -> None:
        if batch.number in self.refused:
            raise Undelivered("choosy refused it with 422.", again=False)
        self.bodies.append(batch.body)

    def problems(self) -> list[str]:
        return []


@pytest.fixture
def yard(store: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    with yard_of(store, tmp_path, monkeypatch) as yard:
        yield yard


@pytest.fixture
def choosy(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> Choosy:
    sink = Choosy()
    monkeypatch.setattr(cooper_ship, "usable_sinks", lambda _: [sink])
    return sink


def ship_once_with_a_refusal() -> None:
    with pytest.raises(CommandError, match="choosy refused batches for good"):
        ship("once")


def ship(*words: str) -> str:
    output = io.StringIO()
    call_command("cooper_ship", *words, stdout=output, stderr=output)
    return output.getvalue()


def test_one_is_listed_while_the_sink_goes_on(choosy: Choosy, yard: Yard) -> None:
    ship_once_with_a_refusal()
    write_events(1)
    # what was refused before is no failure of this run
    assert ship("once") == "choosy: batch 2 of 2\n"
    assert len(choosy.bodies) == 1
    assert "choosy/1  choosy refused it with 422." in ship("dead-letters")


def test_it_is_delivered_again_as_it_was_fixed_and_is_none_then(choosy: Choosy, yard: Yard) -> None:
    ship_once_with_a_refusal()
    choosy.refused.clear()
    assert ship("resend", "choosy/1") == "choosy/1 is delivered.\n"
    [body] = choosy.bodies
    assert body.startswith(b'{"batch": 1,')
    assert "There are no dead letters" in ship("dead-letters")
    with pytest.raises(CommandError, match="There is no dead letter"):
        ship("resend", "choosy/1")


def test_one_that_is_refused_again_stays(choosy: Choosy, yard: Yard) -> None:
    ship_once_with_a_refusal()
    with pytest.raises(CommandError, match="refused again. choosy refused it with 422"):
        ship("resend", "choosy/1")
    assert "choosy/1" in ship("dead-letters")


@pytest.mark.parametrize("letter", ["choosy/2", "another/1", "nonsense", ""])
def test_one_that_there_is_none_of_is_said(choosy: Choosy, yard: Yard, letter: str) -> None:
    ship_once_with_a_refusal()
    with pytest.raises(CommandError, match="There is no dead letter"):
        ship("resend", letter)


def test_one_of_a_place_that_is_not_set_any_more_is_said(choosy: Choosy, yard: Yard) -> None:
    ship_once_with_a_refusal()
    choosy.name = "another"
    with pytest.raises(CommandError, match="choosy is not among the places"):
        ship("resend", "choosy/1")

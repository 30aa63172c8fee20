"""`cooper -ship`, as people run it."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from django.conf import settings
from django.core.management import CommandError, call_command
from prometheus_client import generate_latest

from cooper_project.management.base import UsageError
from cooper_project.management.commands import cooper_ship
from core import metrics
from core.retry import Backoff
from embedded_aws import EmbeddedAws
from shipping.batches import Batch
from shipping.ledger import Ledger
from shipping.sinks import Undelivered, https
from shipping.sinks.folder import FolderSink
from tests.embedded_aws.clients import client_for
from tests.support import faults
from tests.support.faults import Fault
from tests.support.kms_keys import another_key
from tests.support.shipping import Yard, yard_of


def ship(*words: str) -> str:
    output = io.StringIO()
    call_command("cooper_ship", *words, stdout=output, stderr=output)
    return output.getvalue()


@pytest.fixture
def yard(store: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    with yard_of(store, tmp_path, monkeypatch) as yard:
        yield yard


def test_once_sends_what_is_there(yard: Yard) -> None:
    assert ship("once") == "folder: batch 1 of 1\n"
    assert len(yard.bodies()) == 1


def test_once_fails_where_a_place_does_not_take_all(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_nothing(sink: FolderSink, batch: Batch) -> None:
        raise Undelivered("folder: full", again=True)

    with monkeypatch.context() as patched:
        patched.setattr(FolderSink, "deliver", take_nothing)
        with pytest.raises(CommandError, match="folder did not take"):
            ship("once")
    assert ship("once") == "folder: batch 1 of 1\n"


def test_it_says_that_another_one_works(yard: Yard) -> None:
    Ledger.take("another", yard.clock())
    assert ship("once") == "Another shipper works.\n"
    assert yard.bodies() == []


def test_without_a_sink_it_says_what_to_set(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COOPER_SHIP_FOLDER")
    with pytest.raises(UsageError, match="COOPER_SHIP_FOLDER"):
        ship("once")


def test_it_begins_with_no_sink_that_cannot_work(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COOPER_SHIP_FOLDER", str(yard.folder / "missing"))
    with pytest.raises(CommandError, match="mkdir"):
        ship("once")


def test_a_place_that_is_merely_away_keeps_no_other_waiting(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def know_no_name(*_: object, **__: object) -> None:
        raise OSError(-3, "Temporary failure in name resolution")

    monkeypatch.setenv("COOPER_SHIP_WEBHOOK_URL", "https://hooks.example/x")
    monkeypatch.setenv("COOPER_SHIP_WEBHOOK_KEY", "k" * 32)
    monkeypatch.setenv("COOPER_SHIP_EVENT_BUS", "audit")
    monkeypatch.setattr("shipping.sinks.network.socket.getaddrinfo", know_no_name)
    monkeypatch.setattr(https, "BACKOFF", Backoff(0.001, 0.001))

    warnings: list[str] = []
    with faults.on(Fault("events", mode="error")):
        sinks = cooper_ship.usable_sinks(warnings.append)
    assert [sink.name for sink in sinks] == ["folder", "webhook", "eventbridge"]
    assert "COOPER_SHIP_WEBHOOK_URL: the name hooks.example is not known here" in warnings[0]
    assert "eventbridge: EventBridge is busy" in warnings[1]

    yard.ship(*sinks)
    assert len(yard.bodies()) == 1

    # what is set wrongly is still refused
    monkeypatch.setenv("COOPER_SHIP_WEBHOOK_KEY", "short")
    with pytest.raises(CommandError, match="openssl rand -hex 32"):
        ship("once")


def test_without_a_key_that_signs_nothing_is_sent(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COOPER_SHIP_SIGNING_KEY")
    with pytest.raises(CommandError, match="create-key --key-usage SIGN_VERIFY"):
        ship("once")

    monkeypatch.setenv("COOPER_SHIP_SIGNING_KEY", "alias/cooper")
    with pytest.raises(CommandError):
        ship("once")
    assert yard.bodies() == []


def test_an_rsa_key_is_refused_by_its_kind(
    yard: Yard, store: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    kms = client_for(store, "kms")
    with another_key(kms, KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048") as arn:
        monkeypatch.setenv("COOPER_SHIP_SIGNING_KEY", arn)
        expected = "is of the kind RSA_2048 for SIGN_VERIFY, and cooper signs with ECC_NIST_P256"
        with pytest.raises(CommandError, match=expected):
            ship("once")
        pem = serialization.load_der_public_key(kms.get_public_key(KeyId=arn)["PublicKey"])
    file = yard.folder / "rsa.pem"
    file.write_bytes(
        pem.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    words = ("verify", "--public-key", str(file), "--files", str(yard.folder), "--offline")
    with pytest.raises(CommandError, match="no public key of the kind ECC_NIST_P256"):
        call_command("cooper_audit", *words)


def test_it_prints_the_public_key(yard: Yard) -> None:
    assert ship("public-key").encode() == yard.key.public_pem


def test_its_metrics_page_shows_how_far_behind_each_sink_is(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship("once")
    page = generate_latest(metrics.shipper_page()).decode()
    [lag] = re.findall(r'cooper_ship_lag_seconds{sink="folder"} (\S+)', page)
    assert 0 <= float(lag) < 60
    assert 'cooper_ship_batches_total{sink="folder"}' in page
    assert "cooper_grants" not in page

    monkeypatch.setattr(settings, "COOPER_METRICS_BIND", "127.0.0.1:1")
    monkeypatch.setattr(cooper_ship, "start_http_server", no_address)
    # events are sent all the same
    assert "Set COOPER_METRICS_BIND to another address" in cooper_ship.serve_metrics()


def no_address(*_: object) -> None:
    raise OSError(98, "Address already in use")

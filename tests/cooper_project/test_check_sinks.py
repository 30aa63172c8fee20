"""`cooper -check` on a host that ships: a line for each place and for the signing key."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cooper_project import checkup
from cooper_project.checkup import Level
from cooper_project.checkup.sinks import NO_SINK, SHIPS_NOTHING
from cooper_project.outside import Addresses
from core import kms_signing
from embedded_aws import EmbeddedAws
from tests.embedded_aws.clients import client_for
from tests.support import faults
from tests.support.faults import Fault
from tests.support.iam import Policy
from tests.support.iam_stage import IAM, Stage
from tests.support.kms_keys import another_key, disabled
from tests.support.shipping import make_places

BUCKET = "cooper-events"

HOST_THAT_SHIPS = ("clients", "clock", "credentials", "sinks", "signing-key")
"""The checks that docs/shipping.md names."""


def find(name: str) -> list[tuple[Level, str]]:
    """Return what a check of the list finds."""
    [check] = [one for one in checkup.CHECKS if one.name == name]
    return [(finding.level, finding.text) for finding in checkup.run(check, Addresses())]


@pytest.fixture
def ship(store: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return what sets the shipper's settings."""

    def put(**settings: str) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(f"COOPER_SHIP_{name}", value)

    yield put
    store.buckets.clear()
    store.event_buses.clear()


def test_where_nothing_is_shipped_nothing_is_looked_at(store: EmbeddedAws) -> None:
    assert find("sinks") == find("signing-key") == [(Level.NOTE, SHIPS_NOTHING)]
    assert not faults.journal()


def test_each_place_has_a_line(store: EmbeddedAws, ship: Any, tmp_path: Path) -> None:
    client_for(store, "events").create_event_bus(Name="audit")
    client_for(store, "s3").create_bucket(Bucket=BUCKET)
    ship(
        FOLDER=str(tmp_path / "missing"),
        WEBHOOK_URL="https://cooper.example.invalid/in",
        WEBHOOK_KEY="k" * 31,
        SPLUNK_URL="https://127.0.0.1:8088",
        SPLUNK_TOKEN="t",
        EVENT_BUS="audit",
        S3_BUCKET=BUCKET,
    )
    findings = find("sinks")
    problems = [text for level, text in findings if level is Level.PROBLEM]
    assert [text.partition(":")[0] for text in problems] == [
        "COOPER_SHIP_FOLDER",
        "COOPER_SHIP_WEBHOOK_KEY has fewer than 32 characters. Make one",
        "COOPER_SHIP_WEBHOOK_URL",
        "COOPER_SHIP_SPLUNK_URL",
        "COOPER_SHIP_S3_BUCKET",
        "COOPER_SHIP_S3_BUCKET",
    ]
    assert "keeps no versions" in problems[4] and "Enable versioning" in problems[4]
    assert "no Object Lock" in problems[5] and "compliance mode" in problems[5]
    assert findings[4] == (Level.OK, "eventbridge: nothing is wrong with it")


def test_one_that_does_not_answer_keeps_no_other_from_its_line(
    store: EmbeddedAws, ship: Any, tmp_path: Path
) -> None:
    ship(EVENT_BUS="missing", S3_BUCKET=BUCKET)
    with faults.on(Fault("events", mode="error")):
        [events, bucket] = find("sinks")
    assert events[0] is Level.UNKNOWN and "EventBridge is busy" in events[1]
    assert bucket[0] is Level.PROBLEM
    assert "NoSuchBucket" in bucket[1] and "docs/siem.md" in bucket[1]

    [events, _] = find("sinks")
    assert events[0] is Level.PROBLEM and "COOPER_SHIP_EVENT_BUS: missing: " in events[1]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ALLOW_PRIVATE": "splunk.corp.example"}, NO_SINK),
        ({"WEBHOOK_URL": "http://x/"}, "COOPER_SHIP_WEBHOOK_URL has to begin with https://"),
        ({"WEBHOOK_URL": "https://x/"}, "COOPER_SHIP_WEBHOOK_KEY (or COOPER_SHIP_WEBHOOK_KEY_FILE"),
        ({"S3_BUCKET": "UPPER"}, "COOPER_SHIP_S3_BUCKET is 'UPPER'"),
    ],
)
def test_what_is_not_set_right_is_a_line(ship: Any, settings: dict[str, str], words: str) -> None:
    ship(**settings)
    [(level, text)] = find("sinks")
    assert level is Level.PROBLEM and words in text


def test_all_of_it_is_well_under_the_shippers_policy(
    store: EmbeddedAws, client_of: Any, ship: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_places(store)
    ship(FOLDER=str(tmp_path), EVENT_BUS="audit", S3_BUCKET=BUCKET)
    with signs(store) as key:
        ship(SIGNING_KEY=key)
        stage = Stage("ship.json", store, client_of, tmp_path, monkeypatch, new_key="")
        stage.policy = Policy.read(IAM / "ship.json", SIGNING_KEY=key.rpartition("/")[2])
        with stage.enforced():
            levels = {name: [level for level, _ in find(name)] for name in HOST_THAT_SHIPS}
    assert {name: set(each) for name, each in levels.items()} == {
        name: {Level.OK} for name in HOST_THAT_SHIPS
    }
    assert len(levels["sinks"]) == 3 and not stage.denied


# -- the key that signs ----------------------------------------------------------------------------
def signs(store: EmbeddedAws, **kind: str) -> Any:
    """Return the context of a key that signs, or of another kind."""
    usual = {"KeyUsage": "SIGN_VERIFY", "KeySpec": "ECC_NIST_P256"}
    return another_key(client_for(store, "kms"), **(usual | kind))


def test_the_signing_key_is_tried(store: EmbeddedAws, ship: Any) -> None:
    with signs(store) as key:
        ship(SIGNING_KEY=key)
        assert find("signing-key") == [(Level.OK, f"{key} signs, and its public key verifies")]

        denied = Fault("kms", "Sign", mode="deny", message="is not authorized")
        with faults.on(denied):
            [(level, text)] = find("signing-key")
        assert level is Level.PROBLEM and "lacks kms:Sign" in text

        with disabled(client_for(store, "kms"), key):
            [(level, text)] = find("signing-key")
        assert level is Level.PROBLEM and "disabled" in text


def test_a_key_that_does_not_sign_is_said_with_what_makes_one(
    store: EmbeddedAws, ship: Any
) -> None:
    ship(EVENT_BUS="audit")
    [(level, text)] = find("signing-key")
    assert level is Level.PROBLEM and "aws kms create-key --key-usage SIGN_VERIFY" in text

    with signs(store, KeySpec="RSA_2048") as key:
        ship(SIGNING_KEY=key)
        [(level, text)] = find("signing-key")
    assert level is Level.PROBLEM and "--key-spec ECC_NIST_P256" in text


def test_a_signature_that_its_public_key_does_not_verify_is_said(
    store: EmbeddedAws, ship: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with signs(store) as key, signs(store) as other:
        ship(SIGNING_KEY=key)
        monkeypatch.setattr("core.kms_signing.sign", sign_with(other))
        [(level, text)] = find("signing-key")
    assert level is Level.PROBLEM and "does not verify" in text


def sign_with(other_key: str) -> Callable[[bytes, str], bytes]:
    """Return what signs with another key than it is told."""
    sign = kms_signing.sign
    return lambda digest, _: sign(digest, other_key)

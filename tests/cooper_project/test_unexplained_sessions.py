"""`cooper -audit unexplained` finds what cooper's role was used for behind cooper's back."""

import gzip
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from core import audit, aws
from core.audit import Event
from demo.seed_history import STOLEN_ROLE, steal_a_session
from embedded_aws import EmbeddedAws

SERVER = "arn:aws:sts::111111111111:assumed-role/cooper-server/i-0123"


@pytest.fixture
def trail(store: EmbeddedAws, tmp_path: Path) -> Any:
    """Return a function that writes CloudTrail's file of what was issued since the test began."""
    before = len(store.cloudtrail()["Records"])

    def write() -> Path:
        file = tmp_path / "trail.json"
        file.write_text(json.dumps({"Records": store.cloudtrail()["Records"][before:]}))
        return file

    return write


def compare(*words: object) -> tuple[str, str]:
    """Return what the command prints, and how it ends ("" when nothing is to be looked at)."""
    output = io.StringIO()
    try:
        call_command("cooper_audit", "unexplained", *map(str, words), stdout=output, stderr=output)
    except CommandError as error:
        return output.getvalue(), str(error)
    return output.getvalue(), ""


def exported(tmp_path: Path) -> Path:
    file = tmp_path / "events.jsonl"
    file.unlink(missing_ok=True)
    # a test may begin before midnight
    yesterday = f"{audit.now() - timedelta(days=1):%Y-%m-%d}"
    today = f"{audit.now():%Y-%m-%d}"
    words = ["export", "--from", yesterday, "--to", today, "--output", str(file)]
    call_command("cooper_audit", *words, stderr=io.StringIO())
    return file


def test_a_session_behind_coopers_back_is_found(client_of: Any, trail: Any, tmp_path: Path) -> None:
    alice = client_of("alice")
    for target in ("dev-read", "dev-uploads", "dev-admin"):
        alice.post(f"/targets/{target}/credentials/", {"duration": 900})
    quiet, error = compare(trail())
    assert (error, "0 of" in quiet) == ("", True)

    steal_a_session()
    text, error = compare(trail())
    assert error.startswith("1 of") and f":assumed-role/{STOLEN_ROLE[1]}/maintenance" in text
    assert "no outcome on the audit log" in text and "user/cooper from 127.0.0.1" in text

    # by files alone, as on another machine
    text, error = compare(trail(), "--events", exported(tmp_path))
    assert error.startswith("1 of") and "maintenance" in text


def test_both_kinds_of_sessions_are_explained_by_their_keys(
    client_of: Any, trail: Any, store: EmbeddedAws
) -> None:
    alice = client_of("alice")
    before = len(store.issued)
    for target in ("dev-read", "dev-uploads"):
        alice.post(f"/targets/{target}/credentials/", {"duration": 900})
    kinds = {str(credentials.kind) for credentials in store.issued[before:]}
    assert kinds == {"AssumeRole", "GetFederationToken"}, "the test needs one of each kind"
    assert compare(trail())[1] == ""


def test_what_the_log_explains_may_still_come_from_elsewhere(client_of: Any, trail: Any) -> None:
    client_of("alice").post("/targets/dev-read/credentials/", {"duration": 900})
    assert compare(trail(), "--address", "127.0.0.0/8")[1] == ""
    text, error = compare(trail(), "--address", "10.0.0.0/8")
    assert error.startswith("1 of 1") and "comes from elsewhere" in text


def record_of(**changes: Any) -> dict[str, Any]:
    record = {
        "eventTime": audit.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventName": "AssumeRole",
        "userIdentity": {"arn": SERVER},
        "sourceIPAddress": "198.51.100.7",
        "requestParameters": {"roleSessionName": "x"},
        "responseElements": {
            "credentials": {"accessKeyId": "ASIAIOSFODNN7EXAMPLE"},
            "assumedRoleUser": {"arn": "arn:aws:sts::222222222222:assumed-role/dev/x"},
        },
    }
    return record | changes


def test_it_reads_every_file_that_cloudtrail_comes_in(store: EmbeddedAws, tmp_path: Path) -> None:
    audit.record(Event.SERVE_STARTED, caller=SERVER)
    record = json.dumps(record_of())
    contents = {
        "s3.json.gz": gzip.compress(f'{{"Records": [{record}]}}'.encode()),
        "lines.jsonl": f"{record}\n{record}\n".encode(),
        "lookup.json": json.dumps({"Events": [{"CloudTrailEvent": record}]}).encode(),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        text, error = compare(tmp_path / name)
        assert "ASIAIOSFODNN7EXAMPLE" in text and error.startswith("1 of"), name

    nothing_happened = tmp_path / "quiet.json"
    nothing_happened.write_text('{"Records": []}')
    assert compare(nothing_happened)[1] == ""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"[]",
        b"5",
        b"{",
        b"\x1f\x8bxx",
        b'{"Records": 5}',
        b'{"Records": [1]}',
        b'{"Events": [1]}',
        b'{"Events": [{"CloudTrailEvent": "{}"}]}',
        b'{"event": "grant:finish:done", "id": "x"}',
        b'{"event": "grant:finish:done"}\n{"event": "grant:finish:done"}',
        json.dumps([{"eventName": "AssumeRole"}]).encode(),
    ],
)
def test_a_file_of_anything_else_is_refused_and_not_found_without_fault(
    store: EmbeddedAws, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "wrong").write_bytes(content)
    _, error = compare(tmp_path / "wrong")
    assert "no file of CloudTrail's" in error


def test_refusals_and_strangers_are_none_of_coopers(store: EmbeddedAws, tmp_path: Path) -> None:
    stranger = {"arn": "arn:aws:sts::111111111111:assumed-role/another/x"}
    file = tmp_path / "trail.jsonl"
    records = [
        record_of(errorCode="AccessDenied", responseElements=None),
        record_of(eventName="AssumeRoleWithSAML"),
        record_of(userIdentity=stranger),
    ]
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert compare(file)[1] == ""
    _, error = compare(file, "--principal", stranger["arn"])
    assert error.startswith("1 of 1")


def test_a_doubtful_grant_and_a_test_explain_theirs_and_no_others(
    store: EmbeddedAws, tmp_path: Path
) -> None:
    at = audit.event_key(audit.now(), "g1")
    facts = {"session_name": "alice.g1", "may_have_been_issued": True}
    audit.record(Event.GRANT_FAILED, at=at, **facts)
    audit.record(Event.TARGET_TRIED, target="dev-read", aws_account="222222222222")
    audit.record(Event.SERVE_STARTED, caller=SERVER)

    def outcome(name: str, **changes: Any) -> str:
        file = tmp_path / "trail.jsonl"
        record = record_of(requestParameters={"roleSessionName": name}, **changes)
        file.write_text(json.dumps(record))
        return compare(file, "--principal", SERVER)[1]

    assert not outcome("alice.g1") and outcome("alice.g2")
    assert not outcome("try.abcdefghijklmnopqrst")
    assert outcome("try.x", eventTime="2026-11-01T00:00:00Z"), "no target was tested then"


def test_it_does_not_say_all_is_well_when_it_knows_no_principal(tmp_path: Path) -> None:
    trail, events = tmp_path / "trail.json", tmp_path / "events.jsonl"
    trail.write_text(json.dumps(record_of()))
    events.write_text('{"number": 1, "previous": "0"}\n')
    _, error = compare(trail, "--events", events)
    assert "--principal" in error


def test_reading_the_log_for_it_is_an_event(store: EmbeddedAws, tmp_path: Path) -> None:
    trail = tmp_path / "trail.json"
    trail.write_text(json.dumps(record_of()))
    compare(trail)
    lines = exported(tmp_path).read_text().splitlines()
    assert any('"audit:view:done"' in line and "CloudTrail" in line for line in lines)


def test_its_own_principal_is_one_of_coopers(store: EmbeddedAws, tmp_path: Path) -> None:
    trail = tmp_path / "trail.json"
    trail.write_text(json.dumps(record_of(userIdentity={"arn": aws.caller_identity().arn})))
    text, error = compare(trail)
    assert error.startswith("1 of 1") and "cooper is: arn:aws:iam::111111111111:user/cooper" in text

"""The policies of docs/iam allow what cooper calls, command by command and while it serves."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from accounts import models, person_names
from accounts.models import TotpDevice
from core.dynamo import transaction
from core.installation import Installation
from embedded_aws import EmbeddedAws
from tests.support import faults, iam
from tests.support.enrolment import enrol
from tests.support.forms import confirmed, submit
from tests.support.saml_kit import OKTA
from tests.support.saml_stage import post_response, start_sign_in
from tests.support.served import ROOT, Person, serving

IAM = ROOT / "docs/iam"
PAYLOAD = "AKIAIOSFODNN7EXAMPLE|wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
FILE = "cooper: 1\nassociations:\n  staging-db:\n    local:visitors:\n"


def policy_for(operation: str) -> Path:
    """Return the policy in whose row docs/operate.md names the operation."""
    paper = (ROOT / "docs/operate.md").read_text()
    rows = re.findall(r"^ *\| \[iam/([\w-]+\.json)\]\S+ \| (.*?) \|", paper, re.MULTILINE)
    found = [IAM / file for file, said in rows if f"`{operation}`" in said]
    assert len(found) == 1, (operation, rows)
    return found[0]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that runs a command and demands that its policy allows each call."""

    def do(*words: str, given: str = "") -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
        faults.clear()
        call_command(*words, stdout=io.StringIO(), stderr=io.StringIO())
        assert (
            iam.refused(policy_for(words[0].replace("cooper_", "cooper -")), faults.journal()) == []
        ), words
        assert iam.asked(faults.journal()), words

    return do


def test_it_allows_set_up_from_nothing_again_and_a_new_secret_key(
    store: EmbeddedAws, command: Any
) -> None:
    store.tables.clear()
    command("cooper_setup")
    command("cooper_setup")
    command("cooper_setup", "--rotate-secret-key")


@pytest.mark.parametrize("words", [(), ("--kmskey", "alias/cooper")])
def test_it_allows_to_make_federation_keys(
    store: EmbeddedAws, settings: Any, command: Any, words: Any
) -> None:
    settings.COOPER_KMS_KEY = ""
    command("cooper_encrypt", *words, given=PAYLOAD)


def test_it_allows_to_look_after_people(store: EmbeddedAws, command: Any) -> None:
    olga = models.Person("okta:olga", provider="okta", subject="olga")
    olga.save()
    with transaction() as writes:
        person_names.take(writes, "okta", "olga", olga)
    command("cooper_user", "add", "frank", "--groups", "admins", given="long-and-rare-4711\n")
    command("cooper_user", "password", "frank", given="longer-and-rarer-4711\n")
    for words in (
        ["groups", "frank", "visitors"],
        ["disable", "frank"],
        ["enable", "frank"],
        ["disable", "okta:olga"],
        ["allow-name", "okta:Olga"],
        ["list"],
    ):
        command("cooper_user", *words)


def test_it_allows_devices(client_of: Any, command: Any) -> None:
    client_of("carol")
    for words in (["list"], ["invite", "local:dan"], ["reset", "local:carol"]):
        command("cooper_totp", *words)
    assert TotpDevice.find("local:carol") is None


def test_it_allows_identity_providers(connected: Any, tmp_path: Path, command: Any) -> None:
    (tmp_path / "more.xml").write_text(
        OKTA.with_changes(name="more", entity_id="https://more.example.com").metadata()
    )
    for words in (
        ["add", "more", "--metadata", str(tmp_path / "more.xml")],
        ["refresh", "more", "--metadata", str(tmp_path / "more.xml")],
        ["list"],
        ["check", "more"],
        ["try", "more"],
        ["keygen"],
        ["keygen", "--use-new"],
        ["keygen", "--drop-old"],
        ["remove", "more"],
    ):
        command("cooper_saml", *words)


def test_it_allows_to_export_and_import(store: EmbeddedAws, tmp_path: Path, command: Any) -> None:
    (tmp_path / "x.yaml").write_text(FILE)
    command("cooper_export", str(tmp_path / "all.yaml"))
    command("cooper_import", "--dry-run", str(tmp_path / "x.yaml"))
    command("cooper_import", "--yes", str(tmp_path / "x.yaml"))


def test_it_allows_to_export_the_record(store: EmbeddedAws, tmp_path: Path, command: Any) -> None:
    command(
        "cooper_audit",
        "export",
        "--from",
        "2026-01-01",
        "--to",
        "2026-01-03",
        "--output",
        str(tmp_path / "x"),
    )


# -- while it serves -------------------------------------------------------------------------------
@pytest.fixture
def visit(connected: EmbeddedAws) -> Callable[[str], None]:
    """Return a function that demands that the server's policy allows each call since the last."""
    faults.clear()

    def look(operation: str = "") -> None:
        calls = faults.journal()
        own = [call for call in calls if call.operation != "GetFederationToken"]
        assert iam.refused(IAM / "serve.json", own) == []
        assert not operation or operation in {call.operation for call in calls}
        faults.clear()

    return look


def test_it_allows_to_start_and_to_answer_that_it_is_ready(
    connected: EmbeddedAws, visit: Any
) -> None:
    Installation.find("demo").delete()
    faults.clear()
    with serving(connected.environment()) as url:
        assert Person(url).ask("/readyz")[0] == 200
        visit("DescribeKey")


def test_it_allows_people_to_sign_in_and_become_targets_of_both_kinds(
    client_of: Any, visit: Any
) -> None:
    alice = client_of(None)
    assert alice.post("/login/", {"username": "alice", "password": "wrong"}).status_code == 403
    assert (
        alice.post("/login/", {"username": "alice", "password": "cooper-demo"}).status_code == 302
    )
    assert "Development, read only" in alice.get("/").text
    for target in ("dev-read", "dev-uploads"):
        for way in ("console", "credentials"):
            assert alice.post(f"/targets/{target}/{way}/", {"duration": "900"}).status_code in (
                200,
                303,
            )
    assert any(call.operation == "GetFederationToken" for call in faults.journal())
    assert alice.get("/targets/prod-break-glass/").status_code == 404
    alice.post("/logout/")
    visit("AssumeRole")


def test_it_allows_to_sign_in_by_saml(client_of: Any, visit: Any) -> None:
    browser = client_of(None)
    assert post_response(browser, start_sign_in(browser, OKTA)).status_code == 302
    assert browser.get("/").status_code == 200
    visit()


def test_it_allows_to_set_up_a_device(client_of: Any, visit: Any) -> None:
    assert len(enrol(client_of("dan"))) == 10
    visit("Encrypt")


def test_it_allows_administrators_to_look_and_to_save(client_of: Any, visit: Any) -> None:
    carol = client_of("carol")
    for address in (
        "brokers/target/",
        "accounts/person/",
        "accounts/localaccount/",
        "cooper/auditevent/",
    ):
        assert carol.get(f"/admin/{address}").status_code == 200
    assert (
        submit(
            carol, "/admin/brokers/target/dev-read/change/", "target_form", title="New"
        ).status_code
        == 302
    )
    made = {"role_arn": "arn:aws:iam::444444444444:role/support-read", "name": "support-read"}
    assert (
        submit(carol, "/admin/brokers/target/add/?kind=role", "target_form", **made).status_code
        == 302
    )
    assert confirmed(carol, "/admin/brokers/target/support-read/delete/").status_code == 200
    visit("AssumeRole")


def test_it_allows_an_iam_user_to_federate(client_of: Any) -> None:
    faults.clear()
    client_of("alice").post("/targets/dev-uploads/credentials/", {"duration": "900"})
    calls = [call for call in faults.journal() if call.operation == "GetFederationToken"]
    assert calls and iam.refused(IAM / "federation-user.json", calls) == []


# -- the judge itself ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("action", "table", "key"),
    [
        ("DeleteItem", "audit", "x"),
        ("PutItem", "saml-idps", "x"),
        ("PutItem", "installation", "schema"),
    ],
)
def test_it_sees_what_the_server_is_denied(action: str, table: str, key: str) -> None:
    resource = f"arn:aws:dynamodb:us-east-1:111111111111:table/cooper-{table}"
    wanted = iam.Asked(f"dynamodb:{action}", resource, {"dynamodb:LeadingKeys": key})
    assert not iam.allows(iam.statements(IAM / "serve.json"), wanted)


def test_it_sees_that_encrypting_reads_which_key_and_no_secret() -> None:
    resource = "arn:aws:dynamodb:us-east-1:111111111111:table/cooper-installation"
    for key, expected in {"kms-key": True, "secret-keys": False}.items():
        wanted = iam.Asked("dynamodb:GetItem", resource, {"dynamodb:LeadingKeys": key})
        assert iam.allows(iam.statements(IAM / "encrypt.json"), wanted) is expected

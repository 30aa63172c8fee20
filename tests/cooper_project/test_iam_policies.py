"""The policies of docs/iam allow what cooper calls, by command and while it serves, and no more."""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from accounts import models, person_names, service_tokens
from accounts.command_lines import CommandLine
from accounts.models import TotpDevice
from brokers.models import Change, ImportPart
from brokers.permits import Permit
from core import secret_keys
from core.dynamo import transaction
from core.installation import STOP_SWITCH_ITEM, Installation
from embedded_aws import EmbeddedAws
from shipping import dead_letters
from shipping.signing import signing_key
from sso_portal.models import Token
from tests.embedded_aws.clients import client_for
from tests.support import clock
from tests.support.codes import give_device
from tests.support.documents import unfinished_import
from tests.support.enrolment import enrol
from tests.support.forms import confirmed, submit
from tests.support.iam import Asked, Policy
from tests.support.iam_stage import IAM, Stage
from tests.support.kms_keys import another_key
from tests.support.restores import copy_of_tables, restore_tables
from tests.support.saml_kit import OKTA
from tests.support.saml_stage import post_response, start_sign_in
from tests.support.served import Person, serving
from tests.support.shipping import make_places

PAYLOAD = "AKIAIOSFODNN7EXAMPLE|wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
FILE = "cooper: 1\nassociations:\n  staging-db:\n    local:visitors:\n"
EXAMPLE = "TheMostThatAnyFederatedUserMayDo"
"""The statement that is no permission of cooper's: it bounds what people get, as an example."""

NEVER_SIGN = "NeverSignWhatIsSent"

Run = Callable[[Stage], None]
RUNS: dict[str, list[Run]] = {}


def under(file: str) -> Callable[[Run], Run]:
    """Let a function be one of the runs under a policy."""

    def add(run: Run) -> Run:
        RUNS.setdefault(file, []).append(run)
        return run

    return add


# -- commands --
@under("setup.json")
def set_up_from_nothing(stage: Stage) -> None:
    stage.aws.tables.clear()
    stage.command("cooper_setup")
    stage.command("cooper_setup")
    stage.command("cooper_setup", "--rotate-secret-key")
    clock.shift((secret_keys.LEAD + secret_keys.KEPT).total_seconds() + 1)
    stage.command("cooper_setup")


@under("setup.json")
def repair_tables(stage: Stage) -> None:
    for table in stage.aws.tables.values():
        table.deletion_protection_enabled = False
    dynamodb = client_for(stage.aws, "dynamodb")
    arn = dynamodb.describe_table(TableName="cooper-once")["Table"]["TableArn"]
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["application"])
    stage.command("cooper_setup")


@under("setup.json")
def set_restored_tables_up(stage: Stage) -> None:
    """There is something in each table that set-up looks through."""
    give_device("dan")
    TotpDevice.find("local:dan").update(actions=[TotpDevice.recovery.set(["a hash"])])
    stage.client_of("carol")
    expires = datetime.now(UTC) - timedelta(days=1)
    documents = [
        models.Attempt("old", expires=expires),
        models.OnceRecord("old", expires=expires),
        Change("old", 1, expires=expires),
        ImportPart("old", 1, body=b"x", expires=expires),
        Permit(
            "old",
            asking="",
            state="asked",
            person="local:carol",
            command_line="",
            target="",
            address="",
            ends_at=0,
            expires=expires,
        ),
        Token("old", kind="code", session_id="", client_id_hash="", ends_at=0, expires=expires),
        CommandLine(
            "old",
            person="local:carol",
            epoch=1,
            client="",
            web_session="",
            authenticated_at=expires,
            created_at=0,
            touched_at=0,
            ends_at=0,
            expires=expires,
        ),
        unfinished_import(),
    ]
    with transaction() as writes:
        for document in documents:
            writes.create(document)
    restore_tables(stage.aws, copy_of_tables(stage.aws))
    stage.command("cooper_setup")
    words = ["since-restore", "--nothing-shipped", "--why", "x", "--release"]
    stage.command("cooper_audit", *words)
    assert Token.everything() == Permit.everything() == CommandLine.everything() == []


@under("setup.json")
def look_after_people(stage: Stage) -> None:
    olga = models.Person("okta:olga", provider="okta", subject="olga")
    olga.save()
    with transaction() as writes:
        person_names.take(writes, "okta", "olga", olga)
    passwords = {"add": "long-and-rare-4711\n", "password": "longer-and-rarer-4711\n"}
    for words in (
        ["add", "frank", "--groups", "admins"],
        ["password", "frank"],
        ["groups", "frank", "visitors"],
        ["disable", "frank"],
        ["enable", "frank"],
        ["disable", "okta:olga"],
        ["allow-name", "okta:Olga"],
        ["list"],
    ):
        stage.command("cooper_user", *words, given=passwords.get(words[0], ""))


@under("setup.json")
def disable_all_local_administrators(stage: Stage) -> None:
    """Somebody of another provider administers: it is looked that they still do."""
    stage.monkeypatch.setattr(settings, "COOPER_ADMIN_GROUPS", ["local:admins", "okta:ops"])
    groups = ["okta:ops"]
    models.Person("okta:olga", provider="okta", subject="olga", groups=groups).save()
    for name in ("carol", "dan"):
        stage.command("cooper_user", "disable", name)


@under("setup.json")
def look_after_devices(stage: Stage) -> None:
    stage.client_of("carol")
    for words in (["list"], ["invite", "local:dan"], ["reset", "local:carol"]):
        stage.command("cooper_totp", *words)
    assert TotpDevice.find("local:carol") is None


@under("setup.json")
def connect_identity_providers(stage: Stage) -> None:
    file = stage.folder / "more.xml"
    other = OKTA.with_changes(name="more", entity_id="https://more.example.com")
    file.write_text(other.metadata())
    for words in (
        ["add", "more", "--metadata", str(file)],
        ["refresh", "more", "--metadata", str(file)],
        ["list"],
        ["check", "more"],
        ["try", "more"],
        ["keygen"],
        ["keygen", "--use-new"],
        ["keygen", "--drop-old"],
    ):
        stage.command("cooper_saml", *words)

    models.Person("more:olga", provider="more", subject="olga").save()
    stage.command("cooper_saml", "remove", "more")


@under("setup.json")
def look_after_registration_keys(stage: Stage) -> None:
    for verb in ("list", "rotate"):
        stage.command("cooper_registrations", verb)


@under("setup.json")
def look_after_service_tokens(stage: Stage) -> None:
    stage.command("cooper_tokens", "add", "okta-hook")
    stage.command("cooper_tokens", "list")
    [token] = service_tokens.everything()
    stage.command("cooper_tokens", "revoke", token.id)


@under("encrypt.json")
def make_federation_keys(stage: Stage) -> None:
    for words in ([], ["--kmskey", "alias/cooper"]):
        settings.COOPER_KMS_KEY = ""
        stage.command("cooper_encrypt", *words, given=PAYLOAD)


@under("audit.json")
def export_the_audit_log(stage: Stage) -> None:
    days = ["--from", "2026-01-01", "--to", "2026-01-03"]
    stage.command("cooper_audit", "export", *days, "--output", str(stage.folder / "events"))


@under("audit.json")
def verify_the_audit_log(stage: Stage) -> None:
    stage.monkeypatch.setenv("COOPER_SHIP_FOLDER", str(stage.folder))
    call_command("cooper_ship", "once", stdout=io.StringIO())
    public_key = stage.folder / "cooper.pem"
    public_key.write_bytes(signing_key().public_pem)
    stage.command("cooper_audit", "verify", "--public-key", str(public_key))


@under("audit.json")
def list_what_a_restore_undid(stage: Stage) -> None:
    with pytest.raises(CommandError, match="no restore"):
        stage.command("cooper_audit", "since-restore", "--nothing-shipped", "--why", "x")


@under("ship.json")
def send_events_out(stage: Stage) -> None:
    folder = stage.folder / "sent"
    folder.mkdir(exist_ok=True)
    stage.monkeypatch.setenv("COOPER_SHIP_FOLDER", str(folder))
    stage.command("cooper_ship", "once")
    assert list(folder.glob("batches/*"))

    dead_letters.dead_letter_of("folder", 1, "it was full").save()
    stage.command("cooper_ship", "dead-letters")
    stage.command("cooper_ship", "resend", "folder/1")


@under("ship.json")
def send_events_to_a_bucket_and_a_bus(stage: Stage) -> None:
    stage.monkeypatch.delenv("COOPER_SHIP_FOLDER", raising=False)
    stage.monkeypatch.setenv("COOPER_SHIP_S3_BUCKET", "cooper-events")
    stage.monkeypatch.setenv("COOPER_SHIP_EVENT_BUS", "audit")
    stage.command("cooper_ship", "once")
    assert stage.aws.buckets["cooper-events"].present_keys
    assert all(stage.aws.event_buses.values())

    # the file is there already, as after an answer that was lost
    dead_letters.dead_letter_of("s3", 1, "it was full").save()
    stage.command("cooper_ship", "resend", "s3/1")


@under("rewrap.json")
def move_ciphertexts(stage: Stage) -> None:
    call_command("cooper_setup", "--kms-key", stage.new_key, stdout=io.StringIO())
    settings.COOPER_KMS_KEY = ""
    stage.command("cooper_rewrap", "--dry-run")
    stage.command("cooper_rewrap")
    stage.command("cooper_rewrap", "--kms-key", stage.new_key)


@under("serve.json")
def export_and_import(stage: Stage) -> None:
    file = stage.folder / "x.yaml"
    file.write_text(FILE)
    stage.command("cooper_export", str(stage.folder / "all.yaml"))
    stage.command("cooper_import", "--dry-run", str(file))
    stage.command("cooper_import", "--yes", str(file))


# -- while it serves --
@under("serve.json")
def become_targets_of_both_kinds(stage: Stage) -> None:
    alice = stage.client_of(None)
    with stage.enforced():
        wrong = alice.post("/login/", {"username": "alice", "password": "wrong"})
        right = alice.post("/login/", {"username": "alice", "password": "cooper-demo"})
        assert [wrong.status_code, right.status_code] == [403, 302]
        assert "Development, read only" in alice.get("/").text
        for target in ("dev-read", "dev-uploads"):
            for way in ("console", "credentials"):
                answer = alice.post(f"/targets/{target}/{way}/", {"duration": "900"})
                assert answer.status_code in (200, 303)
        assert alice.get("/targets/prod-break-glass/").status_code == 404
        alice.post("/logout/")


@under("serve.json")
def sign_in_by_saml(stage: Stage) -> None:
    browser = stage.client_of(None)
    with stage.enforced():
        assert post_response(browser, start_sign_in(browser, OKTA)).status_code == 302
        assert browser.get("/").status_code == 200


@under("serve.json")
def set_up_a_device(stage: Stage) -> None:
    dan = stage.client_of("dan")
    with stage.enforced():
        assert len(enrol(dan)) == 10


@under("serve.json")
def administer(stage: Stage) -> None:
    carol = stage.client_of("carol")
    change = "/admin/brokers/target/dev-read/change/"
    add = "/admin/brokers/target/add/?kind=role"
    dan = "/admin/accounts/localaccount/dan/change/"
    new = {"role_arn": "arn:aws:iam::444444444444:role/support-read", "name": "support-read"}
    with stage.enforced():
        for page in (
            "brokers/target/",
            "brokers/target/dev-read/history/",
            "accounts/person/",
            "accounts/localaccount/",
            "cooper/auditevent/",
        ):
            assert carol.get(f"/admin/{page}").status_code == 200
        assert submit(carol, change, "target_form", title="New").status_code == 302
        assert submit(carol, add, "target_form", **new).status_code == 302
        assert submit(carol, dan, "localaccount_form", groups="visitors").status_code == 302
        deleted = confirmed(carol, "/admin/brokers/target/support-read/delete/")
        assert deleted.status_code == 200


@under("serve.json")
def stop_and_lift(stage: Stage) -> None:
    carol = stage.client_of("carol")
    switch = f"/admin/cooper/installation/{STOP_SWITCH_ITEM}/change/"
    with stage.enforced():
        for stopped in ("on", "off"):
            answer = submit(carol, switch, "installation_form", stopped=stopped)
            assert answer.status_code == 302
    assert Installation.find(STOP_SWITCH_ITEM).stopped is False


@under("serve.json")
def start_and_be_ready(stage: Stage) -> None:
    Installation.find("demo").delete()
    with stage.enforced(), serving(stage.aws.environment()) as url:
        assert Person(url).ask("/readyz")[0] == 200


@under("federation-user.json")
def federate(stage: Stage) -> None:
    alice = stage.client_of("alice")
    with stage.enforced():
        answer = alice.post("/targets/dev-uploads/credentials/", {"duration": "900"})
        assert answer.status_code == 200


# -- enough, and not too much --
@pytest.fixture
def stage_for(
    connected: EmbeddedAws, client_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Stage]]:
    """Return a maker of stages for a policy's file."""
    make_places(connected)
    kms = client_for(connected, "kms")
    signs = {"KeyUsage": "SIGN_VERIFY", "KeySpec": "ECC_NIST_P256"}
    with another_key(kms) as new_key, another_key(kms, **signs) as signing_key:
        monkeypatch.setenv("COOPER_SHIP_SIGNING_KEY", signing_key)

        def make(file: str) -> Stage:
            stage = Stage(file, connected, client_of, tmp_path, monkeypatch, new_key)
            if file == "rewrap.json":
                stage.tables_key = new_key.rpartition("/")[2]
                stage.policy = Policy.read(IAM / file, KEY_ID=stage.tables_key)
            if file == "ship.json":
                key_id = signing_key.rpartition("/")[2]
                stage.policy = Policy.read(IAM / file, SIGNING_KEY=key_id)
            return stage

        yield make
    connected.buckets.clear()
    connected.event_buses.clear()


def test_every_policy_has_runs() -> None:
    assert RUNS.keys() == {path.name for path in IAM.glob("*.json")}


@pytest.mark.parametrize("file", sorted(RUNS))
def test_it_allows_what_is_asked_and_nothing_more(
    file: str, stage_for: Callable[[str], Stage]
) -> None:
    stage = stage_for(file)
    questions = set()
    for run in RUNS[file]:
        stage.begin()
        run(stage)
        assert stage.asked and not stage.denied, run.__name__
        questions |= stage.asked

    permissions = [one for one in stage.policy.permissions() if one.sid != EXAMPLE]
    unneeded = [str(one) for one in permissions if not stage.policy.needs(one, questions)]
    assert permissions and unneeded == []


@pytest.mark.parametrize("number", [0, pytest.param(None, marks=pytest.mark.soak)])
@pytest.mark.parametrize("file", sorted(RUNS))
def test_without_any_one_permission_a_run_is_denied_something(
    file: str, number: int | None, stage_for: Callable[[str], Stage]
) -> None:
    """The same by really dropping it: the first one of each policy, or (it takes minutes) all."""
    stage = stage_for(file)
    whole = stage.policy
    permissions = [one for one in whole.permissions() if one.sid != EXAMPLE]
    for permission in permissions if number is None else [permissions[number]]:
        stage.policy = whole.without(permission)
        assert any(is_denied_something(run, stage) for run in RUNS[file]), str(permission)


def is_denied_something(run: Run, stage: Stage) -> bool:
    """Run under a part of the policy; return whether that denied something."""
    stage.begin()
    # it ends in whatever way it is refused
    with suppress(Exception):
        run(stage)
    return bool(stage.denied)


@pytest.mark.parametrize("file", sorted(RUNS))
def test_each_denial_denies_what_would_be_allowed(file: str) -> None:
    policy = Policy.read(IAM / file)
    for denial, question in policy.denials():
        if denial.sid == NEVER_SIGN:
            # against what other policies, or the key's own, may allow
            continue
        assert not policy.allows(question), (str(denial), question)
        assert policy.without(denial).allows(question), (str(denial), question)


@pytest.mark.parametrize("file", sorted(RUNS.keys() - {"ship.json", "federation-user.json"}))
def test_who_writes_or_reads_the_log_cannot_sign_what_is_sent(file: str) -> None:
    policy = Policy.read(IAM / file)
    allowing = {"Sid": "Other", "Effect": "Allow", "Action": "kms:Sign", "Resource": "*"}
    wider = replace(policy, statements=(*policy.statements, allowing))
    key = "arn:aws:kms:us-east-1:111111111111:key/another"
    assert not wider.allows(Asked("kms:Sign", key))
    [denial] = [one for one in policy.permissions("Deny") if one.sid == NEVER_SIGN]
    assert wider.without(denial).allows(Asked("kms:Sign", key))


def test_no_secret_can_be_opened_but_by_the_server() -> None:
    """All others may have DynamoDB open its tables, and that is all."""
    for file in RUNS.keys() - {"serve.json", "federation-user.json"}:
        policy = Policy.read(IAM / file)
        opening = [one for one in policy.statements if one["Action"] == "kms:Decrypt"]
        assert [list(one["Condition"]["StringEquals"]) for one in opening] == [["kms:ViaService"]]


# -- the judge itself --
def about(action: str, table: str, key: str) -> Asked:
    """Return the question of an action on an item."""
    resource = f"arn:aws:dynamodb:us-east-1:111111111111:table/cooper-{table}"
    return Asked(f"dynamodb:{action}", resource, (("dynamodb:LeadingKeys", key),))


@pytest.mark.parametrize(
    ("action", "table", "key"),
    [
        ("DeleteItem", "audit", "x"),
        ("PutItem", "saml-idps", "x"),
        ("PutItem", "installation", "schema"),
    ],
)
def test_it_sees_what_the_server_is_denied(action: str, table: str, key: str) -> None:
    assert not Policy.read(IAM / "serve.json").allows(about(action, table, key))


@pytest.mark.parametrize(
    ("key", "allowed"), [("kms-key", True), ("secret-keys", False), ("registration-keys", False)]
)
def test_it_sees_that_encrypting_reads_which_key_and_no_secret(key: str, allowed: bool) -> None:
    question = about("GetItem", "installation", key)
    assert Policy.read(IAM / "encrypt.json").allows(question) is allowed

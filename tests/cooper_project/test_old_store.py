"""What cooper 0.1.0 (schema 1) had written is still read: data, secrets, an import cut short."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.seed import PASSWORD
from tests.support.forms import fields_of, mark_in
from tests.support.old_store import load_dump, serving_aws, write_store
from tests.support.served import Person, manage, run, serving

OTPAUTH = "DEMO_OTPAUTH"
EVENTS = 152
IN_PLACE = 302
FINISH = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "cooper_project.settings"
django.setup()
from django.core.management import call_command
from cooper_project import schema
schema.PAUSE = 0.0
call_command("cooper_setup", "--finish-upgrade")
"""
"""The end of an upgrade, without the pause in which servers learn of it."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("old") / "store"
    write_store(load_dump(schema=1), folder)
    with serving_aws(folder) as served:
        yield served


@pytest.fixture(scope="module")
def url(environment: dict[str, str]) -> Iterator[str]:
    done = run(manage("cooper_setup"), environment)
    assert done.returncode == 0, done.stderr
    with serving(environment | {"COOPER_EMBEDDED": "1"}) as address:
        yield address


def signed_in(url: str, username: str) -> Person:
    person = Person(url)
    assert person.sign_in(username, PASSWORD) == IN_PLACE
    return person


@pytest.mark.parametrize("target", ["dev-read", "dev-uploads"])
def test_its_roles_and_its_federation_keys_give_credentials(url: str, target: str) -> None:
    alice = signed_in(url, "alice")
    form = {"duration": "900"}
    accept = {"Accept": "application/json"}
    status, text, _ = alice.ask(f"/targets/{target}/credentials/", form, **accept)
    assert status == 200, text
    assert json.loads(text)["AccessKeyId"].startswith("ASIA")


def test_its_one_time_code_devices_confirm_a_change(url: str, environment: dict[str, str]) -> None:
    carol = signed_in(url, "carol")
    address = "/admin/brokers/target/dev-read/change/"
    _, page, _ = carol.ask(address)
    sent = fields_of(page, "target_form") | {"title": "Read only, renamed"}
    sent["code"] = code_of(environment)
    status, text, _ = carol.ask(address, sent)
    if mark_in(text):
        sent |= {"seen": mark_in(text), "code": code_of(environment)}
        status, text, _ = carol.ask(address, sent)
    assert status == IN_PLACE, text
    assert "Read only, renamed" in carol.ask(address)[1]


def code_of(environment: dict[str, str]) -> str:
    done = run(manage("cooper_totp", "code", environment[OTPAUTH]), environment)
    return str(done.stdout.strip())


def test_its_audit_log_is_read_whole(url: str, environment: dict[str, str], tmp_path: Path) -> None:
    output = tmp_path / "events.jsonl"
    words = ["export", "--from", "2026-11-01", "--to", "2026-12-31", "--output", str(output)]
    done = run(manage("cooper_audit", *words), environment)
    assert done.returncode == 0, done.stderr

    events = [json.loads(line) for line in output.read_text().splitlines()]
    cut_off = load_dump(schema=1)["tables"]["cooper-audit"]["items"]
    newest = max(item["at"]["S"] for item in cut_off)
    assert len([event for event in events if event["at"] <= newest]) == EVENTS == len(cut_off)


def test_its_import_that_was_cut_short_goes_on(url: str, environment: dict[str, str]) -> None:
    done = run(manage("cooper_import", "--resume", "--yes"), environment)
    assert done.returncode == 0, done.stderr
    assert re.search(r"4 of 4 steps", done.stdout)


def test_its_upgrade_is_finished_while_it_serves(url: str, environment: dict[str, str]) -> None:
    """The server of before goes on; one that starts afterwards serves what the other wrote."""
    before = exported(environment)
    done = run([sys.executable, "-c", FINISH], environment)
    assert done.returncode == 0, done.stderr
    assert "The tables are of version 2 now." in done.stdout

    become(url, "dev-read")
    with serving(environment | {"COOPER_EMBEDDED": "1"}) as second:
        become(second, "dev-read")
        become(url, "dev-read")
        carol = signed_in(second, "carol")
        assert "became a target" in carol.ask("/admin/cooper/auditevent/?q=dev-read")[1]
        assert carol.ask("/admin/brokers/target/dev-read/history/")[0] == 200

    after = exported(environment)
    assert set(before) < set(after)
    assert len(after) == len(set(after))


def become(url: str, target: str) -> None:
    alice = signed_in(url, "alice")
    accept = {"Accept": "application/json"}
    status, text, _ = alice.ask(f"/targets/{target}/credentials/", {"duration": "900"}, **accept)
    assert status == 200, text


def exported(environment: dict[str, str]) -> list[str]:
    """Return the ids of all events."""
    words = ["export", "--from", "2026-11-01", "--to", "2026-12-31"]
    done = run(manage("cooper_audit", *words), environment)
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["id"] for line in done.stdout.splitlines()]

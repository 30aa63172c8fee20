"""What is secret is in no log at DEBUG, no table, no web session, no error page."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress

import pytest
from django.conf import settings
from django.core.management import load_command_class
from prometheus_client import generate_latest

from accounts.models import WebSession
from brokers import federation_keys
from brokers.models import Target
from core import metrics
from core.dynamo import documents
from core.retry import Backoff
from demo.seed import PASSWORD
from shipping import dead_letters
from shipping.sinks import https, sinks_from_environment
from tests.support.everything_logged import everything_logged
from tests.support.paths import ROOT
from tests.support.shipping import yard_of
from tests.support.sink_stub import receiving


@pytest.fixture
def written(store) -> Iterator[list[str]]:
    """Return everything that is logged."""
    with everything_logged() as lines:
        yield lines


def secrets_in(page: str) -> set[str]:
    """Return the secrets that a credentials page shows its owner."""
    return set(re.findall(r'<span class="secret"><span>([^<]+)</span></span>', page))


def stored() -> str:
    """Return everything in all tables."""
    return "\n".join(
        str(item.serialize()) for document in documents() for item in document.everything()
    )


def test_it_leaks_no_secret_of_a_whole_visit(client_of, store, written):
    browser = client_of(None)
    browser.post("/login/", {"username": "alice", "password": "wrong-but-secret"})
    browser.post("/login/", {"username": "alice", "password": PASSWORD})
    needles = {PASSWORD, "wrong-but-secret", browser.cookies["cooper"].value}
    for target in ("dev-read", "dev-uploads"):
        page = browser.post(f"/targets/{target}/credentials/", {"duration": 900}).text
        found = secrets_in(page)
        assert len(found) == 2
        needles |= found
        url = browser.post(f"/targets/{target}/console/", {"duration": 900}).headers["Location"]
        needles.add(re.search(r"SigninToken=([^&]+)", url)[1])
        keys = Target.find(target)
        if keys.federation_keys:
            needles.add(federation_keys.decrypt_keys(keys).secret_access_key)
    several = browser.post("/credentials/", {"target": ["dev-read", "dev-uploads"]})
    needles |= secrets_in(b"".join(several.streaming_content).decode())
    browser.get("/targets/nowhere/")
    everywhere = {"log": "\n".join(written), "tables": stored(), "pages": browser.get("/").text}
    sessions = [browser.session.decode(str(each.data)) for each in WebSession.everything()]
    everywhere["sessions"] = str(sessions)
    assert len(needles) == 14 and written
    leaks = [
        (place, needle[:6])
        for place, text in everywhere.items()
        for needle in needles
        if needle in text
    ]
    assert leaks == []


def test_it_leaks_no_secret_of_the_places_that_events_go_to(
    client_of, store, written, tmp_path, monkeypatch, capsys
):
    """Whatever they answer, and though Splunk's answers have the token in them."""
    monkeypatch.setattr(https, "BACKOFF", Backoff(0.001, 0.001))
    needles = {"webhook-key-" + "k" * 32, "splunk-token-4711", "path-of-a-webhook"}
    key, token, path = sorted(needles, key=len, reverse=True)
    places = []
    with receiving() as webhook, receiving() as splunk, yard_of(store, tmp_path, monkeypatch):
        settings = {
            "LOOPBACK": "1",
            "WEBHOOK_URL": f"{webhook.url}/{path}?code={token}",
            "WEBHOOK_KEY": key,
            "SPLUNK_URL": splunk.url,
            "SPLUNK_TOKEN": token,
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"COOPER_SHIP_{name}", value)
        places.append(repr(sinks_from_environment()))
        for status in (301, 401, 403, 404, 503, 400):
            # Splunk's code 6 is about the events, 4 about the token
            code = 6 if status == 400 else 4
            echo = json.dumps({"text": f"{key} {token} {path}", "code": code}).encode()
            webhook.respond = splunk.respond = lambda _, s=status, e=echo: (s, {}, e)
            run_to_its_end("cooper_ship", "once")
        assert {letter.name for letter in dead_letters.dead_letters()} == {"splunk/1", "webhook/1"}

        for words in (
            ["cooper_ship", "dead-letters"],
            ["cooper_ship", "resend", "splunk/1"],
            ["cooper_check", "--only", "settings,sinks,signing-key"],
            ["cooper_check", "--only", "sinks", "--json"],
        ):
            run_to_its_end(*words)
        monkeypatch.setenv("COOPER_SHIP_SPLUNK_TOKEN", f"{token}\N{BELL}")
        run_to_its_end("cooper_check", "--only", "sinks")
        run_to_its_end("cooper_ship", "once")
        pages = [client_of("carol").get(path).text for path in ("/", "/nowhere/", "/readyz")]

    shown = "".join(capsys.readouterr())
    assert "sinks: COOPER_SHIP_SPLUNK_TOKEN" in shown and "splunk/1" in shown
    places += ["\n".join(written), stored(), "".join(pages), shown]
    places.append(generate_latest(metrics.shipper_page()).decode())
    leaks = [
        (number, one) for number, place in enumerate(places) for one in needles if one in place
    ]
    assert leaks == []


def run_to_its_end(*words):
    """Run a command as on the command line, however it ends."""
    with suppress(SystemExit):
        name, *arguments = words
        load_command_class("cooper_project", name).run_from_argv(["cooper", name, *arguments])


@pytest.mark.parametrize("name", ["botocore", "boto3", "urllib3", "pynamodb", "saml2"])
def test_it_holds_leaky_libraries_back_whatever_the_log_level(name):
    assert settings.LOGGING["loggers"][name]["level"] == (
        "CRITICAL" if name == "saml2" else "WARNING"
    )


def test_it_shows_no_traceback(client_of, monkeypatch):
    monkeypatch.setattr("brokers.catalogue.current", lambda: 1 / 0)
    answer = client_of("alice").get("/")
    assert (
        answer.status_code == 500
        and "ZeroDivisionError" not in answer.text
        and "Traceback" not in answer.text
    )
    assert answer.headers["X-Request-Id"] in answer.text


def test_it_keeps_no_secret_in_the_repository():
    patterns = r"(AKIA|ASIA)[A-Z0-9]{16}|-----BEGIN [A-Z ]*PRIVATE KEY"
    said = subprocess.run(
        ["git", "grep", "-noIE", patterns], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    found = {line.split(":", 2)[2] for line in said.splitlines()}
    assert found <= {"AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"}

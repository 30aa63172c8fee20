"""What is secret is in no log at DEBUG, no table, no web session, no error page."""

import re
import subprocess
from collections.abc import Iterator

import pytest
from django.conf import settings

from accounts.models import WebSession
from brokers import federation_keys
from brokers.models import Target
from core.dynamo import documents
from demo.seed import PASSWORD
from tests.support.everything_logged import everything_logged
from tests.support.paths import ROOT


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

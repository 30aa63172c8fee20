"""The page of credentials: one format at a time, remembered, secrets hidden, and fresh ones."""

import re

import pytest

from accounts.models import StoredPreferences
from accounts.preferences import preferences_key
from core.errors import Unavailable
from tests.support.codes import give_device, next_code
from tests.support.credentials_page import copied_text

PATH = "/targets/dev-read/credentials/"
SECRET = re.compile(r'<span class="secret"><span>([^<]+)</span></span>')


def chosen(page: str) -> list[str]:
    return re.findall(r'<option value="(\w+)" selected>', page)


def stored_format(person: str) -> str | None:
    stored = StoredPreferences.find(preferences_key(person))
    return str(stored.credentials_format) if stored else None


def test_every_secret_on_the_page_is_marked_as_one(client_of):
    page = client_of("alice").post(PATH, {"duration": "900"}).text
    settings = dict(
        re.findall(r"^(\w+) = (.+)$", copied_text(page, "ini"), re.MULTILINE),
    )
    secrets = {settings["aws_secret_access_key"], settings["aws_session_token"]}
    assert set(SECRET.findall(page)) == secrets

    rest = SECRET.sub("", page)
    assert not [secret for secret in secrets if secret in rest]


@pytest.mark.parametrize(
    ("browser", "shell"),
    [("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "powershell"), ("Mozilla/5.0 (X11)", "bash")],
)
def test_it_begins_with_the_shell_of_the_persons_system(client_of, browser, shell):
    answer = client_of("alice").post(PATH, {"duration": "900"}, headers={"user-agent": browser})
    assert chosen(answer.text) == [shell]


def test_it_begins_with_the_format_that_was_looked_at_last(client_of):
    alice = client_of("alice")
    answer = alice.post("/credentials/format/", {"format": "fish"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert chosen(alice.post(PATH, {"duration": "900"}).text) == ["fish"]
    # without JavaScript the next form carries it
    assert chosen(alice.post(PATH, {"duration": "900", "format": "json"}).text) == ["json"]
    assert chosen(alice.post(PATH, {"duration": "900"}).text) == ["json"]


@pytest.mark.parametrize("format_id", ["", "FISH", "x" * 5000, "\N{SNOWMAN}", "bash fish"])
def test_it_keeps_no_format_that_there_is_not(client_of, format_id):
    alice = client_of("alice")
    assert alice.post("/credentials/format/", {"format": format_id}).status_code == 400
    assert alice.post(PATH, {"duration": "900", "format": format_id}).status_code == 200
    assert stored_format("local:alice") is None


def test_a_format_is_kept_neither_by_get_nor_for_a_grant_that_was_refused(client_of):
    alice = client_of("alice")
    assert alice.get("/credentials/format/?format=fish").status_code == 302
    assert alice.post(PATH, {"duration": "5", "format": "fish"}).status_code == 400
    assert stored_format("local:alice") is None


def test_credentials_come_though_their_format_cannot_be_kept(client_of, monkeypatch):
    tries = []

    def unavailable(person: str, name: str) -> None:
        tries.append(name)
        raise Unavailable("DynamoDB did not answer.")

    monkeypatch.setattr("brokers.credentials_views.set_credentials_format", unavailable)
    answer = client_of("alice").post(PATH, {"duration": "900", "format": "fish"})
    assert answer.status_code == 200 and tries == ["fish"]
    assert chosen(answer.text) == ["fish"]


def test_fresh_ones_are_asked_for_as_these_were(client_of):
    asked = {"duration": "1800", "reason": "TICKET-7 & more"}
    page = client_of("alice").post(PATH, asked).text
    form = page[page.index('id="fresh"') :]
    assert 'name="duration" value="1800"' in form
    assert 'name="reason" value="TICKET-7 &amp; more"' in form
    assert 'name="code"' not in form


def test_fresh_ones_of_a_sensitive_target_take_a_code_of_their_own(client_of):
    give_device("alice")
    code = next_code("alice")
    answer = client_of("alice").post(
        "/targets/prod-admin/credentials/", {"duration": "900", "code": code}
    )
    assert answer.status_code == 200
    assert 'name="code"' in answer.text and code not in answer.text


def test_no_cache_and_no_compression_get_the_page(client_of):
    headers = {"accept-encoding": "gzip"}
    answer = client_of("alice").post(PATH, {"duration": "900"}, headers=headers)
    assert answer["Cache-Control"].startswith("no-store")
    assert "Content-Encoding" not in answer

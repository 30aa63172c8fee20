"""Passwords are hashed a few at a time, whoever asks; the rest is told to come again."""

import ast
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test import Client

from accounts import local_accounts, passwords
from accounts.models import Attempt
from accounts.providers.local import GUESSES
from core.audit import Event
from tests.support.enrolment import PASSWORD
from tests.support.events import all_events
from tests.support.forms import submit
from tests.support.paths import PACKAGES, ROOT

HASHER = "django.contrib.auth.hashers"


class Meter:
    """Counts how many hash at the same moment."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = 0
        self.most = 0

    def wrap(self, function: Callable[..., object]) -> Callable[..., object]:
        def measured(*arguments: object, **named: object) -> object:
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            try:
                # long enough for the others to come
                time.sleep(0.02)
                return function(*arguments, **named)
            finally:
                with self.lock:
                    self.now -= 1

        return measured


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> Meter:
    meter = Meter()
    for name in ("encode", "verify"):
        real = getattr(Argon2PasswordHasher, name)
        monkeypatch.setattr(Argon2PasswordHasher, name, meter.wrap(real))
    return meter


def test_no_more_than_two_hash_at_once_whatever_for(
    client_of: Callable[..., Client], meter: Meter
) -> None:
    dan = client_of("dan")
    visitor = client_of(None)
    ways = [
        partial(visitor.post, "/login/", {"username": "alice", "password": "wrong"}),
        partial(visitor.post, "/login/", {"username": "nobody", "password": "wrong"}),
        partial(dan.post, "/device/begin/", {"password": PASSWORD}),
        partial(local_accounts.set_password, "bob", "long-and-rare-4711"),
    ]
    with ThreadPoolExecutor(len(ways) * 3) as threads:
        results = list(threads.map(lambda way: way(), ways * 3))
    assert len(results) == 12
    assert meter.most == 2


@pytest.fixture
def no_turn(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let others have all turns, and nobody wait long for one."""
    monkeypatch.setattr(passwords, "LONGEST_WAIT", 0.01)
    for _ in range(passwords.HASHES_AT_ONCE):
        assert passwords._slots.acquire(blocking=False)
    yield
    for _ in range(passwords.HASHES_AT_ONCE):
        passwords._slots.release()


@pytest.mark.usefixtures("no_turn")
@pytest.mark.parametrize("username", ["alice", "nobody"])
def test_who_has_no_turn_is_told_when_to_try_again(
    client_of: Callable[..., Client], username: str
) -> None:
    typed = {"username": username, "password": "secret-and-typed"}
    response = client_of(None).post("/login/", typed)
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert "try again in 5 seconds" in response.text
    assert f'value="{username}"' in response.text
    assert "secret-and-typed" not in response.text
    assert Event.SIGN_IN_REFUSED not in {event.event for event in all_events()}


def test_who_had_no_turn_has_made_no_guess(
    client_of: Callable[..., Client], request: pytest.FixtureRequest
) -> None:
    visitor = client_of(None)
    request.getfixturevalue("no_turn")
    for _ in range(GUESSES + 1):
        visitor.post("/login/", {"username": "alice", "password": PASSWORD})
    assert not Attempt.everything()


@pytest.mark.usefixtures("no_turn")
@pytest.mark.parametrize("page", ["/device/begin/", "/device/recover/"])
def test_a_device_page_has_no_turn_either(client_of: Callable[..., Client], page: str) -> None:
    response = client_of("carol").post(page, {"password": PASSWORD, "code": "123456"})
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert Event.ENROLMENT_REFUSED not in {event.event for event in all_events()}


@pytest.mark.usefixtures("no_turn")
def test_no_password_is_set_without_a_turn(client_of: Callable[..., Client]) -> None:
    carol = client_of("carol")
    with pytest.raises(passwords.Busy):
        local_accounts.set_password("bob", "long-and-rare-4711")
    response = submit(
        carol,
        "/admin/accounts/localaccount/bob/change/",
        "localaccount_form",
        password="long-and-rare-4711",
    )
    assert response.status_code == 503
    assert "try again in 5 seconds" in response.text


def test_a_turn_comes_back_after_an_error() -> None:
    for _ in range(passwords.HASHES_AT_ONCE + 1):
        with pytest.raises(TypeError):
            passwords.hash_password(4711)  # type: ignore[arg-type]
    stored = passwords.hash_password("secret")
    with passwords.turn() as turn:
        assert turn.is_password("secret", stored)


def test_nothing_hashes_passwords_beside_it() -> None:
    users = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and node.module == HASHER:
                    users.add(path.relative_to(ROOT).as_posix())
    assert users == {"accounts/passwords.py"}

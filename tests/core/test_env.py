"""What the environment says about secrets and hosts, read by real processes."""

import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from core import env, secret_keys
from core.installation import Installation
from demo.seed import PASSWORD
from embedded_aws import EmbeddedAws
from tests.support import faults
from tests.support.served import Person, manage, run, serving

KEY = "4e1f7c0c2e9b4b0fa4a94d2d6a5c9d3e7a1b8c6f5d4e3c2b1a0"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file with a secret key that the environment names."""
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "key").chmod(stat.S_IRUSR)
    monkeypatch.delenv("COOPER_SECRET_KEY", raising=False)
    monkeypatch.setenv("COOPER_SECRET_KEY_FILE", str(tmp_path / "key"))
    return tmp_path / "key"


# -- a secret in a file ----------------------------------------------------------------------------
def test_it_reads_a_secret_from_the_file_that_is_named(file: Path) -> None:
    assert env.secret("COOPER_SECRET_KEY") == KEY


def test_it_prefers_the_variable_to_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOPER_SECRET_KEY", "typed")
    assert env.secret("COOPER_SECRET_KEY") == "typed"


@pytest.mark.parametrize("content", [None, b"\xff\xfe secret"])
def test_it_names_a_file_that_cannot_be_read_and_says_nothing_of_what_is_in_it(
    file: Path, content: Any
) -> None:
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match="COOPER_SECRET_KEY_FILE names") as refused:
        env.secret("COOPER_SECRET_KEY")
    assert " secret" not in str(refused.value)
    done = run(manage("check"), {"COOPER_SECRET_KEY_FILE": str(file)})
    assert done.returncode == 1 and f"COOPER_SECRET_KEY_FILE names '{file}'" in done.stderr


# -- the secret key --------------------------------------------------------------------------------
def test_its_own_secret_key_wins_over_the_stored_one(store: EmbeddedAws, settings: Any) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS, settings.COOPER_SECRET_KEY = KEY, [], KEY
    secret_keys.use()
    assert settings.SECRET_KEY == KEY and faults.journal() == []
    settings.COOPER_SECRET_KEY = ""
    secret_keys.use()
    assert [settings.SECRET_KEY] == settings.SECRET_KEY_FALLBACKS == secret_keys.decrypt_stored()


def test_it_serves_with_the_secret_key_of_a_file_where_none_is_stored(
    store: EmbeddedAws, file: Path
) -> None:
    for name in ("demo", "secret-keys"):
        Installation.find(name).delete()
    with serving(store.environment() | {"COOPER_SECRET_KEY_FILE": str(file)}) as url:
        assert Person(url).sign_in("alice", PASSWORD) == 302


# -- host names ------------------------------------------------------------------------------------
def test_it_answers_the_hosts_that_are_named_and_no_other(store: EmbeddedAws) -> None:
    Installation.find("demo").delete()
    named = {"COOPER_ALLOWED_HOSTS": "127.0.0.1, portal.example"}
    with serving(store.environment() | named) as url:
        asked = {
            host: Person(url).ask("/login/", Host=host)[0]
            for host in ("portal.example", "localhost", "evil.example")
        }
    assert asked == {"portal.example": 200, "localhost": 400, "evil.example": 400}


@pytest.mark.parametrize(
    ("environment", "hosts"),
    [
        ({}, "127.0.0.1 localhost [::1]"),
        ({"COOPER_PUBLIC_URL": "https://cooper.example.com:8443"}, "cooper.example.com"),
        (
            {
                "COOPER_PUBLIC_URL": "https://cooper.example.com",
                "COOPER_ALLOWED_HOSTS": "a.example,b.example",
            },
            "a.example b.example",
        ),
    ],
)
def test_it_answers_its_public_host_or_loopback_when_none_is_named(
    environment: dict[str, str], hosts: str
) -> None:
    done = run(
        [
            *manage("shell"),
            "-v0",
            "-c",
            "from django.conf import settings as s; print(*s.ALLOWED_HOSTS)",
        ],
        environment,
    )
    assert done.stdout.strip() == hosts, done.stderr

"""What is not safe to serve: the server does not start, and `cooper -check` says the same words."""

import json
import resource
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore import auth
from botocore.exceptions import ClientError
from django.core.management import load_command_class

from brokers.models import Target
from cooper_project.management.base import CooperCommand
from core.aws import clock
from core.installation import SCHEMA_ITEM, Installation
from core.secret_keys import ITEM as SECRET_KEYS
from embedded_aws import EmbeddedAws
from tests.embedded_aws.clients import client_for

Break = Callable[["Place"], object]


class Place:
    """An installation that can be served, and what makes it one that cannot."""

    def __init__(self, aws: EmbeddedAws, settings: Any, patch: pytest.MonkeyPatch, file: Path):
        self.aws = aws
        self.settings = settings
        self.patch = patch
        self.file = file

    def set(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self.settings, name, value)

    def publish(self, variable: str) -> None:
        """Let a variable name a file that everybody can read."""
        self.file.write_text("x" * 60)
        self.file.chmod(0o644)
        self.patch.setenv(variable, str(self.file))

    def turn_clock(self, seconds: int) -> None:
        """Turn this machine's clock, and AWS's not (both are in this process)."""
        off = timedelta(seconds=seconds)
        right = auth.get_current_datetime
        self.patch.setattr(auth, "get_current_datetime", lambda *some: right(*some) + off)
        self.patch.setattr(clock, "now", lambda: datetime.now(UTC) + off)

    def change(self, name: str, value: str) -> None:
        """Let an item of the installation have another value."""
        item = Installation.find(name)
        assert item is not None
        item.value = value
        item.save()

    def limit_files(self, count: int) -> None:
        self.patch.setattr(resource, "getrlimit", lambda _: (count, count))


@pytest.fixture
def place(
    store: EmbeddedAws, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Place]:
    demo = Installation.find("demo")
    assert demo is not None
    demo.delete()
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    settings.COOPER_BIND = "127.0.0.1:0"
    kms = client_for(store, "kms")
    key = settings.COOPER_KMS_KEY
    yield Place(store, settings, monkeypatch, tmp_path / "file")
    # the clock's too
    monkeypatch.undo()
    # moto refuses it for a key that is not to be deleted
    with suppress(ClientError):
        kms.cancel_key_deletion(KeyId=key)
    kms.enable_key(KeyId=key)


def run(command_name: str, *words: str) -> Any:
    """Run a command; return its exit code."""
    command = load_command_class("cooper_project", command_name)
    assert isinstance(command, CooperCommand)
    try:
        command.run_from_argv(["/opt/cooper/cooper", command_name, *words])
    except SystemExit as ended:
        return ended.code
    return 0


@pytest.fixture
def start(place: Place, capsys: pytest.CaptureFixture[str]) -> Callable[[], tuple[Any, list[str]]]:
    """Return what starts the server, up to where it would serve: "serves" is its line then."""

    def serve(*_: object) -> None:
        print("serves")  # noqa: T201 - instead of a server

    def start() -> tuple[Any, list[str]]:
        place.patch.setattr("cooper_project.serving.gunicorn.replace_this_process", serve)
        place.patch.setattr("cooper_project.serving.static.collect", lambda: False)
        code = run("cooper_serve")
        out, err = capsys.readouterr()
        beginning = "cooper does not start: "
        refusals = [line for line in err.splitlines() if line.startswith(beginning)]
        serves = ["serves"] if "serves" in out else []
        return code, serves + [line.removeprefix(beginning) for line in refusals]

    return start


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Callable[[], tuple[Any, list[str]]]:
    """Return what runs `cooper -check`: its code, and what has to be mended."""

    def check() -> tuple[Any, list[str]]:
        code = run("cooper_check", "--json")
        findings = json.loads(capsys.readouterr().out)["findings"]
        return code, [one["text"] for one in findings if one["level"] == "problem"]

    return check


def of_key(change: str, **more: Any) -> Break:
    """Return what changes the KMS key."""
    return lambda place: getattr(client_for(place.aws, "kms"), change)(
        KeyId=place.settings.COOPER_KMS_KEY, **more
    )


CAUSES: dict[str, tuple[Break, str]] = {
    "debug": (lambda place: place.set(DEBUG=True), "cooper.E016: DEBUG is on."),
    "short secret key": (
        lambda place: place.set(COOPER_SECRET_KEY="short"),
        "cooper.E013: COOPER_SECRET_KEY is shorter than 50",
    ),
    "no secret key": (
        lambda place: Installation.find(SECRET_KEYS).delete(),  # type: ignore[union-attr]
        "This installation is not set up yet. Run: cooper -setup [no item secret-keys]",
    ),
    "unreadable secret key": (
        lambda place: place.change(SECRET_KEYS, "[{}]"),
        "The stored secret keys cannot be read.",
    ),
    "any host": (lambda place: place.set(ALLOWED_HOSTS=["*"]), "cooper.E015: COOPER_ALLOWED_HOSTS"),
    "plain http for others": (
        lambda place: place.set(COOPER_BIND="0.0.0.0:0", COOPER_PUBLIC_URL=""),
        "cooper.E012: cooper would listen on 0.0.0.0:0 with plain http.",
    ),
    "plain http in public": (
        lambda place: place.set(COOPER_PUBLIC_URL="http://cooper.example.com"),
        "cooper.E004: COOPER_PUBLIC_URL is http://cooper.example.com",
    ),
    "no alias": (
        lambda place: place.set(COOPER_KMS_KEY="alias/nonesuch"),
        "KMS knows no key alias/nonesuch in us-east-1.",
    ),
    "disabled key": (of_key("disable_key"), "is disabled. Enable it: aws kms enable-key"),
    "key to be deleted": (
        of_key("schedule_key_deletion", PendingWindowInDays=7),
        "cannot be used now: it is being deleted",
    ),
    "no table": (
        lambda place: place.aws.tables.pop(Target.Meta.table_name),
        "There is no table cooper-targets in us-east-1.",
    ),
    "no administrators": (
        lambda place: place.set(COOPER_ADMIN_GROUPS=[]),
        "cooper.E001: COOPER_ADMIN_GROUPS is empty",
    ),
    "not set up": (
        lambda place: Installation.find(SCHEMA_ITEM).delete(),  # type: ignore[union-attr]
        "This installation is not set up yet. Run: cooper -setup",
    ),
    "newer tables": (lambda place: place.change(SCHEMA_ITEM, "99"), "Install the newer cooper."),
    "demo": (lambda place: Installation("demo").save(), "These tables hold the demo's people"),
    "clock ahead": (lambda place: place.turn_clock(400), "This server's clock is off by"),
    "clock behind": (lambda place: place.turn_clock(-400), "This server's clock is off by"),
    "readable secret key": (
        lambda place: place.publish("COOPER_SECRET_KEY_FILE"),
        "cooper.E014:",
    ),
    "readable AWS keys": (
        lambda place: place.publish("AWS_SHARED_CREDENTIALS_FILE"),
        "can be read by everybody on this machine. chmod o-rwx",
    ),
    "few files": (
        lambda place: place.limit_files(64),
        "A process may have 64 files open, which a few connections use up. Set LimitNOFILE=",
    ),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_the_server_does_not_start_and_the_check_says_the_same(
    place: Place, start: Any, check: Any, cause: str
) -> None:
    make_unsafe, words = CAUSES[cause]
    make_unsafe(place)
    code, refusals = start()
    assert code == 1 and len(refusals) == 1 and words in refusals[0], refusals
    code, problems = check()
    assert code == 1 and _without_seconds(refusals[0]) in map(_without_seconds, problems), problems


def _without_seconds(line: str) -> str:
    """Return a line about the clock without what changes between two looks."""
    return line.partition(" is off by")[0] if "clock is off" in line else line


def test_what_is_safe_starts_and_passes(place: Place, start: Any, check: Any) -> None:
    assert start() == (0, ["serves"])
    assert check() == (0, [])


@pytest.mark.parametrize("seconds", [-240, 240])
def test_a_clock_that_is_four_minutes_off_is_only_warned_of(
    place: Place, start: Any, check: Any, capsys: pytest.CaptureFixture[str], seconds: int
) -> None:
    place.turn_clock(seconds)
    assert start() == (0, ["serves"])
    assert check() == (0, [])
    assert run("cooper_check", "--only", "clock") == 0
    assert "warning  clock: This server's clock is off by 2" in capsys.readouterr().err

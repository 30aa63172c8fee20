"""How commands behave at a terminal: what they call themselves, what they say, how they end."""

import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command, load_command_class

from accounts.models import OnceRecord
from cooper_project.management.base import DJANGO_OPTIONS, CooperCommand
from embedded_aws import EmbeddedAws
from tests.support.served import ROOT, clean, run

COMMANDS = sorted(
    file.stem for file in (ROOT / "cooper_project/management/commands").glob("cooper_*.py")
)


def command(name: str) -> CooperCommand:
    loaded = load_command_class("cooper_project", name)
    assert isinstance(loaded, CooperCommand)
    return loaded


@pytest.mark.parametrize("name", COMMANDS)
def test_its_help_is_about_cooper_alone(name: str) -> None:
    parser = command(name).create_parser("/opt/cooper/cooper", name)
    text = parser.format_help()
    assert text.startswith(f"usage: cooper {name.replace('cooper_', '-')} ")
    assert "manage.py" not in text and "cooper_" not in text
    assert not [option for option in DJANGO_OPTIONS if option in text]
    called_by_manage = command(name).create_parser("manage.py", name).format_usage()
    assert called_by_manage.startswith(f"usage: manage.py {name} ")


def test_it_says_cooper_and_not_manage_py() -> None:
    modules = [
        path
        for folder in ("core", "brokers", "accounts", "sso_portal", "cooper_project")
        for path in (ROOT / folder).rglob("*.py")
    ]
    naming = re.compile(r"manage\.py cooper_(?!demo)|\b[Rr]uns? cooper_")
    assert [path for path in modules if naming.search(path.read_text())] == []


def refusal(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[Any, str]:
    """Run a command line in this process; return its exit code and stderr."""
    with pytest.raises(SystemExit) as ended:
        command(words[0]).run_from_argv(["/opt/cooper/cooper", *words])
    return ended.value.code, capsys.readouterr().err


@pytest.mark.parametrize("person", ["nobody", "local:nobody", "okta:nobody", "nowhere:bob"])
@pytest.mark.parametrize("verb", ["invite", "reset"])
def test_it_does_nothing_for_somebody_who_is_not_there(
    store: EmbeddedAws, capsys: pytest.CaptureFixture[str], verb: str, person: str
) -> None:
    before = len(list(OnceRecord.everything()))
    code, err = refusal(["cooper_totp", verb, person], capsys)
    assert code == 1 and "\ncooper -totp: " in f"\n{err}" and "CommandError" not in err
    assert len(list(OnceRecord.everything())) == before


def test_it_invites_somebody_who_is_there(store: EmbeddedAws, capsys: Any) -> None:
    command("cooper_totp").run_from_argv(["cooper", "cooper_totp", "invite", "alice"])
    assert re.match(r"[A-Z2-7]{4}-", capsys.readouterr().out)


def test_settings_that_are_wrong_are_a_line_each(
    store: EmbeddedAws, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.COOPER_ADMIN_GROUPS = []
    code, err = refusal(["cooper_user", "list"], capsys)
    assert code == 1 and "cooper.E001" in err
    assert "System check" not in err and "ERRORS" not in err and "?:" not in err


def test_other_code_gets_the_exception(store: EmbeddedAws) -> None:
    with pytest.raises(CommandError):
        call_command("cooper_totp", "invite", "nobody")


def test_what_it_says_does_nothing_to_the_terminal(
    store: EmbeddedAws, capsys: pytest.CaptureFixture[str]
) -> None:
    code, err = refusal(["cooper_totp", "invite", "x\x1b[2J:bob\u202e"], capsys)
    assert code == 1 and "\x1b" not in err and "\u202e" not in err


def test_it_ends_quietly_when_its_reader_goes(store: EmbeddedAws) -> None:
    words = f"{sys.executable} ./cooper -user list | true; exit ${{PIPESTATUS[0]}}"
    done = run(["bash", "-c", words], store.environment() | {"PYTHONUNBUFFERED": "1"})
    assert done.returncode == 141 and "Traceback" not in done.stderr
    assert "Broken" not in done.stderr and "Exception" not in done.stderr


take_ctrl_c = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)


def test_it_ends_quietly_on_ctrl_c(store: EmbeddedAws, tmp_path: Path) -> None:
    # a password is asked for on a terminal that never answers: a pipe that stays open
    process = subprocess.Popen(
        [sys.executable, "./cooper", "-user", "add", "zoe"],
        cwd=ROOT,
        env=clean(store.environment()),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a shell that starts this test in the background lets it ignore Ctrl-C
        preexec_fn=take_ctrl_c,  # noqa: PLW1509 - it takes no lock
    )
    time.sleep(0.3)
    # at whatever point it is, while it starts or waits
    end = time.monotonic() + 20
    while not _waits_for_input(process.pid) and time.monotonic() < end:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130 and "Traceback" not in err, err


def _waits_for_input(pid: int) -> bool:
    """Return whether a process sleeps in a read of a pipe."""
    return "pipe" in Path(f"/proc/{pid}/wchan").read_text()

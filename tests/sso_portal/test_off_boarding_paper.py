"""What docs/offboarding.md prints does what it says, against a server over HTTP."""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import LocalAccount, Person
from embedded_aws import EmbeddedAws
from tests.support import faults, served
from tests.support.command_line import CommandLineTool
from tests.support.faults import Fault
from tests.support.loopback_server import LoopbackServer, QuietHandler, running
from tests.support.paper_commands import blocks, commands
from tests.support.paths import ROOT
from tests.support.saml_stage import post_response, signed_in_person, start_sign_in
from tests.support.served import free_port, serving

PAPER = ROOT / "docs/offboarding.md"
COOPER = "https://cooper.example.com"
ALICE = "okta:alice@example.com"

WITH_VARIABLE, WITH_FILE = (block for block in blocks(PAPER) if "curl" in block)
"""The recipe with the token among curl's words, and the one with its header in a file."""

REFUSED = 22
"""What curl ends with for a status from 400 on."""

SHIM = """#!/bin/sh
printf '%s\\n' "$*" >>"$CALLS"
exec {curl} "$@"
"""
"""Stands before curl, and notes the words that a list of processes would show."""


def table() -> set[tuple[int, str]]:
    """Return each status that the paper explains, with its word, "" where it gives none."""
    cells = re.findall(r"^\| (\d.*?) \|", PAPER.read_text(), re.MULTILINE)
    parts = [part.strip() for cell in cells for part in cell.split(";")]
    matches = [re.fullmatch(r"(\d+)(?:, `(?:outcome: )?(\w+)`)?", part) for part in parts]
    return {(int(match[1]), match[2] or "") for match in matches if match}


@dataclass(frozen=True)
class Answer:
    """What the recipe left its caller with."""

    exit_code: int
    printed: str
    complaint: str

    @property
    def status(self) -> int:
        """The status that curl names where it fails, otherwise 200."""
        match = re.search(r"returned error: (\d+)$", self.complaint.strip())
        return int(match[1]) if match else 200

    @property
    def row(self) -> tuple[int, str]:
        """Where it stands in the paper's table."""
        content = json.loads(self.printed)
        return self.status, content.get("outcome") or content["error"]


class Hook:
    """A host that runs the recipes as they are printed, with cooper's address and a token."""

    def __init__(self, url: str, token: str, folder: Path) -> None:
        self.url = url
        self.token = token
        self.calls = folder / "calls"
        self._folder = folder
        shim = folder / "bin/curl"
        shim.parent.mkdir()
        shim.write_text(SHIM.format(curl=shutil.which("curl")))
        shim.chmod(0o755)

    def run(self, recipe: str = WITH_VARIABLE, person: str = ALICE, token: str = "") -> Answer:
        """Run a recipe, and see that it prints no token."""
        token = token or self.token
        assert recipe.count(COOPER) == recipe.count(ALICE) == 1
        done = subprocess.run(
            ["bash", "-c", recipe.replace(COOPER, self.url).replace(ALICE, person)],
            cwd=self._folder,
            # neither proxies nor a .curlrc of whose machine this is
            env={
                "PATH": f"{self._folder}/bin:{os.environ['PATH']}",
                "HOME": str(self._folder),
                "CALLS": str(self.calls),
                "TOKEN": token,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert token not in done.stdout + done.stderr
        return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def environment(connected: EmbeddedAws) -> dict[str, str]:
    return connected.environment() | {"COOPER_EMBEDDED": "1"}


def printed_commands() -> dict[str, list[str]]:
    """Return the paper's commands that look after tokens, by their verbs."""
    return {words[2]: words for words in commands(PAPER, "./cooper") if words[1] == "-tokens"}


@pytest.fixture
def hook(environment: dict[str, str], tmp_path: Path) -> Iterator[Hook]:
    """Serve, and return a host with the token that the paper's own command made."""
    added = served.run(printed_commands()["add"], environment)
    assert added.returncode == 0, added.stderr
    with serving(environment) as url:
        yield Hook(url, added.stdout.strip(), tmp_path)


# -- who is disabled -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("recipe", "shows_token"), [(WITH_VARIABLE, True), (WITH_FILE, False)], ids=["variable", "file"]
)
def test_it_disables_whom_it_names_ends_their_sessions_and_prints_no_token(
    hook: Hook, client_of: Callable[..., Client], recipe: str, *, shows_token: bool
) -> None:
    browser = client_of(None)
    post_response(browser, start_sign_in(browser))
    assert signed_in_person(browser) == ALICE
    name = settings.SESSION_COOKIE_NAME
    cookie = f"{name}={browser.cookies[name].value}"
    command_line = f"Bearer {CommandLineTool().sign_in(browser).access}"
    visitor = served.Person(hook.url)
    assert visitor.ask("/", Cookie=cookie)[0] == 200
    assert visitor.ask("/api/v1/targets", Authorization=command_line)[0] == 200

    answer = hook.run(recipe)
    assert (answer.exit_code, answer.row, answer.complaint) == (0, (200, "disabled"), "")
    assert json.loads(answer.printed)["disabled"] is True
    assert is_disabled(ALICE)
    status, _, location = visitor.ask("/", Cookie=cookie)
    assert status == 302 and location.startswith("/login/")
    assert visitor.ask("/api/v1/targets", Authorization=command_line)[0] == 401

    again = hook.run(recipe)
    assert (again.exit_code, again.row) == (0, (200, "was_disabled"))
    assert {answer.row, again.row} <= table()
    assert (hook.token in hook.calls.read_text()) == shows_token


def is_disabled(person: str) -> bool:
    stored = Person.find(person)
    return stored is not None and stored.disabled


def test_the_file_is_its_users_alone(tmp_path: Path) -> None:
    nobody_listens = f"http://127.0.0.1:{free_port()}"
    Hook(nobody_listens, "cooper_service_a-secret", tmp_path).run(WITH_FILE)
    file = tmp_path / shlex.split(WITH_FILE.split("-H @")[1])[0]
    assert file.read_text() == "Authorization: Bearer cooper_service_a-secret\n"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_name_encoded_as_the_paper_says_arrives_as_itself(hook: Hook) -> None:
    names = ("new/one ?#%&+@example.com", "a/../b", "[a-c]", "{a,b}", "zoë", "$(id)`'\"\\;")
    assert "All but letters, digits and `-._~:@` is percent-encoded" in PAPER.read_text()
    for name in names:
        person = f"okta:{name}"
        answer = hook.run(person=quote(person, safe="-._~:@"))
        assert (answer.exit_code, answer.row) == (0, (200, "disabled_beforehand")), name
        assert json.loads(answer.printed)["person"] == person and is_disabled(person)
        assert answer.row in table()

    # "which a name without a provider means, too"
    assert hook.run(person="bob").row == (200, "disabled")
    bob = LocalAccount.find("bob")
    assert bob is not None and bob.disabled


# -- who is not ------------------------------------------------------------------------------------
def test_what_is_refused_ends_with_22_and_a_row_of_the_table(
    hook: Hook, environment: dict[str, str]
) -> None:
    Person(ALICE, provider="okta", subject="alice@example.com").save()
    assert hook.run(person="local:dan").row == (200, "disabled")
    refusals = {
        (401, "invalid_token"): hook.run(token="cooper_service_wrong"),
        (404, "not_found"): hook.run(person="local:nobody"),
        (400, "invalid_request"): hook.run(person="okta:"),
        (409, "last_administrator"): hook.run(person="local:carol"),
    }
    assert {row: answer.row for row, answer in refusals.items()} == {row: row for row in refusals}
    assert {answer.exit_code for answer in refusals.values()} == {REFUSED}
    assert refusals.keys() <= table()
    assert hook.run(person="nonesuch:somebody").row == (404, "not_found")

    with faults.on(Fault("dynamodb", mode="error", status=503)):
        while_away = hook.run()
    assert (while_away.exit_code, while_away.status) == (REFUSED, 503)
    assert (503, "") in table()

    revoke(environment)
    assert hook.run().row == (401, "invalid_token")
    assert not is_disabled(ALICE)


def revoke(environment: dict[str, str]) -> None:
    """Revoke the token as the paper prints it, with the id that is listed."""
    listed = served.run(printed_commands()["list"], environment).stdout
    assert listed.count("\n") == 1
    *words, _ = printed_commands()["revoke"]
    assert served.run([*words, listed.split()[0]], environment).returncode == 0


# -- who does not answer as cooper does ------------------------------------------------------------
def test_no_answer_is_no_success(tmp_path: Path) -> None:
    answer = Hook(f"http://127.0.0.1:{free_port()}", "cooper_service_x", tmp_path).run()
    assert answer.exit_code not in (0, REFUSED) and not answer.printed


@contextmanager
def redirecting() -> Iterator[str]:
    """Serve what leads everybody to a sign-in of its own, as some proxies do; yield its address."""

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            self.send_response(302)
            self.send_header("Location", "/sign-in")
            self.end_headers()

    server = LoopbackServer(Handler)
    with running(server):
        yield server.url


def test_a_proxys_redirect_ends_with_0_and_says_of_nobody_that_they_are_out(tmp_path: Path) -> None:
    with redirecting() as url:
        answer = Hook(url, "cooper_service_x", tmp_path).run()
    assert answer.exit_code == 0 and '"disabled": true' not in answer.printed
    assert 'who is out is who is answered `"disabled": true`' in " ".join(PAPER.read_text().split())

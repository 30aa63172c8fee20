"""A person's computer: `~/.aws` as `aws sso login` leaves it, and programs of SDKs that use it."""

import hashlib
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from demo.seed import PASSWORD
from sso_portal.aws_config import INVENTED_REGION
from sso_portal.models import Token
from sso_portal.start_views import LABEL
from sso_portal.tokens import token_hash
from tests.support.command_line import CommandLineTool
from tests.support.served import Person

PROFILE = "cooper-dev-read"

PROGRAMS = Path(__file__).parent / "sdk_programs"

BOTO3 = (sys.executable, str(PROGRAMS / "boto3_program.py"))
"""The words that run its program (see `Program`)."""

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


# -- signing in over HTTP --------------------------------------------------------------------------
@dataclass(frozen=True)
class Answer:
    """A server's answer in JSON."""

    status_code: int
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class HttpTool(CommandLineTool):
    """A command line whose cooper is a server."""

    server: str = ""

    def post(self, operation: str, members: dict[str, object]) -> Answer:
        address = f"{self.server}/sso-oidc/{operation}"
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(address, json.dumps(members).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as response:
            return Answer(response.status, response.read().decode())

    def allowed_by(self, browser: Person, decision: str = "allow") -> str:
        location = decide(browser, self.authorize_address(), decision)
        return parse_qs(urlsplit(location).query)["code"][0]


def signed_in_person(server: str, username: str) -> Person:
    """Return somebody's browser, in which they have signed in by password."""
    person = Person(server)
    assert person.sign_in(username, PASSWORD) == 302
    return person


def decide(browser: Person, address: str, decision: str = "allow") -> str:
    """Answer the question that stands at an address of `/authorize`; return where that leads."""
    status, text, _ = browser.ask(address)
    assert status == 200, text
    status, text, location = browser.ask(address, {"decision": decision})
    assert status == 302, text
    return location


# -- what a computer keeps -------------------------------------------------------------------------
def with_sts(config: str, endpoint_url: str) -> str:
    """Return a block of `~/.aws/config` with the embedded AWS for STS."""
    sts = f"sts =\n  endpoint_url = {endpoint_url}\n"
    return re.sub(r"(sso_oidc =\n.*\n)", rf"\1{sts}", config)


@dataclass(frozen=True)
class Home:
    """A home folder with `~/.aws`."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / ".aws/config"

    @property
    def session(self) -> str:
        """The name of its session, which is that of its endpoints, too."""
        return re.search(r"\[sso-session (\S+)\]", self.config.read_text())[1]

    @property
    def token_file(self) -> Path:
        """The cache of the session's token, where botocore, Go and JavaScript look for it."""
        name = hashlib.sha1(self.session.encode()).hexdigest()  # noqa: S324 - as they do
        return self.path / f".aws/sso/cache/{name}.json"

    def token(self) -> dict[str, str]:
        return dict(json.loads(self.token_file.read_text()))

    def write_token(self, token: dict[str, str]) -> None:
        self.token_file.parent.mkdir(parents=True, exist_ok=True)
        self.token_file.write_text(json.dumps(token))

    def sign_in(self, server: str, username: str) -> None:
        """Do what `aws sso login` does with this `~/.aws/config`."""
        self.keep_token(HttpTool(server=server).sign_in(signed_in_person(server, username)))

    def keep_token(self, tool: CommandLineTool) -> None:
        now = datetime.now(UTC)
        self.write_token(
            {
                "startUrl": LABEL,
                "region": INVENTED_REGION,
                "accessToken": tool.access,
                "expiresAt": _written(now + timedelta(hours=1)),
                "clientId": tool.client_id,
                "clientSecret": tool.client_secret,
                "registrationExpiresAt": _written(now + timedelta(days=90)),
                "refreshToken": tool.refresh,
            }
        )

    def let_programs_renew(self) -> None:
        """Let the access token be over, as far as the programs here know."""
        self.write_token(self.token() | {"expiresAt": _written(LONG_AGO)})

    def let_token_end(self) -> None:
        """Let the access token be over, to the programs here and to cooper."""
        self.let_programs_renew()
        stored = Token.find(token_hash(self.token()["accessToken"]))
        stored.ends_at = int(LONG_AGO.timestamp())
        stored.save()


def signed_in_home(path: Path, server: str, sts: str, username: str = "alice") -> Home:
    """Return a home in which somebody is signed in, and all their targets are profiles."""
    tool = HttpTool(server=server).sign_in(signed_in_person(server, username))
    return home_of(tool, path, server, sts)


def home_of(tool: CommandLineTool, path: Path, server: str, sts: str) -> Home:
    """Return a home with the tokens that a tool has, and all targets of its person as profiles."""
    authorization = {"Authorization": f"Bearer {tool.access}"}
    request = urllib.request.Request(f"{server}/api/v1/aws-config", headers=authorization)
    with urllib.request.urlopen(request, timeout=30) as response:
        block = response.read().decode()

    home = Home(path)
    home.config.parent.mkdir(parents=True, exist_ok=True)
    home.config.write_text(with_sts(block, sts))
    home.keep_token(tool)
    return home


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


# -- programs --------------------------------------------------------------------------------------
class Program:
    """A program that says for each line, a profile, who that is to AWS, in a line of JSON."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def send(self, profile: str) -> None:
        self._process.stdin.write(profile + "\n")
        self._process.stdin.flush()

    def receive(self) -> dict[str, str]:
        line = self._process.stdout.readline()
        assert line, "the program ended"
        return dict(json.loads(line))

    def ask(self, profile: str) -> dict[str, str]:
        self.send(profile)
        return self.receive()


@contextmanager
def running(home: Home, *words: str) -> Iterator[Program]:
    """Run a program in a home, with nothing else of this process's environment."""
    environment = {
        "HOME": str(home.path),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with subprocess.Popen(
        words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Program(process)
        finally:
            process.stdin.close()
            process.wait(timeout=30)

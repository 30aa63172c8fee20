"""`x-amz-sso_bearer_token` over real HTTP: under the server that cooper runs, and behind proxies.

The proxies run by the configurations of docs/install.md.
"""

import http.client
import json
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import load_command_class

from cooper_project.management.base import CooperCommand
from embedded_aws import EmbeddedAws
from tests.support import proxies
from tests.support.command_line import CommandLineTool
from tests.support.served import ROOT, clean, free_port, serving, wait_for

TOKEN_HEADER = "x-amz-sso_bearer_token"
LINE = "    underscores_in_headers on;\n"
BACKEND = "    default_backend cooper\n"
DROPPING = f"    http-request del-header {TOKEN_HEADER}\n"


class Stage:
    """The server as `cooper` starts it, and everything that is put before it."""

    def __init__(self, aws: EmbeddedAws, folder: Path, exits: ExitStack) -> None:
        self._exits = exits
        self._aws = aws
        self.pem = proxies.write_certificate(folder)
        self.server = exits.enter_context(serving(self.environment()))
        self._urls: dict[str, str] = {}

    def environment(self) -> dict[str, str]:
        return self._aws.environment() | {
            "COOPER_PUBLIC_URL": "https://localhost",
            "COOPER_TRUSTED_PROXIES": "127.0.0.1",
            "COOPER_EMBEDDED": "1",
        }

    def behind(self, name: str) -> str:
        """Return the address of a proxy before the server; it is started when first asked for."""
        if name not in self._urls:
            program, config = self._configuration(name)
            started = program(config, free_port(), [urlsplit(self.server).port or 0], self.pem)
            self._urls[name] = self._exits.enter_context(started)
        return self._urls[name]

    def _configuration(self, name: str) -> tuple[Callable[..., Any], str]:
        if name.startswith("haproxy"):
            config = proxies.documented("haproxy")
            assert config.count(BACKEND) == 1
            drops = name == "haproxy that drops it"
            return proxies.haproxy, config.replace(
                BACKEND, DROPPING + BACKEND if drops else BACKEND
            )

        config = proxies.documented("nginx")
        assert config.count(LINE) == 1
        lacks_line = name == "nginx without the line"
        return proxies.nginx, config.replace(LINE, "" if lacks_line else LINE)

    @contextmanager
    def plain_gunicorn(self) -> Iterator[str]:
        """Run gunicorn without what `cooper` tells it."""
        port = free_port()
        words = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"]
        words += ["--no-control-socket", "cooper_project.wsgi:application"]
        environment = clean(self.environment())
        process = subprocess.Popen(words, cwd=ROOT, env=environment)
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(f"{url}/readyz", process)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=40)


@pytest.fixture(scope="module")
def stage(
    begin_anew: Callable[[], AbstractContextManager[EmbeddedAws]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    with begin_anew() as aws, ExitStack() as exits:
        yield Stage(aws, tmp_path_factory.mktemp("proxies"), exits)


@pytest.fixture
def trusted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setenv("SSL_CERT_FILE", str(stage.pem))
    return stage


BEHIND_HTTPS = {"Host": "localhost", "X-Forwarded-Proto": "https"}


def connection_to(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = f"{parts.hostname}:{parts.port}"
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, timeout=30, context=context)
    return http.client.HTTPConnection(host, timeout=30)


def ask(url: str, path: str, headers: dict[str, str]) -> tuple[int, Any]:
    """Ask as the AWS CLI does; return the status and the JSON."""
    if not url.startswith("https:"):
        headers = BEHIND_HTTPS | headers
    with closing(connection_to(url)) as connection:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())


def check(capfd: Any, *words: str) -> tuple[int, str, str]:
    """Run `cooper -check`; return its exit code, stdout and stderr."""
    command = load_command_class("cooper_project", "cooper_check")
    assert isinstance(command, CooperCommand)
    code = 0
    try:
        command.run_from_argv(["/opt/cooper/cooper", "cooper_check", "--only", "header", *words])
    except SystemExit as ended:
        code = int(str(ended.code))
    out, err = capfd.readouterr()
    # the one about this AWS, which is on this machine
    lines = [line for line in err.splitlines() if not line.startswith("warning: cooper.W001")]
    return code, out, "\n".join(lines)


# -- what arrives ----------------------------------------------------------------------------------
@pytest.mark.parametrize("way", ["directly", "nginx", "haproxy"])
def test_a_token_arrives(trusted: Stage, store: object, client_of: Any, way: str) -> None:
    tool = CommandLineTool().sign_in(client_of("alice"))
    url = trusted.server if way == "directly" else trusted.behind(way)
    # as the CLI and boto3 send it, and as Go's SDK does
    for name in (TOKEN_HEADER, "X-Amz-Sso_bearer_token"):
        status, content = ask(url, "/sso/assignment/accounts", {name: tool.access})
        assert status == 200 and content["accountList"]
        status, content = ask(url, "/sso/assignment/accounts", {name: "nonsense"})
        assert (status, content["__type"]) == (401, "UnauthorizedException")

    # with hyphens alone WSGI has the same name; no other spelling comes through in its place
    for name in ("x-amz-sso-bearer_token", "x_amz_sso_bearer_token"):
        status, content = ask(url, "/sso/assignment/accounts", {name: tool.access})
        assert status == 400 and TOKEN_HEADER in content["message"]


@pytest.mark.parametrize("way", ["nginx without the line", "haproxy that drops it"])
def test_a_request_whose_header_was_dropped_is_told_so(trusted: Stage, way: str) -> None:
    status, content = ask(
        trusted.behind(way), "/sso/assignment/accounts", {TOKEN_HEADER: "cooper_access_x"}
    )
    assert (status, content["__type"]) == (400, "InvalidRequestException")
    assert TOKEN_HEADER in content["message"]


@pytest.mark.parametrize("way", ["directly", "nginx", "haproxy"])
@pytest.mark.parametrize(
    "name", ["SCRIPT_NAME", "PATH_INFO", "X_Forwarded_For", "Remote_User", "X_Forwarded_Host"]
)
def test_no_other_header_with_underscores_comes_through(
    trusted: Stage, way: str, name: str
) -> None:
    url = trusted.server if way == "directly" else trusted.behind(way)
    path = "/sso/assignment/accounts"
    plain = ask(url, path, {TOKEN_HEADER: "x"})
    assert ask(url, path, {TOKEN_HEADER: "x", name: "/healthz"}) == plain
    assert plain[0] == 401


def test_a_proxys_word_counts_in_its_own_spelling_alone(stage: Stage) -> None:
    headers = {"X-Forwarded-Proto": "http", "X_Forwarded_Proto": "https", TOKEN_HEADER: "x"}
    status, content = ask(stage.server, "/sso/assignment/accounts", headers)
    assert status == 400 and "plain http" in content["message"]


# -- who drops it ----------------------------------------------------------------------------------
@pytest.mark.parametrize("way", ["nginx", "haproxy"])
def test_the_check_passes_with_the_documented_configuration(
    trusted: Stage, capfd: Any, way: str
) -> None:
    url = trusted.behind(way)
    code, out, err = check(capfd, "--url", url, "--server", trusted.server)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "ok       header: The token header of command lines: arrives",
        "Done: 1 of 1 checks passed, nothing to mend.",
    ]


def test_the_check_names_nginx_and_its_line(trusted: Stage, capfd: Any) -> None:
    url = trusted.behind("nginx without the line")
    code, out, err = check(capfd, "--url", url, "--server", trusted.server)
    assert code == 1 and "Next: mend that" in out
    assert "The proxy (Server: nginx/" in err and f"between {url} and the server drops it" in err
    assert "underscores_in_headers on;" in err and "drop_invalid_header_fields" not in err


def test_the_check_names_it_from_outside_as_well_as_it_can(trusted: Stage, capfd: Any) -> None:
    code, _, err = check(capfd, "--url", trusted.behind("nginx without the line"))
    assert code == 1 and "The proxy, or the server behind it, drops it (Server: nginx/" in err
    assert "underscores_in_headers on;" in err and "with -server http://127.0.0.1:8000" in err


def test_the_check_knows_a_proxy_that_passes_on_the_servers_name(
    trusted: Stage, capfd: Any
) -> None:
    url = trusted.behind("haproxy that drops it")
    code, _, err = check(capfd, "--url", url, "--server", trusted.server)
    assert code == 1 and "A proxy that does not name itself" in err and "gunicorn" not in err
    for advice in ("del-header", "underscores_in_headers on;", "drop_invalid_header_fields"):
        assert advice in err

    code, _, err = check(capfd, "--url", url)
    assert code == 1 and "The server itself, or a proxy that passes on its name" in err


def test_the_check_names_a_server_that_drops_it_itself(trusted: Stage, capfd: Any) -> None:
    with trusted.plain_gunicorn() as server:
        code, _, err = check(
            capfd, "--url", trusted.behind("nginx without the line"), "--server", server
        )
    assert code == 1 and f"The server at {server} itself (Server: gunicorn) drops it" in err
    assert "Serve by `cooper` itself" in err


# -- what the way does to it -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://localhost:{nginx}", '400 Bad Request, text/html, titled "400 The plain HTTP'),
        ("https://127.0.0.1:{nginx}", "IP address mismatch"),
        ("https://localhost:{server}", "No https is spoken at"),
        ("http://evil.localhost:{server}", "evil.localhost"),
        ("http://127.0.0.1:{server}", "COOPER_ALLOWED_HOSTS"),
        ("http://localhost:{server}", "COOPER_TRUSTED_PROXIES"),
    ],
)
def test_the_check_tells_what_is_wrong_with_the_way(
    trusted: Stage, capfd: Any, url: str, sentence: str
) -> None:
    ports = {
        "nginx": urlsplit(trusted.behind("nginx")).port,
        "server": urlsplit(trusted.server).port,
    }
    code, _, err = check(capfd, "--url", url.format(**ports))
    assert code == 1 and sentence in err, err


def test_the_check_says_how_to_trust_a_ca_of_ones_own(stage: Stage, capfd: Any) -> None:
    code, _, err = check(capfd, "--url", stage.behind("nginx"), "--server", stage.server)
    assert code == 1 and "certificate of https://localhost:" in err and "SSL_CERT_FILE=" in err
    assert "Asked directly, the server gets the header." in err


# -- bodies over real HTTP -------------------------------------------------------------------------
def post(url: str, body: Any, **headers: str) -> tuple[int, Any]:
    headers = BEHIND_HTTPS | headers
    with closing(connection_to(url)) as connection:
        connection.request("POST", "/sso-oidc/client/register", body, headers=headers)
        response = connection.getresponse()
        content = json.loads(response.read())
        # the connection is good for another request, and nothing of this one's body is read as one
        connection.request("GET", "/healthz", headers=BEHIND_HTTPS)
        assert connection.getresponse().read().endswith(b"ok")
    return response.status, content


GOOD = json.dumps({"clientName": "x", "clientType": "public"}).encode()


def test_a_body_in_chunks_is_told_and_eats_no_later_request(stage: Stage) -> None:
    status, content = post(stage.server, iter([GOOD[:10], GOOD[10:]]))
    assert (status, content["__type"]) == (400, "InvalidRequestException")
    assert "Content-Length" in content["error_description"]
    assert post(stage.server, GOOD)[0] == 200


def test_a_megabyte_is_refused_before_it_is_read(stage: Stage) -> None:
    status, content = post(stage.server, b" " * 1_000_000 + GOOD)
    assert (status, content["__type"]) == (400, "InvalidRequestException")
    assert "large" in content["error_description"]

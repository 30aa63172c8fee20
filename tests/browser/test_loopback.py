"""The way back from the consent page to a tool that listens on this machine, by each address.

A browser holds the form's Content-Security-Policy against the redirect that answers it.
"""

import json
import socket
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.browser import demo, page, see, sign_in
from tests.support.loopback_server import LoopbackServer, QuietHandler, running

__all__ = ["demo", "page"]  # fixtures
pytestmark = pytest.mark.browser


class Listener(LoopbackServer):
    """What a tool listens with."""

    def __init__(self, host: str) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.came: list[dict[str, list[str]]] = []
        super().__init__(Callback, host)


class Callback(QuietHandler):
    server: Listener

    def do_GET(self) -> None:
        parts = urllib.parse.urlsplit(self.path)
        if parts.path == "/oauth/callback":
            self.server.came.append(urllib.parse.parse_qs(parts.query))
        body = b"<title>Back</title><h1>Back at the tool</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def listening(host: str) -> Iterator[Listener]:
    try:
        server = Listener(host)
    except OSError as error:
        pytest.skip(f"this machine has no {host}: {error}")
    with running(server):
        yield server


def registered(url: str, redirect: str) -> str:
    """Return the client id of a tool that registered this redirect address."""
    members = {"clientName": "tool", "clientType": "public", "redirectUris": [redirect]}
    members |= {"grantTypes": ["authorization_code"]}
    request = urllib.request.Request(
        f"{url}/sso-oidc/client/register",
        json.dumps(members).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return str(json.load(response)["clientId"])


def address_for(client_id: str, redirect: str) -> str:
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect,
        "state": "s",
        "code_challenge_method": "S256",
        "code_challenge": "a" * 43,
    }
    return f"/authorize?{urllib.parse.urlencode(query)}"


@pytest.mark.parametrize(
    ("shown", "host"), [("localhost", "127.0.0.1"), ("[::1]", "::1"), ("127.0.0.1", "127.0.0.1")]
)
def test_each_loopback_address_gets_the_answer(page, demo, shown, host):
    sign_in(page, "alice")
    client_id = registered(demo["url"], f"http://{shown}/oauth/callback")
    with listening(host) as tool:
        redirect = f"http://{shown}:{tool.server_address[1]}/oauth/callback"
        for button in ("Deny", "Allow"):
            page.goto(address_for(client_id, redirect))
            page.get_by_role("button", name=button).click()
            see(page.get_by_role("heading", name="Back at the tool"))

        denied, allowed = tool.came
        assert denied["error"] == ["access_denied"] and denied["state"] == ["s"]
        assert allowed["code"][0].startswith("cooper_code_") and allowed["state"] == ["s"]
    assert [problem for problem in page.problems if "favicon" not in problem] == []

"""Raw bytes over HTTP to the server that runs in production: never a 5xx, no token in its log."""

import random
import re
import socket
from urllib.parse import urlsplit

import pytest

from tests.support.command_line import CommandLineTool
from tests.support.served import Server, starting

FEW, MANY = 80, 2_000

TOOLS = re.compile(rb"[A-Z]+ /(sso|sso-oidc|api/v1)/")
"""Other addresses are for people: they may lead to the page for signing in."""

STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


@pytest.fixture
def tool(client_of):
    return CommandLineTool().sign_in(client_of("alice"))


@pytest.fixture
def server(aws, tool, tmp_path):
    environment = aws.environment() | {"COOPER_EMBEDDED": "1", "COOPER_LOG_LEVEL": "DEBUG"}
    with starting(environment, tmp_path) as started:
        yield started


def valid_requests(tool: CommandLineTool, host: str) -> list[bytes]:
    """Return requests as tools send them."""
    credentials = "/sso/federation/credentials?account_id=222222222222&role_name=dev-read"
    body = (
        f'{{"grantType": "refresh_token", "refreshToken": "{tool.refresh}", '
        f'"clientId": "{tool.client_id}", "clientSecret": "{tool.client_secret}"}}'
    )
    return [
        (
            f"GET {credentials} HTTP/1.1\r\nHost: {host}\r\n"
            f"x-amz-sso_bearer_token: {tool.access}\r\nConnection: close\r\n\r\n"
        ).encode(),
        (
            f"POST /sso-oidc/token HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
        ).encode(),
        (
            f"GET /api/v1/targets HTTP/1.1\r\nHost: {host}\r\n"
            f"Authorization: Bearer {tool.access}\r\nConnection: close\r\n\r\n"
        ).encode(),
    ]


SPLICES = (
    b"\x00", b"\r\n", b"\r", b"\n\n", b"\xff\xfe", b" ", b"\t", b"%00", b"%2f", b"../", b"?", b"#",
    b"Transfer-Encoding: chunked\r\n", b"Content-Length: 0\r\n", b"Content-Length: -1\r\n",
    b"Content-Length: 99999999999999999999\r\n", b"Host: evil.example\r\n", b"X" * 9_000,
    b"x-amz-sso_bearer_token: \r\n", b"Cookie: cooper=\xff\r\n", b"Expect: 100-continue\r\n", b'{"',
)  # fmt: skip


def wounded(request: bytes, chance: random.Random) -> bytes:
    """Return a request with one to three changes of its bytes."""
    for _ in range(chance.randint(1, 3)):
        index = chance.randrange(len(request))
        end = index + chance.randint(1, 12)
        request = chance.choice(
            [
                request[:index] + chance.choice(SPLICES) + request[index:],
                request[:index] + request[end:],
                request[:index] + bytes(chance.randbytes(3)) + request[index + 3 :],
                request[:index] + request[index:end].swapcase() + request[end:],
                after_line(request, chance.choice(SPLICES)),
                request[: max(index, 20)],
            ]
        )
    return request


def after_line(request: bytes, splice: bytes) -> bytes:
    """Return a request with a header more."""
    first, _, rest = request.partition(b"\r\n")
    return first + b"\r\n" + splice + rest


def answer_to(server: Server, request: bytes) -> bytes:
    """Return all that comes back; the sender stops sending at the end of the request."""
    address = urlsplit(server.url)
    received = b""
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        try:
            while piece := connection.recv(65_536):
                received += piece
        except ConnectionResetError:
            # it was refused before all of it was read
            pass
    return received


def send_wounded(server: Server, tool: CommandLineTool, how_many: int, seed: int) -> list[int]:
    """Send wounded requests; return the statuses of those that were answered."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    valid = valid_requests(tool, urlsplit(server.url).netloc)
    statuses = []
    for request in valid:
        assert STATUS.match(answer_to(server, request))[1] == b"200"
    for _ in range(how_many):
        request = wounded(chance.choice(valid), chance)
        answer = answer_to(server, request)
        for status in STATUS.findall(answer):
            # the server itself: no such transfer coding, no such version of HTTP
            assert int(status) < 500 or status in (b"501", b"505"), (request, answer)
            statuses.append(int(status))
        head = answer.partition(b"\r\n\r\n")[0].lower()
        if TOOLS.match(request):
            assert b"set-cookie" not in head and b"location:" not in head, request

    log = server.log.read_text(errors="replace")
    secrets = (tool.access, tool.refresh, tool.client_secret)
    assert log and not [secret for secret in secrets if secret in log]
    return statuses


def test_wounded_requests_are_answered_by_no_5xx(server, tool):
    statuses = send_wounded(server, tool, FEW, seed=1)
    assert {200, 400} <= set(statuses)


@pytest.mark.soak
def test_two_thousand_wounded_requests_are_answered_by_no_5xx(server, tool):
    seed = random.randrange(10**9)  # noqa: S311 - no secret
    statuses = send_wounded(server, tool, MANY, seed)
    assert {200, 400, 401} <= set(statuses)

"""cooper-profiles.py as it asks: the real server, and servers that mean ill."""

import hashlib
import json
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from botocore.configloader import load_config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client

from brokers import catalogue
from brokers.models import Association
from sso_portal import profile_script
from sso_portal.aws_config import Portal, Profile, config_block
from sso_portal.start_views import LABEL
from tests.support.command_line import CommandLineTool
from tests.support.loopback_server import LoopbackServer, QuietHandler, running
from tests.support.paths import ROOT
from tests.support.served import serving

TOKEN = "cooper_access_a-secret"
READ = Profile("dev-read", "222222222222", "dev-read", "eu-west-1")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("AWS_CONFIG_FILE", raising=False)
    return tmp_path


def sha1_of(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def keep_token(home: Path, url: str, token: object = TOKEN) -> None:
    """Keep a token as the AWS CLI does."""
    session = profile_script.cooper_at(url).session
    kept = home / ".aws/sso/cache" / f"{sha1_of(session)}.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps({"startUrl": f"{url}/start", "accessToken": token}))


# -- cooper's own server ---------------------------------------------------------------------------
def test_it_writes_what_one_has_and_removes_what_one_had(store, client_of, home):
    environment = store.environment() | {"COOPER_EMBEDDED": "1"}
    tool = CommandLineTool().sign_in(client_of("alice"))
    with serving(environment) as url:
        script = home / "cooper-profiles.py"
        download(f"{url}/command-line/cooper-profiles.py", script)
        assert run(script, url).returncode == 3

        keep_token(home, url, tool.access)
        first = run(script, url)
        assert first.returncode == 0, first.stderr
        assert "+ profile cooper-dev-read" in first.stdout
        assert "cooper-dev-read" in profiles(home)
        assert "cooper-prod-admin" not in profiles(home)

        association = Association.find("dev-read", "local:developers")
        catalogue.edit(lambda writes: writes.delete(association), "dev-read")
        second = run(script, url)
        assert "- profile cooper-dev-read" in second.stdout, second.stderr
        assert "cooper-dev-read" not in profiles(home)

        Client().post("/sso/logout", HTTP_X_AMZ_SSO_BEARER_TOKEN=tool.access)
        third = run(script, url)
        assert third.returncode == 3 and "Your session is over." in third.stderr


def download(address: str, to: Path) -> None:
    subprocess.run(["curl", "-sSf", "-o", str(to), address], check=True, timeout=60)


def run(script: Path, url: str, **environment: str):
    """Run the script with nothing of this process's environment but its home."""
    return subprocess.run(
        [sys.executable, "-I", str(script), url],
        env={"HOME": str(script.parent), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def profiles(home: Path) -> dict[str, object]:
    return load_config(str(home / ".aws/config"))["profiles"]


def test_it_is_served_to_everybody_alike_and_sets_no_cookie(client_of):
    answers = [client_of(who).get("/command-line/cooper-profiles.py") for who in ("alice", None)]
    for answer in answers:
        assert answer.content == (ROOT / "sso_portal/profile_script.py").read_bytes()
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert not answer.cookies


# -- servers that mean ill -------------------------------------------------------------------------
Answer = Callable[[BaseHTTPRequestHandler], None]


class Evil:
    """A server on this machine that answers as a test says, and keeps what was asked."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[tuple[str, str]] = []

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                asked.append((self.path, self.headers.get("Authorization", "")))
                answer(self)

        asked = self.asked
        self.server = LoopbackServer(Handler)
        self.url = self.server.url


@contextmanager
def evil(answer: Answer) -> Iterator[Evil]:
    made = Evil(answer)
    with running(made.server):
        yield made


def answering(status: int, body: bytes = b"", **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def block_at(url: str) -> bytes:
    return config_block(Portal(url, LABEL), [READ]).encode()


def answer_block(handler: BaseHTTPRequestHandler) -> None:
    """Answer the block of the cooper that is asked."""
    scheme = "https" if isinstance(handler.connection, ssl.SSLSocket) else "http"
    answering(200, block_at(f"{scheme}://{handler.headers['Host']}"))(handler)


def test_it_asks_one_address_with_the_token(home):
    with evil(answer_block) as server:
        keep_token(home, server.url)
        assert profile_script.main([server.url]) == 0
    assert server.asked == [("/api/v1/aws-config", f"Bearer {TOKEN}")]
    assert "cooper-dev-read" in profiles(home)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_it_follows_no_redirect(home, status, capsys):
    with evil(answering(200)) as other, evil(answering(status, Location=other.url)) as server:
        keep_token(home, server.url)
        assert profile_script.main([server.url]) == 1
    assert other.asked == []
    assert f"answered {status}." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (answering(500, b"\x1b]0;evil\x07"), "answered 500."),
        (answering(429), "answered 429."),
        (answering(200, b"<html>"), "The block is not whole"),
        (answering(200, b"x" * 5_000_000), "The block is too large."),
        (lambda handler: handler.wfile.write(b"\x1b[2Jnonsense\r\n\r\n"), "cannot be reached"),
        (lambda handler: handler.connection.close(), "cannot be reached"),
        (answering(200, block_at("https://other.example")), "Line 1 of the block"),
    ],
    ids=range(7),
)
def test_other_answers_change_nothing(home, answer, told, capsys):
    with evil(answer) as server:
        keep_token(home, server.url)
        assert profile_script.main([server.url]) == 1
    said = capsys.readouterr().err
    assert told in said and said.rstrip("\n").isprintable() and TOKEN not in said
    assert not (home / ".aws/config").exists()


def test_a_token_that_is_not_taken_means_signing_in(home, capsys):
    with evil(answering(401)) as server:
        keep_token(home, server.url)
        assert profile_script.main([server.url]) == 3
    assert "aws sso login --profile" in capsys.readouterr().err


@pytest.mark.parametrize("token", [None, 7, [], "", "a b", "a\r\nX-Other: b", "ä", "x" * 5_000])
def test_what_is_no_token_is_not_sent(home, token):
    with evil(answering(401)) as server:
        keep_token(home, server.url, token)
        assert profile_script.main([server.url]) == 3
    assert server.asked == []


@pytest.mark.parametrize("kept", [b"", b"{", b"[]", b'"x"', b"\xff", b"{}"])
def test_a_cache_that_cannot_be_read_means_signing_in(home, kept):
    keep_token(home, "https://cooper.example.com")
    (path,) = (home / ".aws/sso/cache").iterdir()
    path.write_bytes(kept)
    assert profile_script.main(["https://cooper.example.com"]) == 3


def test_the_token_of_another_cooper_is_not_sent(home):
    with evil(answering(401)) as server:
        keep_token(home, "https://cooper.example.com")
        assert profile_script.main([server.url]) == 3
    assert server.asked == []


def test_no_proxy_gets_a_token_in_the_clear(home, monkeypatch):
    with evil(answering(200)) as proxy, evil(answering(401)) as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        keep_token(home, server.url)
        assert profile_script.main([server.url]) == 3
    assert (len(proxy.asked), len(server.asked)) == (0, 1)


# -- certificates ----------------------------------------------------------------------------------
def certificate(folder: Path) -> Path:
    """Return a file with a certificate for localhost that nobody signed, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
    signed = builder.sign(key, hashes.SHA256())
    path = folder / "certificate.pem"
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def test_certificates_are_checked(home):
    pem = certificate(home)
    script = home / "cooper-profiles.py"
    script.write_bytes((ROOT / "sso_portal/profile_script.py").read_bytes())
    with evil(answer_block) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.server.socket = context.wrap_socket(server.server.socket, server_side=True)
        url = f"https://localhost:{server.server.server_port}"
        keep_token(home, url)

        refused = run(script, url, PYTHONHTTPSVERIFY="0")
        assert refused.returncode == 1 and "CERTIFICATE_VERIFY_FAILED" in refused.stderr
        assert server.asked == []
        # a CA of one's own is trusted as everywhere
        taken = run(script, url, SSL_CERT_FILE=str(pem))
        assert taken.returncode == 0, taken.stderr
        elsewhere = run(script, url.replace("localhost", "127.0.0.1"), SSL_CERT_FILE=str(pem))
        assert elsewhere.returncode == 3

"""A receiver of batches on loopback, over http or TLS, strict in what it takes."""

import datetime as dt
import ipaddress
import json
import ssl
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.loopback_server import LoopbackServer, QuietHandler, running

Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Stub:
    """What came, and what is answered: `answers` in turn, then 200."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    respond: Callable[[Received], Answer] | None = None

    def answer(self, request: Received) -> Answer:
        self.received.append(request)
        if self.answers:
            return self.answers.pop(0)
        if self.respond:
            return self.respond(request)
        return 200, {}, b""


@contextmanager
def receiving(certificate: Path | None = None) -> Iterator[Stub]:
    """Run a receiver on loopback; with a certificate (with its key, PEM) it speaks TLS."""
    stub = Stub()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            request = Received(self.path, dict(self.headers.items()), self.rfile.read(length))
            status, headers, body = stub.answer(request)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = LoopbackServer(Handler)
    scheme = "http"
    if certificate:
        scheme = "https"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    stub.url = f"{scheme}://localhost:{server.server_port}/events"

    with running(server):
        yield stub


def certificate_for(name: str, folder: Path) -> Path:
    """Return a file with a self-signed certificate for a host, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([_general_name(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = folder / f"{name}.pem"
    file.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    return file


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class HttpEventCollector:
    """Splunk's collector: strict about the envelope, the token, the channel and the sizes.

    docs.splunk.com, "Format events for HTTP Event Collector" and "HTTP Event Collector REST API
    endpoints" (its codes). `busy`: so many requests are answered 503, code 9. Each is indexed when
    it was asked for `polls` times.
    """

    KEYS = frozenset({"time", "host", "source", "sourcetype", "index", "event", "fields"})

    def __init__(self, token: str, *, polls: int = 2, busy: int = 0) -> None:
        self.events: list[dict[str, Any]] = []
        self.polls = polls
        self.busy = busy
        self._token = token
        self._acks: dict[int, int] = {}

    def respond(self, request: Received) -> Answer:
        refusal = self._refusal(request)
        if refusal:
            return refusal
        path, _, query = request.path.partition("?")
        channel = request.headers["X-Splunk-Request-Channel"]
        if path == "/services/collector/ack":
            assert query == f"channel={channel}"
            return self._answer_acks(json.loads(request.body)["acks"])
        if path == "/services/collector/event":
            return self._take(request.body)
        return _answer(404, 404, "The requested URL was not found on this server.")

    def _refusal(self, request: Received) -> Answer | None:
        if self.busy:
            self.busy -= 1
            return _answer(503, 9, "Server is busy")
        authorization = request.headers.get("Authorization", "")
        if not authorization.startswith("Splunk "):
            return _answer(401, 3, "Invalid authorization")
        if authorization != f"Splunk {self._token}":
            return _answer(403, 4, "Invalid token")
        channel = request.headers.get("X-Splunk-Request-Channel")
        if not channel:
            return _answer(400, 10, "Data channel is missing")
        try:
            uuid.UUID(channel)
        except ValueError:
            return _answer(400, 11, "Invalid data channel")
        return None

    def _take(self, body: bytes) -> Answer:
        if len(body) > 1_048_576:
            return _answer(413, 27, "Request entity too large")
        text = body.decode()
        decoder = json.JSONDecoder()
        events: list[dict[str, Any]] = []
        while text.strip():
            text = text.lstrip()
            try:
                envelope, end = decoder.raw_decode(text)
            except ValueError:
                return _answer(400, 6, "Invalid data format")
            text = text[end:]
            if not envelope.get("event"):
                return _answer(400, 12, "Event field is required")
            flat = all(isinstance(value, str) for value in envelope.get("fields", {}).values())
            if set(envelope) - self.KEYS or not flat or not float(envelope.get("time", 1)) > 0:
                return _answer(400, 6, "Invalid data format")
            events.append(envelope)
        if not events:
            return _answer(400, 5, "No data")

        self.events += events
        ack_id = len(self._acks)
        self._acks[ack_id] = 0
        return _answer(200, 0, "Success", ackId=ack_id)

    def _answer_acks(self, ack_ids: list[int]) -> Answer:
        acks = {}
        for ack_id in ack_ids:
            self._acks[ack_id] += 1
            acks[str(ack_id)] = self._acks[ack_id] >= self.polls
        return 200, {}, json.dumps({"acks": acks}).encode()


def _answer(status: int, code: int, text: str, **fields: Any) -> Answer:
    return status, {}, json.dumps({"text": text, "code": code, **fields}).encode()

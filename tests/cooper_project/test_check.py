"""`cooper -check`: what it says of whatever may answer, or not answer."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import load_command_class

from cooper_project.checkup import Check, Finding
from cooper_project.checkup.report import Level, ok, problem, unknown, warning
from cooper_project.management.base import CooperCommand
from cooper_project.outside import Addresses, http_probe
from core.errors import CooperError, Unavailable
from tests.support.loopback_server import LoopbackServer, QuietHandler, running
from tests.support.served import free_port

NO_HEADER = {"__type": "InvalidRequestException", "message": "No x-amz-sso_bearer_token header"}
UNKNOWN_TOKEN = {"__type": "UnauthorizedException", "message": "This session is over."}


class Answers:
    """A server that gives one answer, and keeps what it was asked."""

    def __init__(self, status: int, body: bytes, **headers: str) -> None:
        self.status = status
        self.body = body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.requests: list[tuple[str, dict[str, str]]] = []


def as_cooper(status: int, members: dict[str, str], **headers: str) -> Answers:
    body = json.dumps(members).encode()
    headers = {"Content_Type": "application/json", **headers}
    return Answers(status, body, **headers, x_amzn_ErrorType=members["__type"])


def arrived(**headers: str) -> Answers:
    return as_cooper(401, UNKNOWN_TOKEN, **headers)


def dropped(**headers: str) -> Answers:
    return as_cooper(400, NO_HEADER, **headers)


@contextmanager
def answering(answers: Answers) -> Iterator[str]:
    """Give these answers at an address of this machine; yield it."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            answers.requests.append((self.path, dict(self.headers.items())))
            self.send_response_only(answers.status)
            for name, value in answers.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answers.body)))
            self.end_headers()
            self.wfile.write(answers.body)

    server = LoopbackServer(Handler)
    with running(server):
        yield server.url


class Outcome:
    """What a run of the command has come to."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        # the one about this AWS, which is on this machine
        lines = [line for line in err.splitlines() if not line.startswith("warning: cooper.W001")]
        self.err = "\n".join(lines)


@pytest.fixture
def check_all(store: object, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Return what runs `cooper -check`."""

    def run(*words: str) -> Outcome:
        command = load_command_class("cooper_project", "cooper_check")
        assert isinstance(command, CooperCommand)
        code: Any = 0
        try:
            command.run_from_argv(["/opt/cooper/cooper", "cooper_check", *words])
        except SystemExit as ended:
            code = ended.code
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return run


@pytest.fixture
def check(check_all: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Return what runs `cooper -check -only header`."""

    def run(*words: str) -> Outcome:
        return check_all("--only", "header", *words)

    return run


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what puts other checks on the list."""

    def put(*checks: Check) -> None:
        for module in ("checkup", "management.commands.cooper_check"):
            monkeypatch.setattr(f"cooper_project.{module}.CHECKS", checks)

    return put


def finds(*findings: Finding) -> Callable[[Addresses], Iterator[Finding]]:
    """Return a check's function that finds this."""
    return lambda _: iter(findings)


# -- usage -----------------------------------------------------------------------------------------
def test_without_an_address_nothing_is_asked(check: Callable[..., Outcome], settings: Any) -> None:
    settings.COOPER_PUBLIC_URL = ""
    outcome = check()
    assert outcome.code == 0 and "note     header: not asked: COOPER_PUBLIC_URL" in outcome.out


@pytest.mark.parametrize("option", ["--only", "--without"])
def test_a_check_that_there_is_not_is_wrong_usage(
    check_all: Callable[..., Outcome], option: str
) -> None:
    outcome = check_all(option, "settings,nonsense")
    assert outcome.code == 2 and "no check 'nonsense'. There are: address, " in outcome.err


def test_no_check_at_all_is_wrong_usage(check_all: Callable[..., Outcome]) -> None:
    outcome = check_all("--only", "clock", "--without", "clock,header")
    assert outcome.code == 2 and "leaves no check to run" in outcome.err


@pytest.mark.parametrize(
    "address",
    [
        *("cooper.example.com", "ftp://x", "https://x/y", "https://x?y", "https://", "x y"),
        *("https://x:99999", "http://[::1", "https://:443", "http://u@x", "http://x\n"),
    ],
)
@pytest.mark.parametrize("option", ["--url", "--server"])
def test_an_address_is_scheme_host_and_port(
    check: Callable[..., Outcome], option: str, address: str
) -> None:
    outcome = check("--url", "https://cooper.example.com", option, address)
    assert outcome.code == 2 and "is not scheme, host and port" in outcome.err


def test_it_asks_the_public_address_of_the_settings(
    check: Callable[..., Outcome], settings: Any
) -> None:
    answers = arrived()
    with answering(answers) as url:
        settings.COOPER_PUBLIC_URL = url
        outcome = check()
    assert (outcome.code, outcome.err) == (0, "")
    assert "ok       header: The token header of command lines: arrives\n" in outcome.out

    [(path, headers)] = answers.requests
    assert path == "/sso/assignment/accounts?max_result=1"
    assert headers["x-amz-sso_bearer_token"] == "cooper-check"


def test_it_asks_the_server_as_its_proxy_does(check: Callable[..., Outcome]) -> None:
    answers = arrived()
    with answering(answers) as server:
        outcome = check("--url", "https://cooper.example.invalid", "--server", f"{server}/")
    assert outcome.code == 1
    [(_, headers)] = answers.requests
    assert headers["Host"] == "cooper.example.invalid"
    assert headers["X-Forwarded-Proto"] == "https"


# -- the list --------------------------------------------------------------------------------------
def test_each_finding_is_a_line_with_what_to_do(
    check_all: Callable[..., Outcome], listed: Callable[..., None]
) -> None:
    several_ways = Finding(Level.PROBLEM, "it is off", ("turn it on", "or take another"))
    listed(
        Check("one", finds(ok("is fine"), warning("is old"))),
        Check("another", finds(several_ways)),
        Check("last", finds(ok("is fine too"))),
    )
    outcome = check_all("--url", "https://x")
    assert outcome.code == 1
    assert "ok       one: is fine\n" in outcome.out and "ok       last: is fine too" in outcome.out
    assert "warning  one: is old\n" in outcome.err
    assert "problem  another: it is off\n  turn it on\n  or take another\n" in outcome.err
    assert outcome.err.endswith("cooper -check: 1 of 3 checks failed.")


def test_warnings_are_counted_at_the_end(
    check_all: Callable[..., Outcome], listed: Callable[..., None]
) -> None:
    listed(Check("one", finds(ok("is fine"), warning("is old"))))
    outcome = check_all("--url", "https://x")
    assert outcome.code == 0
    assert outcome.out.endswith("Done: 1 of 1 checks passed; warnings to look at: 1.\n")


def raises(error: Exception) -> Callable[[Addresses], Iterator[Finding]]:
    """Return a check's function that finds something and then fails."""

    def run(_: Addresses) -> Iterator[Finding]:
        yield ok("so far")
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (CooperError("Mend it.", "E1"), 1, "problem  one: Mend it. [E1]"),
        (Unavailable("Nobody answers."), 3, "unknown  one: Nobody answers."),
        (RuntimeError("odd"), 1, "problem  one: the check itself failed: RuntimeError('odd')"),
    ],
)
def test_a_check_that_fails_keeps_what_it_found_and_ends_no_other(
    check_all: Callable[..., Outcome],
    listed: Callable[..., None],
    error: Exception,
    code: int,
    line: str,
) -> None:
    listed(Check("one", raises(error)), Check("last", finds(ok("is fine"))))
    outcome = check_all()
    assert outcome.code == code and line in outcome.err
    assert "one: so far" in outcome.out and "last: is fine" in outcome.out


def test_a_check_that_hangs_is_given_up(
    check_all: Callable[..., Outcome], listed: Callable[..., None], monkeypatch: Any
) -> None:
    monkeypatch.setattr("cooper_project.checkup.report.GRACE", 0.0)
    end = threading.Event()

    def hang(_: Addresses) -> Iterator[Finding]:
        yield ok("so far")
        end.wait()

    listed(Check("one", hang, patience=0.1), Check("last", finds(ok("is fine"))))
    outcome = check_all()
    end.set()
    assert outcome.code == 3 and "unknown  one: no answer within" in outcome.err
    assert "one: so far" in outcome.out and "last: is fine" in outcome.out


@pytest.mark.parametrize("finding", [problem("it lacks"), unknown("no answer")])
def test_what_needs_a_failed_check_is_not_tried(
    check_all: Callable[..., Outcome], listed: Callable[..., None], finding: Finding
) -> None:
    listed(
        Check("first", finds(finding)),
        Check("second", finds(ok("tried")), needs=("first",)),
        Check("third", finds(ok("tried")), needs=("second",)),
        Check("other", finds(ok("fine"))),
    )
    outcome = check_all()
    assert "tried" not in outcome.out and "other: fine" in outcome.out
    assert "Not tried before that is mended: second, third" in outcome.err
    # chosen alone it is tried
    assert check_all("--only", "second").code == 0


def test_programs_read_json(check_all: Callable[..., Outcome], listed: Callable[..., None]) -> None:
    listed(
        Check("one", finds(problem("it is off"))),
        Check("two", finds(ok("fine")), needs=("one",)),
        Check("three", finds(ok("fine"))),
    )
    outcome = check_all("--json")
    assert (outcome.code, outcome.err) == (1, "")
    assert json.loads(outcome.out) == {
        "code": 1,
        "findings": [
            {"check": "one", "level": "problem", "text": "it is off", "advice": []},
            {"check": "three", "level": "ok", "text": "fine", "advice": []},
        ],
        "not_tried": ["two"],
    }


# -- who drops it ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("server", "words", "advice"),
    [
        ("nginx/1.26.3", "The proxy (Server: nginx/1.26.3) between", "underscores_in_headers on;"),
        ("openresty/1.25", "The proxy (Server: openresty/1.25)", "underscores_in_headers on;"),
        ("awselb/2.0", "The proxy (Server: awselb/2.0)", "drop_invalid_header_fields.enabled"),
        ("istio-envoy", "The proxy (Server: istio-envoy)", "headers_with_underscores_action"),
        ("gunicorn", "A proxy that does not name itself between", "underscores_in_headers on;"),
        ("", "A proxy that does not name itself between", "drop_invalid_header_fields.enabled"),
    ],
)
def test_a_proxy_is_named_with_its_line(
    check: Callable[..., Outcome], server: str, words: str, advice: str
) -> None:
    headers = {"Server": server} if server else {}
    with answering(dropped(**headers)) as url, answering(arrived()) as direct:
        outcome = check("--url", url, "--server", direct)
    assert outcome.code == 1 and words in outcome.err and advice in outcome.err


@pytest.mark.parametrize(
    ("server", "advice"),
    [
        ("gunicorn", "--forwarder-headers X-AMZ-SSO_BEARER_TOKEN"),
        ("WSGIServer/0.2 CPython/3.13", "drops such names always"),
        ("waitress", "drops such names always"),
        ("nginx/1.26.3", "underscores_in_headers on;"),
        ("", "Serve by `cooper` itself"),
    ],
)
def test_a_server_is_named_with_its_line(
    check: Callable[..., Outcome], server: str, advice: str
) -> None:
    headers = {"Server": server} if server else {}
    with answering(dropped()) as url, answering(dropped(**headers)) as direct:
        outcome = check("--url", url, "--server", direct)
    assert outcome.code == 1 and f"The server at {direct} itself" in outcome.err
    assert advice in outcome.err


def test_a_server_that_cannot_be_asked_leaves_both_open(check: Callable[..., Outcome]) -> None:
    closed = f"http://127.0.0.1:{free_port()}"
    with answering(dropped(Server="nginx")) as url:
        outcome = check("--url", url, "--server", closed)
    assert outcome.code == 1 and f"Nobody listens at {closed}." in outcome.err
    assert "The proxy, or the server behind it, drops it (Server: nginx)" in outcome.err


def test_a_name_that_a_stranger_wrote_does_nothing_to_the_terminal(
    check: Callable[..., Outcome],
) -> None:
    with answering(dropped(Server="nginx\x1b[2J")) as url:
        outcome = check("--url", url)
    assert outcome.code == 1 and "\x1b" not in outcome.err


# -- what else may answer --------------------------------------------------------------------------
PAGE = b"<html><head><title> Company sign-in </title></head></html>"


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (
            Answers(200, PAGE, Content_Type="text/html"),
            '200 OK, text/html, titled "Company sign-in"',
        ),
        (Answers(403, b"", Server="cloudflare"), "403 Forbidden, Server: cloudflare."),
        (Answers(401, b"", Content_Type="text/html"), "Something else than cooper answers"),
        (Answers(404, b"{}", Content_Type="application/json"), "404 Not Found, application/json"),
        (Answers(302, b"", Location="https://sso.example/"), "leads on to https://sso.example/"),
        (Answers(502, b"[" * 60_000), "502 Bad Gateway"),
        (Answers(299, b"\xff\xfe"), "Something else than cooper answers"),
        (
            as_cooper(503, {"__type": "ServiceUnavailableException", "message": "It is starting."}),
            "answered 503: It is starting.",
        ),
        (
            as_cooper(400, {"__type": "InvalidRequestException", "message": "Not this host."}),
            "answered 400: Not this host.",
        ),
    ],
    ids=range(9),
)
def test_something_else_is_told(
    check: Callable[..., Outcome], answers: Answers, sentence: str
) -> None:
    with answering(answers) as url:
        outcome = check("--url", url)
    assert outcome.code == 1 and sentence in outcome.err
    assert "The token header of command lines: unknown." in outcome.err


def test_a_name_that_nobody_has_is_told(check: Callable[..., Outcome]) -> None:
    outcome = check("--url", "https://cooper.example.invalid")
    assert outcome.code == 1
    assert "The name cooper.example.invalid is not known on this machine" in outcome.err


def test_a_port_on_which_nobody_listens_is_told(check: Callable[..., Outcome]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert f"Nobody listens at {url}." in check("--url", url).err


@contextmanager
def raw_server(answer: bytes) -> Iterator[int]:
    """Take one connection, send these bytes and close it; without bytes, say nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = threading.Event()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)
                if not answer:
                    done.wait(20)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            done.set()
            thread.join()


@pytest.mark.parametrize(
    ("scheme", "answer", "sentence"),
    [
        ("http", b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"),
        ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "No https is spoken at"),
        ("http", b"", "No answer from"),
    ],
)
def test_what_speaks_something_else_or_nothing_is_told(
    check: Callable[..., Outcome], monkeypatch: Any, scheme: str, answer: bytes, sentence: str
) -> None:
    monkeypatch.setattr(http_probe, "PATIENCE", 0.5)
    with raw_server(answer) as port:
        outcome = check("--url", f"{scheme}://127.0.0.1:{port}")
    assert outcome.code == 1 and sentence in outcome.err

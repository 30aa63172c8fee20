"""A test's own HTTP server prints nothing, whoever hangs up: it is a LoopbackServer."""

import re
import socket

from tests.support.loopback_server import LoopbackServer, QuietHandler, running
from tests.support.paths import ROOT

TESTS = ROOT / "tests"
BARE_SERVER = re.compile(r"\b(?:Threading)?HTTPServer\(")


class Broken(QuietHandler):
    def do_GET(self) -> None:
        raise ConnectionResetError if self.path == "/hang-up" else ValueError("a fault of the test")


def asked(path: str) -> None:
    server = LoopbackServer(Broken)
    with running(server), socket.create_connection(server.server_address) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        assert connection.recv(1) == b""


def test_who_hangs_up_is_not_told_of(capsys):
    asked("/hang-up")
    assert capsys.readouterr().err == ""


def test_a_fault_of_the_handler_is_told(capsys):
    asked("/fault")
    assert "ValueError: a fault of the test" in capsys.readouterr().err


def test_no_test_runs_another_server():
    assert BARE_SERVER.search("server = HTTPServer((host, 0), Handler)")
    bare = {file.name for file in TESTS.rglob("*.py") if BARE_SERVER.search(file.read_text())}
    assert bare - {"test_loopback_servers.py"} == set()

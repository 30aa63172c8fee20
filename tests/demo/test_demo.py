"""The demo as people start it: what it prints works as printed, Ctrl-C ends it, and what was done is kept."""

import html
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from cooper_project.management.commands.cooper_totp import code_of
from demo.seed import PASSWORD
from tests.support.forms import fields_of
from tests.support.served import ROOT, Person, clean, free_port, manage, run, wait_for

PRINT_ARN = f"""{sys.executable} -c 'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])'"""
"""What `aws sts get-caller-identity` does: it asks whatever AWS its environment names."""


ENDPOINT = r"^AWS_ENDPOINT_URL=(\S+)$"
OTPAUTH = r"^ +(otpauth://\S+)$"
RESET = ("make", "-f", str(ROOT / "Makefile"), "demo-reset")
REAL_KEY = "AKIA" + "REAL" * 4


class Demo(NamedTuple):
    """A running demo."""

    url: str
    banner: str
    process: "subprocess.Popen[bytes]"

    def printed(self, what: str) -> str:
        """Return what the banner says, by a regular expression."""
        found = re.search(what, self.banner, re.MULTILINE)
        assert found, self.banner
        return found[1]


def interrupted(process: "subprocess.Popen[bytes]") -> int:
    """Press Ctrl-C, which reaches every process of the terminal's group; return the exit code."""
    os.killpg(process.pid, signal.SIGINT)
    return process.wait(timeout=40)


@contextmanager
def demo(store: Path, **environment: str) -> Iterator[Demo]:
    """Start the demo, wait for its banner, end it by Ctrl-C."""
    port, said = free_port(), store.parent / "banner"
    words = manage("cooper_demo", "--port", str(port), "--store", str(store))
    with said.open("wb") as out:
        process = subprocess.Popen(
            words, cwd=ROOT, env=clean({"COOPER_WORKERS": "1"} | environment), stdout=out, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/healthz", process, 60)
        while "Ctrl-C" not in said.read_text():
            assert process.poll() is None, said.read_text()
        yield Demo(url, said.read_text(), process)
        if process.poll() is None:
            assert interrupted(process) == 0, said.read_text()
    finally:
        if process.poll() is None:
            process.kill()


@pytest.fixture(scope="module")
def trap() -> Iterator[socket.socket]:
    """Listen where a real AWS would be, according to the environment of whoever starts the demo."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0.2)
        yield listening


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, trap: socket.socket) -> Iterator[Demo]:
    """Return a demo that tests which change nothing share, begun by somebody who works with a real AWS."""
    real = f"http://127.0.0.1:{trap.getsockname()[1]}"
    (config := tmp_path_factory.mktemp("aws") / "config").write_text(
        f"[profile production]\nendpoint_url = {real}\n"
    )
    named = {"AWS_PROFILE": "production", "AWS_CONFIG_FILE": str(config), "AWS_REGION": "eu-west-1"}
    keys = {
        "AWS_ACCESS_KEY_ID": REAL_KEY,
        "AWS_SECRET_ACCESS_KEY": "x" * 40,
        "AWS_SESSION_TOKEN": "x" * 40,
    }
    endpoints = {
        f"AWS_ENDPOINT_URL{service}": real for service in ("", "_DYNAMODB", "_KMS", "_STS")
    }
    coopers = {
        "COOPER_TABLE_PREFIX": "production-",
        "COOPER_REGION": "eu-west-1",
        "COOPER_KMS_KEY": "alias/real",
    }
    store = tmp_path_factory.mktemp("demo") / "store"
    with demo(store, **named, **keys, **endpoints, **coopers) as started:
        yield started


def credentials(url: str, target: str, accept: str) -> str:
    """Let Alice get credentials, as a page (text/html) or as a tool does (application/json)."""
    alice = Person(url)
    assert alice.sign_in("alice", PASSWORD) == 302
    status, text, _ = alice.ask(
        f"/targets/{target}/credentials/", {"duration": "900"}, Accept=accept
    )
    assert status == 200, text
    return text


def in_a_shell(script: str, environment: dict[str, str]) -> str:
    """Run a script in a shell that knows nothing of AWS but this; return what it printed."""
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(
        ["sh", "-euc", script], cwd=ROOT, env=clean(nothing | environment), capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_reaches_the_demos_aws_from_a_shell_as_the_tour_says(running: Demo) -> None:
    typed = re.findall(r"`((?:export )?AWS_ENDPOINT_URL=)\.\.\.`", (ROOT / "README.md").read_text())
    assert typed == ["export AWS_ENDPOINT_URL="]
    shown = re.findall(
        r"^.*export AWS_\w+=.*$", credentials(running.url, "dev-read", "text/html"), re.MULTILINE
    )
    pasted = "\n".join(html.unescape(line[line.index("export") :]) for line in shown)
    address = running.printed(ENDPOINT)
    printed = in_a_shell(f"{pasted}\n{typed[0]}{address}\n{PRINT_ARN}", {})
    assert printed.startswith("arn:aws:sts::222222222222:assumed-role/dev-read/alice.")


def test_it_prints_a_line_that_tries_credentials_that_come_without_a_region(running: Demo) -> None:
    found = json.loads(credentials(running.url, "dev-read", "application/json"))
    names = {
        "AccessKeyId": "ACCESS_KEY_ID",
        "SecretAccessKey": "SECRET_ACCESS_KEY",
        "SessionToken": "SESSION_TOKEN",
    }
    line = running.printed(r"^ +(\S+ -c 'import boto3; .*')$")
    printed = in_a_shell(line, {f"AWS_{name}": found[key] for key, name in names.items()})
    assert printed.startswith("arn:aws:sts::222222222222:assumed-role/dev-read/alice.")


def test_it_takes_nothing_of_a_real_aws_from_its_environment(
    running: Demo, trap: socket.socket
) -> None:
    assert credentials(running.url, "dev-read", "application/json")
    with pytest.raises(TimeoutError):
        trap.accept()
    every = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]
    begun = [each for each in every if parent_of(each) == running.process.pid]
    assert len(begun) == 2
    for process in begun:
        assert REAL_KEY not in Path(f"/proc/{process}/environ").read_text()


def parent_of(process: int) -> int:
    """Return the parent of a process, 0 when it is gone (proc(5))."""
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def test_it_ends_both_processes_by_ctrl_c_and_keeps_what_was_done(tmp_path: Path) -> None:
    with demo(tmp_path / "store") as first:
        add_target(first)
        assert interrupted(first.process) == 0
        for address in (first.url, first.printed(ENDPOINT)):
            with pytest.raises(OSError, match="refused"):
                urllib.request.urlopen(address, timeout=2)
    assert "Traceback" not in (tmp_path / "banner").read_text()
    with demo(tmp_path / "store") as second:
        carol = Person(second.url)
        assert carol.sign_in("carol", PASSWORD) == 302
        assert "Kept for ever" in carol.ask("/admin/brokers/target/kept/change/")[1]
        assert second.printed(OTPAUTH) == first.printed(OTPAUTH)
    subprocess.run(
        [*RESET, f"STORE={tmp_path / 'store'}"], cwd=tmp_path, check=True, stdout=subprocess.PIPE
    )
    assert not (tmp_path / "store").exists()


def add_target(running: Demo) -> None:
    """Let Carol add a target."""
    carol = Person(running.url)
    assert carol.sign_in("carol", PASSWORD) == 302
    address = "/admin/brokers/target/add/?kind=role"
    fields = fields_of(carol.ask(address)[1], "target_form")
    fields |= {
        "name": "kept",
        "title": "Kept for ever",
        "role_arn": "arn:aws:iam::444444444444:role/support-read",
    }
    status, text, _ = carol.ask(address, fields | {"code": code_of(running.printed(OTPAUTH))})
    assert status == 302, text


def test_it_keeps_the_demo_where_make_forgets_it() -> None:
    said = subprocess.run(
        [*RESET[:-1], "--dry-run", "demo"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert "cooper_demo --store var/demo " in said.stdout


def test_it_names_the_next_free_port_when_its_own_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(manage("cooper_demo", "--port", str(port)), {})
    free = re.search(r"Port (\d+) is taken\. (\d+) is free: make demo PORT=(\d+)", done.stderr)
    assert done.returncode == 1 and done.stdout == "" and free, done.stderr
    assert int(free[1]) == port < int(free[2]) == int(free[3])

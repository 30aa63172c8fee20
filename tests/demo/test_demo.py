"""The demo as people start it: its output works as printed, Ctrl-C ends it, and data is kept."""

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
from urllib.parse import parse_qs, urlsplit

import pytest

from cooper_project.management.commands.cooper_totp import current_code
from demo.seed import PASSWORD
from tests.support.credentials_page import copied_text
from tests.support.forms import fields_of
from tests.support.served import ROOT, Person, clean, free_port, manage, run, wait_for

PRINT_ARN = (
    f"{sys.executable} -c "
    """'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])'"""
)
"""What `aws sts get-caller-identity` does: it asks whatever AWS its environment names."""

ENDPOINT_LINE = r"^AWS_ENDPOINT_URL=(\S+)$"
OTPAUTH_LINE = r"^ +(otpauth://\S+)$"
TRY_LINE = r"^ +(\S+ -c 'import boto3; .*')$"

MAKE = ("make", "-f", str(ROOT / "Makefile"))
REAL_KEY = "AKIA" + "REAL" * 4

DEV_READ_SESSION = "arn:aws:sts::222222222222:assumed-role/dev-read/alice."


class Demo(NamedTuple):
    """A running demo."""

    url: str
    banner: str
    process: "subprocess.Popen[bytes]"

    def printed(self, pattern: str) -> str:
        """Return what the banner says, by a regular expression."""
        match = re.search(pattern, self.banner, re.MULTILINE)
        assert match, self.banner
        return match[1]


def interrupt(process: "subprocess.Popen[bytes]") -> int:
    """Press Ctrl-C, which reaches every process of the terminal's group; return the exit code."""
    os.killpg(process.pid, signal.SIGINT)
    return process.wait(timeout=40)


@contextmanager
def start_demo(store: Path, **environment: str) -> Iterator[Demo]:
    """Start the demo, wait for its banner, end it by Ctrl-C."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    output = store.parent / "output"
    with output.open("wb") as output_file:
        process = subprocess.Popen(
            manage("cooper_demo", "--port", str(port), "--store", str(store)),
            cwd=ROOT,
            env=clean({"COOPER_WORKERS": "1"} | environment),
            stdout=output_file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    try:
        wait_for(f"{url}/healthz", process, 60)
        while "Ctrl-C" not in output.read_text():
            assert process.poll() is None, output.read_text()

        yield Demo(url, output.read_text(), process)

        if process.poll() is None:
            assert interrupt(process) == 0, output.read_text()
    finally:
        if process.poll() is None:
            process.kill()


@pytest.fixture(scope="module")
def real_aws() -> Iterator[socket.socket]:
    """Listen where a real AWS is, according to the environment of whoever starts the demo."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        yield listener


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, real_aws: socket.socket) -> Iterator[Demo]:
    """Return a demo, started by somebody who works with a real AWS.

    Tests that share it change nothing in it.
    """
    endpoint = f"http://127.0.0.1:{real_aws.getsockname()[1]}"
    config = tmp_path_factory.mktemp("aws") / "config"
    config.write_text(f"[profile production]\nendpoint_url = {endpoint}\n")

    environment = {
        "AWS_PROFILE": "production",
        "AWS_CONFIG_FILE": str(config),
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": REAL_KEY,
        "AWS_SECRET_ACCESS_KEY": "x" * 40,
        "AWS_SESSION_TOKEN": "x" * 40,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_ENDPOINT_URL_KMS": endpoint,
        "AWS_ENDPOINT_URL_STS": endpoint,
        "COOPER_TABLE_PREFIX": "production-",
        "COOPER_REGION": "eu-west-1",
        "COOPER_KMS_KEY": "alias/real",
    }
    store = tmp_path_factory.mktemp("demo") / "store"
    with start_demo(store, **environment) as demo:
        yield demo


def get_credentials(url: str, target: str, accept: str) -> str:
    """Let Alice get credentials, as a page (text/html) or as a tool does (application/json)."""
    alice = Person(url)
    assert alice.sign_in("alice", PASSWORD) == 302
    status, text, _ = alice.ask(
        f"/targets/{target}/credentials/", {"duration": "900"}, Accept=accept
    )
    assert status == 200, text
    return text


def run_in_shell(script: str, environment: dict[str, str]) -> str:
    """Run a script in a shell that knows nothing of AWS but this; return what it printed."""
    no_aws = {"AWS_CONFIG_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
    shell = subprocess.run(
        ["sh", "-euc", script],
        cwd=ROOT,
        env=clean(no_aws | environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert shell.returncode == 0, shell.stderr
    return shell.stdout


def secret_in(demo: Demo) -> str:
    """Return the secret in the address for authenticator apps."""
    return parse_qs(urlsplit(demo.printed(OTPAUTH_LINE)).query)["secret"][0]


def test_its_address_for_authenticator_apps_names_this_installation(demo: Demo) -> None:
    otpauth = demo.printed(OTPAUTH_LINE)
    host = urlsplit(demo.url).netloc.replace(":", "-")
    assert parse_qs(urlsplit(otpauth).query)["issuer"] == [f"cooper {host}"]


def test_it_reaches_the_demos_aws_from_a_shell_as_the_tour_says(demo: Demo) -> None:
    readme = (ROOT / "README.md").read_text()
    typed = re.findall(r"`((?:export )?AWS_ENDPOINT_URL=)\.\.\.`", readme)
    assert typed == ["export AWS_ENDPOINT_URL="]

    page = get_credentials(demo.url, "dev-read", "text/html")
    pasted = copied_text(page, "bash")
    endpoint = demo.printed(ENDPOINT_LINE)
    arn = run_in_shell(f"{pasted}\n{typed[0]}{endpoint}\n{PRINT_ARN}", {})
    assert arn.startswith(DEV_READ_SESSION)


def test_it_prints_a_line_that_tries_credentials_that_come_without_a_region(demo: Demo) -> None:
    credentials = json.loads(get_credentials(demo.url, "dev-read", "application/json"))
    environment = {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
    }
    assert run_in_shell(demo.printed(TRY_LINE), environment).startswith(DEV_READ_SESSION)


def test_it_takes_nothing_of_a_real_aws_from_its_environment(
    demo: Demo, real_aws: socket.socket
) -> None:
    assert get_credentials(demo.url, "dev-read", "application/json")
    with pytest.raises(TimeoutError):
        real_aws.accept()

    children = child_processes(demo.process.pid)
    assert len(children) == 2
    for process in children:
        assert REAL_KEY not in Path(f"/proc/{process}/environ").read_text()


def child_processes(parent: int) -> list[int]:
    """Return the processes that a process started (proc(5))."""
    children = []
    for path in Path("/proc").iterdir():
        if not path.name.isdigit():
            continue
        try:
            # pid (command) state ppid ...
            after_command = (path / "stat").read_text().rpartition(")")[2]
        except OSError:
            # it ended meanwhile
            continue
        if int(after_command.split()[1]) == parent:
            children.append(int(path.name))
    return children


def test_it_ends_both_processes_by_ctrl_c_and_keeps_what_was_done(tmp_path: Path) -> None:
    store = tmp_path / "store"
    with start_demo(store) as first:
        add_target(first)
        assert interrupt(first.process) == 0
        for address in (first.url, first.printed(ENDPOINT_LINE)):
            with pytest.raises(OSError, match="refused"):
                urllib.request.urlopen(address, timeout=2).close()
    assert "Traceback" not in (tmp_path / "output").read_text()

    with start_demo(store) as second:
        carol = Person(second.url)
        assert carol.sign_in("carol", PASSWORD) == 302
        assert "Kept for ever" in carol.ask("/admin/brokers/target/kept/change/")[1]
        # its port is another one, and with it the issuer
        assert secret_in(second) == secret_in(first)

    reset = [*MAKE, "demo-reset", f"STORE={store}"]
    subprocess.run(reset, cwd=tmp_path, check=True, stdout=subprocess.PIPE)
    assert not store.exists()


def add_target(demo: Demo) -> None:
    """Let Carol add a target."""
    carol = Person(demo.url)
    assert carol.sign_in("carol", PASSWORD) == 302

    address = "/admin/brokers/target/add/?kind=role"
    fields = fields_of(carol.ask(address)[1], "target_form")
    fields["name"] = "kept"
    fields["title"] = "Kept for ever"
    fields["role_arn"] = "arn:aws:iam::444444444444:role/support-read"
    fields["code"] = current_code(demo.printed(OTPAUTH_LINE))
    status, text, _ = carol.ask(address, fields)
    assert status == 302, text


def test_it_keeps_the_demo_where_make_deletes_it() -> None:
    dry_run = [*MAKE, "--dry-run", "demo"]
    commands = subprocess.run(dry_run, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert "cooper_demo --store var/demo " in commands


def test_it_names_the_next_free_port_when_its_own_is_taken() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        demo = run(manage("cooper_demo", "--port", str(port)), {})

    assert demo.returncode == 1
    assert demo.stdout == ""
    message = re.search(r"Port (\d+) is taken\. (\d+) is free: make demo PORT=(\d+)", demo.stderr)
    assert message, demo.stderr
    assert int(message[1]) == port
    assert int(message[2]) == int(message[3]) > port

"""The demo as people start it: what it prints works as printed, Ctrl-C ends it, and what was done is kept."""

import html
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from cooper_project.embedded.seed import PASSWORD
from tests.served import ROOT, Person, clean, free_port, manage, wait_for

PRINT_ARN = f"""{sys.executable} -c 'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])'"""
"""What `aws sts get-caller-identity` does: it asks whatever AWS its environment names."""


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


@contextmanager
def demo(store: Path, **environment: str) -> Iterator[Demo]:
    """Start the demo, wait for its banner, end it by Ctrl-C."""
    port, said = free_port(), store.parent / "banner"
    words = manage("cooper_serve", "--embedded", "--port", str(port), "--store", str(store))
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
        # Ctrl-C reaches every process of the terminal's group
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=40) == 0, said.read_text()
    finally:
        if process.poll() is None:
            process.kill()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Return a demo that tests which change nothing share."""
    with demo(tmp_path_factory.mktemp("demo") / "store") as started:
        yield started


def credentials(url: str, target: str, accept: str) -> str:
    """Let Alice get credentials, as a page (text/html) or as a tool does (application/json)."""
    alice = Person(url)
    assert alice.sign_in("alice", PASSWORD) == 302
    status, text, _ = alice.ask(f"/targets/{target}/credentials/", {"duration": "900"}, Accept=accept)
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
    shown = re.findall(r"^.*export AWS_\w+=.*$", credentials(running.url, "dev-read", "text/html"), re.MULTILINE)
    pasted = "\n".join(html.unescape(line[line.index("export") :]) for line in shown)
    address = running.printed(r"^AWS_ENDPOINT_URL=(\S+)$")
    printed = in_a_shell(f"{pasted}\n{typed[0]}{address}\n{PRINT_ARN}", {})
    assert printed.startswith("arn:aws:sts::222222222222:assumed-role/dev-read/alice.")


def test_it_prints_a_line_that_tries_credentials_that_come_without_a_region(running: Demo) -> None:
    found = json.loads(credentials(running.url, "dev-read", "application/json"))
    names = {"AccessKeyId": "ACCESS_KEY_ID", "SecretAccessKey": "SECRET_ACCESS_KEY", "SessionToken": "SESSION_TOKEN"}
    line = running.printed(r"^ +(\S+ -c 'import boto3; .*')$")
    printed = in_a_shell(line, {f"AWS_{name}": found[key] for key, name in names.items()})
    assert printed.startswith("arn:aws:sts::222222222222:assumed-role/dev-read/alice.")

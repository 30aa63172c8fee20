"""`make` where things are missing: it says what to type, and half a .venv is made anew."""

import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import ROOT, run

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_bare(tmp_path: Path) -> Run:
    """Return what runs a tool in a fresh checkout, as a user without root, uv and sudo."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "requirements-demo.txt").write_text("")

    (tmp_path / "bin").mkdir()
    write_script(tmp_path / "bin/id", "echo 1000")
    write_script(tmp_path / "bin/sudo", "exit 1")
    write_script(tmp_path / "bin/uv", "exit 1")

    def run_command(*command: str, **environment: str) -> Any:
        bare_environment = {
            "PATH": f"{tmp_path}/bin:/usr/bin:/bin",
            "HOME": str(tmp_path),
            "PIP_NO_INDEX": "1",
        }
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=bare_environment | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run_command


def write_script(path: Path, text: str) -> Path:
    """Write a shell script that stands for a command."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_it_says_in_one_line_what_root_has_to_install(run_bare: Run) -> None:
    packages = run_bare("tools/packages", "sh", "no-such-browser", "no-such-signer")
    assert packages.returncode == 1
    assert len(packages.stderr.splitlines()) == 1
    assert "apt-get install --yes no-such-browser no-such-signer" in packages.stderr


def test_make_test_installs_what_tests_would_be_skipped_without() -> None:
    steps = run(["make", "--dry-run", "test"], {"PATH": os.environ["PATH"]}).stdout
    installed = " ".join(re.findall(r"tools/packages ([a-z0-9 ]+)", steps)).split()
    assert {"chromium", "xmlsec1", "zsh", "fish", "mmdebstrap"} <= set(installed)


def test_it_asks_for_debians_venv_where_python_comes_without(run_bare: Run, tmp_path: Path) -> None:
    python = write_script(
        tmp_path / "bin/python3",
        f'case "$*" in *ensurepip*) exit 1;; *) exec {sys.executable} "$@";; esac',
    )
    venv = run_bare("tools/venv", "requirements.txt", PYTHON=str(python))
    assert venv.returncode == 1
    assert "apt-get install --yes python3-venv" in venv.stderr
    assert not (tmp_path / ".venv/installed").exists()


def test_it_says_which_python_it_needs(run_bare: Run) -> None:
    venv = run_bare("tools/venv", "requirements.txt", PYTHON="no-such-python")
    assert venv.returncode == 1
    assert "cooper needs Python 3.11 or newer; tried: no-such-python" in venv.stderr


def test_it_makes_a_venv_with_pip_alone_and_anew_when_it_was_cut_short(
    run_bare: Run, tmp_path: Path
) -> None:
    left_over = tmp_path / ".venv/bin/left-over"
    left_over.parent.mkdir(parents=True)
    left_over.touch()

    venv = run_bare("tools/venv", "requirements.txt", PYTHON=os.path.realpath(sys.executable))
    assert venv.returncode == 0, venv.stderr
    assert (tmp_path / ".venv/bin/python").exists()
    assert not left_over.exists()

    again = run_bare("tools/venv", "requirements.txt")
    assert again.returncode == 0
    assert "nothing new" in again.stdout

    # a venv for production becomes one for the demo, and then holds both
    both = ("requirements.txt", "requirements-demo.txt")
    more = run_bare("tools/venv", *both)
    assert more.returncode == 0, more.stderr
    assert "nothing new" not in more.stdout
    for files in (both, both[:1]):
        assert "nothing new" in run_bare("tools/venv", *files).stdout


def test_the_demo_goes_on_where_xmlsec1_cannot_be_installed(run_bare: Run, tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    write_script(tmp_path / "tools/venv", 'echo "installed: $*"')
    write_script(tmp_path / "tools/packages", "exit 1")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    write_script(tmp_path / ".venv/bin/python", 'echo "served: $*"')

    demo = run_bare("make", "demo", "PORT=8123")
    assert demo.returncode == 0
    assert demo.stderr == ""
    assert "Sign in with Example IdP" in demo.stdout
    assert "installed: requirements.txt requirements-demo.txt\n" in demo.stdout
    assert demo.stdout.endswith("served: manage.py cooper_demo --store var/demo --port 8123\n")


def test_the_benchmark_shows_its_help() -> None:
    shown = run([sys.executable, "-m", "bench", "--help"], {})
    assert shown.returncode == 0, shown.stderr
    assert "SAML" in shown.stdout


@pytest.mark.parametrize(
    "name",
    [
        "bench.web",
        "bench.home_browser",
        "bench.saml",
        "bench.timing",
        "bench.grants",
        "bench.stub_aws.people",
        "bench.instances.crowds",
        "bench.instances.outages",
        "bench.instances.removals",
        "bench.instances.rolling",
        "bench.instances.steady",
    ],
)
def test_the_benchmark_reads_todays_names(name: str) -> None:
    assert importlib.import_module(name)

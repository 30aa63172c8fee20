"""What `make` leans on, on a machine where things are missing: it says what to type, and half a .venv is made anew."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import ROOT


@pytest.fixture
def bare(tmp_path: Path) -> Callable[..., Any]:
    """Return what runs a tool in a fresh checkout, as somebody who is not root, without uv and sudo."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "bin").mkdir()
    for name, text in {"id": "echo 1000", "sudo": "exit 1", "uv": "exit 1"}.items():
        stub(tmp_path / "bin" / name, text)

    def run(*words: str, **environment: str) -> Any:
        known = {
            "PATH": f"{tmp_path}/bin:/usr/bin:/bin",
            "HOME": str(tmp_path),
            "PIP_NO_INDEX": "1",
        }
        return subprocess.run(
            words,
            cwd=tmp_path,
            env=known | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def stub(path: Path, text: str) -> Path:
    """Write a shell script that stands for a command."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_it_says_in_one_line_what_root_has_to_install(bare: Any) -> None:
    done = bare("tools/packages", "sh", "no-such-browser", "no-such-signer")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "apt-get install --yes no-such-browser no-such-signer" in done.stderr


def test_it_asks_for_debians_venv_where_python_comes_without(bare: Any, tmp_path: Path) -> None:
    python = stub(
        tmp_path / "bin/python3",
        f'case "$*" in *ensurepip*) exit 1;; *) exec {sys.executable} "$@";; esac',
    )
    done = bare("tools/venv", "requirements.txt", PYTHON=str(python))
    assert done.returncode == 1 and "apt-get install --yes python3-venv" in done.stderr
    assert not (tmp_path / ".venv/installed").exists()


def test_it_says_which_python_it_needs(bare: Any) -> None:
    done = bare("tools/venv", "requirements.txt", PYTHON="no-such-python")
    assert (
        done.returncode == 1
        and "cooper needs Python 3.11 or newer; tried: no-such-python" in done.stderr
    )


def test_it_makes_a_venv_with_pip_alone_and_anew_when_it_was_cut_short(
    bare: Any, tmp_path: Path
) -> None:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/left-over").touch()
    done = bare("tools/venv", "requirements.txt", PYTHON=os.path.realpath(sys.executable))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".venv/bin/python").exists() and not (
        tmp_path / ".venv/bin/left-over"
    ).exists()
    again = bare("tools/venv", "requirements.txt")
    assert again.returncode == 0 and "nothing new" in again.stdout


def test_the_demo_goes_on_where_xmlsec1_cannot_be_installed(bare: Any, tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    for tool in ("venv", "packages"):
        stub(tmp_path / "tools" / tool, f'[ {tool} = venv ] && echo "installed: $*"')
    (tmp_path / ".venv/bin").mkdir(parents=True)
    stub(tmp_path / ".venv/bin/python", 'echo "served: $*"')
    done = bare("make", "demo", "PORT=8123")
    assert done.returncode == 0 and done.stderr == "" and "Sign in with Example IdP" in done.stdout
    assert "installed: requirements.txt requirements-demo.txt\n" in done.stdout
    assert done.stdout.endswith("served: manage.py cooper_demo --store var/demo --port 8123\n")

"""Commands in processes that have the libraries already: they start in half the time.

A process of its own forks for each command (`multiprocessing`'s fork server), and what it forks
runs the very script, with the environment and the streams that a new process would have.
"""

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.paths import ROOT

LIBRARIES = [
    "boto3",
    "cryptography.x509",
    "django.contrib.auth.hashers",
    "django.core.management",
    "django.db.models",
    "django.forms",
    "django.template",
    "django.urls",
    "pynamodb.models",
    "saml2.client",
    "segno",
    "whitenoise",
    "yaml",
]
"""They read no settings and start no thread when they are loaded."""

STREAMS = {0: "in", 1: "out", 2: "err"}

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(LIBRARIES)


def can_run(words: list[str]) -> bool:
    """Whether it is a script of the checkout; coverage follows new processes alone."""
    return "COVERAGE_PROCESS_START" not in os.environ and _script(words) is not None


def run(
    words: list[str], environment: dict[str, str], given: str, limit: float
) -> "subprocess.CompletedProcess[str]":
    """Run a script of the checkout; return it with stdout, stderr and returncode."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for stream in STREAMS.values():
            (folder / stream).touch()
        (folder / "in").write_text(given)

        process = _processes.Process(target=_become, args=(words, environment, folder))
        process.start()
        process.join(limit)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(words, limit)
        out, err = (folder / "out").read_text(), (folder / "err").read_text()
        return subprocess.CompletedProcess(words, process.exitcode, out, err)


def _script(words: list[str]) -> list[str] | None:
    """Return script and arguments, None for what is no script of the checkout."""
    if words[0] == sys.executable and words[1:] and words[1].endswith(".py"):
        return words[1:]
    return words if words[0] == "./cooper" else None


def _become(words: list[str], environment: dict[str, str], folder: Path) -> None:
    """Run the script in this process."""
    for number, name in STREAMS.items():
        os.dup2(os.open(folder / name, os.O_RDWR | os.O_APPEND), number)
    sys.stdin = os.fdopen(0, closefd=False)

    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    script = _script(words)
    assert script is not None
    sys.argv = script
    sys.path[0] = str(ROOT)
    try:
        runpy.run_path(script[0], run_name="__main__")
    finally:
        # the fork server ends its children without
        atexit._run_exitfuncs()

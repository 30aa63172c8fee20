"""Programs of other Debian releases, each in a root that is made once and kept.

Packages are unpacked and not installed: a root takes 20 seconds, and no more than its programs.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cooper"

TRIES = 2
"""A mirror may be in the middle of a change, or away for a moment."""

SECONDS = 600
"""In which a root has to be made."""

OPTIONS = ["--mode=root", "--variant=extract"]
OPTIONS += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")]
# a mirror that lags is as good here: the packages are signed all the same
OPTIONS += ['--aptopt=Acquire::Check-Valid-Until "false"']

BASE = ("base-files", "coreutils")
"""What commands in any root need."""


def debian_root(
    name: str, suite: str, packages: tuple[str, ...], program: str, unwanted: tuple[str, ...] = ()
) -> Path:
    """Return the root of this name with packages of a suite; make it if it lacks the program.

    `unwanted` paths are left out. Skip the test where a root cannot be made, and say why.
    """
    root = CACHE / name
    if (root / program).exists():
        return root
    if os.geteuid() != 0 or not shutil.which("mmdebstrap"):
        pytest.skip(f"{name} takes root, and: apt-get install mmdebstrap")

    root.parent.mkdir(parents=True, exist_ok=True)
    # a second process waits for the first one's root
    with root.with_name(f"{root.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / program).exists():
            _make(root, suite, packages, unwanted)
    return root


def _make(root: Path, suite: str, packages: tuple[str, ...], unwanted: tuple[str, ...]) -> None:
    options = [*OPTIONS, f"--include={','.join(BASE + packages)}"]
    options += [f"--dpkgopt=path-exclude={path}" for path in unwanted]

    words = ""
    for _ in range(TRIES):
        begun = Path(tempfile.mkdtemp(dir=root.parent, prefix=f"{root.name}-"))
        words = _mmdebstrap([*options, suite, str(begun)])
        if not words:
            # one that lacks its program is in the way
            shutil.rmtree(root, ignore_errors=True)
            begun.rename(root)
            return
        shutil.rmtree(begun, ignore_errors=True)
    pytest.skip(f"mmdebstrap made no root with {', '.join(packages)} of {suite}: {words}")


def _mmdebstrap(words: list[str]) -> str:
    """Run it, and return what it says of its failure, "" where there was none."""
    try:
        done = subprocess.run(
            ["mmdebstrap", *words], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"it was not done after {SECONDS} seconds"

    if done.returncode == 0:
        return ""
    return done.stderr[-800:] or f"it ended with {done.returncode}"

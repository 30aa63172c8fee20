"""Real AWS CLIs of version 2, each in a root of Debian's packages that is made once and kept.

PyPI has version 1 alone. A root takes two minutes to make, and about 350 MB.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cooper" / "aws-cli"

SUITES = ("trixie", "sid")
"""Debian's suites: 2.23 signs in by PKCE, 2.38 looks at the start URL."""

OPTIONS = ["--mode=root", "--variant=apt", "--include=awscli,ca-certificates"]
# a mirror that lags is as good here: the packages are signed all the same
OPTIONS += ['--aptopt=Acquire::Check-Valid-Until "false"']


def aws_cli_root(suite: str) -> Path:
    """Return the root with a suite's AWS CLI; make it if there is none yet.

    Skip the test where that cannot be done: it takes root and mmdebstrap.
    """
    root = CACHE / suite
    if (root / "usr/bin/aws").exists():
        return root
    if os.geteuid() != 0 or not shutil.which("mmdebstrap"):
        pytest.skip("the AWS CLI's own root takes root, and: apt-get install mmdebstrap")

    CACHE.mkdir(parents=True, exist_ok=True)
    # another process may be making the same one: the first that is whole stays
    made = Path(tempfile.mkdtemp(dir=CACHE, prefix=f"{suite}-"))
    subprocess.run(
        ["mmdebstrap", *OPTIONS, suite, str(made)],
        check=True,
        capture_output=True,
        timeout=900,
    )
    try:
        made.rename(root)
    except OSError:
        shutil.rmtree(made)
    return root


class AwsCli:
    """A person's computer with the AWS CLI: a home of its own in the root."""

    def __init__(self, root: Path, home: Path) -> None:
        self._root = root
        self.home = home
        self._inner_home = "/" + str(home.relative_to(root))

    def command(self, *words: str) -> list[str]:
        """Return the words that run the CLI in its root, with nothing of this process's."""
        environment = [
            f"HOME={self._inner_home}",
            "PATH=/usr/bin:/bin",
            "LANG=C.UTF-8",
            "PYTHONUNBUFFERED=1",
        ]
        return ["chroot", str(self._root), "env", "-i", *environment, "aws", *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the CLI to its end."""
        return subprocess.run(
            self.command(*words), capture_output=True, text=True, timeout=120, check=False
        )

    @contextmanager
    def started(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command of the CLI, whose output is read while it runs; end it in any case."""
        with subprocess.Popen(
            self.command(*words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def configure(self, config: str) -> None:
        """Write `~/.aws/config`."""
        (self.home / ".aws").mkdir(exist_ok=True)
        (self.home / ".aws/config").write_text(config)

    def cached_tokens(self) -> str:
        """Return what the CLI keeps of its sessions, as text."""
        files = (self.home / ".aws/sso/cache").glob("*.json")
        return "\n".join(file.read_text() for file in files)


@pytest.fixture
def aws_cli(request: pytest.FixtureRequest) -> Iterator[AwsCli]:
    """Return a computer with the CLI of the suite that the test names."""
    root = aws_cli_root(request.param)
    home = Path(tempfile.mkdtemp(dir=root / "tmp"))
    yield AwsCli(root, home)
    shutil.rmtree(home)

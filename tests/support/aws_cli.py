"""Real AWS CLIs of version 2, from Debian's packages: PyPI has version 1 alone."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.debian_roots import debian_root

SUITES = ("trixie", "sid")
"""Debian's suites: 2.23 signs in by PKCE, 2.38 looks at the start URL."""

SUITES_NOW = [SUITES[0], *(pytest.param(suite, marks=pytest.mark.soak) for suite in SUITES[1:])]
"""The sample of each run; all of them in the soak."""


def aws_cli_root(suite: str) -> Path:
    """Return the root with a suite's AWS CLI; skip the test where there is none."""
    return debian_root(f"aws-cli/{suite}", suite, ("awscli", "ca-certificates"), "usr/bin/aws")


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

    def forget_credentials(self) -> None:
        """Remove what the CLI keeps of roles: it would use that until it expires."""
        shutil.rmtree(self.home / ".aws/cli", ignore_errors=True)


@pytest.fixture
def aws_cli(request: pytest.FixtureRequest) -> Iterator[AwsCli]:
    """Return a computer with the CLI of the suite that the test names."""
    root = aws_cli_root(request.param)
    home = Path(tempfile.mkdtemp(dir=root / "tmp"))
    yield AwsCli(root, home)
    shutil.rmtree(home)

"""`make release`: a version with its section of the changelog, in files that can be made again."""

import hashlib
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from core import __version__
from tests.support.served import ROOT

NAME = f"cooper-{__version__}"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a small checkout with one commit."""
    checkout = tmp_path / "checkout"
    (checkout / "core").mkdir(parents=True)
    for name in ("core/__init__.py", "requirements.txt"):
        (checkout / name).write_text((ROOT / name).read_text())
    (checkout / ".gitignore").write_text("/var/\n")
    (checkout / "CHANGELOG.md").write_text(
        f"# Changelog\n\n## {__version__} (2026-12-01)\n\n- It.\n"
    )
    git(checkout, "init", "-q")
    commit(checkout)
    return checkout


def git(checkout: Path, *words: str) -> None:
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
    subprocess.run(["git", *identity, *words], cwd=checkout, check=True, capture_output=True)


def commit(checkout: Path) -> None:
    git(checkout, "add", ".")
    git(checkout, "commit", "-qm", "Change")


def release(checkout: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(ROOT / "tools/release"), "--root", str(checkout), *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_it_makes_the_same_files_of_the_same_commit(checkout: Path) -> None:
    result = release(checkout)
    assert result.returncode == 0, result.stderr
    assert f"git tag --sign v{__version__}" in result.stdout

    folder = checkout / "var/release"
    archive = folder / f"{NAME}.tar.gz"
    first = archive.read_bytes()
    sums = dict(line.split("  ")[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert sums[archive.name] == hashlib.sha256(first).hexdigest()
    with tarfile.open(archive) as files:
        assert f"{NAME}/core/__init__.py" in files.getnames()
    sbom = json.loads((folder / f"{NAME}.sbom.json").read_text())
    assert "django" in {part["name"] for part in sbom["components"]}

    release(checkout)
    assert archive.read_bytes() == first


def test_it_refuses_a_version_without_a_section_in_the_changelog(checkout: Path) -> None:
    sections = f"## {__version__} (2026-12-01)\n\n## 0.0.1 (2026-01-01)\n\n- It.\n"
    (checkout / "CHANGELOG.md").write_text(sections)
    commit(checkout)
    result = release(checkout)
    assert result.returncode == 1
    assert f"CHANGELOG.md has nothing under '## {__version__} (YYYY-MM-DD)'." in result.stderr
    assert not (checkout / "var").exists()


def test_it_refuses_a_version_that_has_its_tag(checkout: Path) -> None:
    git(checkout, "tag", f"v{__version__}")
    result = release(checkout)
    assert result.returncode == 1
    assert f"The tag v{__version__} is there already" in result.stderr


def test_it_refuses_what_is_not_committed(checkout: Path) -> None:
    (checkout / "requirements.txt").write_text("")
    result = release(checkout, "--trial")
    assert result.returncode == 1
    assert "not committed" in result.stderr


def test_any_commit_can_be_tried_out(checkout: Path) -> None:
    (checkout / "CHANGELOG.md").write_text("## Unreleased\n")
    commit(checkout)
    result = release(checkout, "--trial")
    assert result.returncode == 0, result.stderr
    [archive] = (checkout / "var/release").glob(f"{NAME}+*.tar.gz")
    assert archive.name in result.stdout

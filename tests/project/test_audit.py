"""`make audit`: what is wrong is named, and what could not be checked counts as wrong."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.advisories import advisories
from tests.support.served import ROOT

HASH = "--hash=sha256:" + "0" * 64
PINNED = f"django==4.2.1 {HASH}\nboto3==1.40.0 {HASH}\n"
NOBODY = "http://127.0.0.1:9/"

Audit = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    """Return what audits a small checkout."""
    (tmp_path / "requirements.txt").write_text(PINNED)
    (tmp_path / "requirements-demo.txt").write_text("# none\n")
    (tmp_path / "requirements-dev.txt").write_text("")
    (tmp_path / ".secrets.baseline").write_text((ROOT / ".secrets.baseline").read_text())
    (tmp_path / "core").mkdir()
    (tmp_path / "core/clean.py").write_text("WORDS = 'nothing'\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)

    def run(step: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
        return run_audit(step, root=tmp_path, **environment)

    return run


def run_audit(*steps: str, root: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the tool on a checkout."""
    return subprocess.run(
        [sys.executable, str(ROOT / "tools/audit"), "--root", str(root), *steps],
        env=dict(os.environ) | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_package_without_version_or_hash_is_named(audit: Audit, tmp_path: Path) -> None:
    assert audit("pins").returncode == 0

    (tmp_path / "requirements-dev.txt").write_text(f"pytest>=9 {HASH}\nruff==1.0\n")
    result = audit("pins")
    assert result.returncode == 1
    assert "requirements-dev.txt: not one version: pytest>=9" in result.stdout
    assert "requirements-dev.txt: without a hash: ruff==1.0" in result.stdout


def test_the_parts_are_listed(audit: Audit, tmp_path: Path) -> None:
    result = audit("parts")
    assert (result.returncode, result.stdout) == (0, "parts        ok\n")

    sbom = json.loads((tmp_path / "var/audit/sbom.json").read_text())
    assert sbom["bomFormat"] == "CycloneDX"
    assert {part["name"] for part in sbom["components"]} == {"django", "boto3"}


def test_a_known_vulnerability_is_named(audit: Audit) -> None:
    known = {("django", "4.2.1"): "PYSEC-2023-100"}
    with advisories(known) as service:
        result = audit("advisories", COOPER_AUDIT_OSV_URL=service.url)
    assert result.returncode == 1
    assert "django 4.2.1: PYSEC-2023-100, mended in 4.2.2" in result.stdout
    assert service.asked == {("django", "4.2.1"), ("boto3", "1.40.0")}


def test_no_known_vulnerability_is_fine_when_the_service_answered_for_all(audit: Audit) -> None:
    with advisories({("django", "4.1.0"): "PYSEC-2022-1"}) as service:
        result = audit("advisories", COOPER_AUDIT_OSV_URL=service.url)
    assert (result.returncode, result.stdout) == (0, "advisories   ok\n")


def test_what_nobody_answered_for_counts_as_wrong(audit: Audit) -> None:
    result = audit("advisories", COOPER_AUDIT_OSV_URL=NOBODY)
    assert result.returncode == 1
    assert "could not be checked: boto3, django" in result.stdout
    assert "because: " in result.stdout


def test_unsafe_code_is_named_unless_the_line_explains_it(audit: Audit, tmp_path: Path) -> None:
    assert audit("code").returncode == 0

    (tmp_path / "core/unsafe.py").write_text(
        "import hashlib, pickle\n"
        "pickle.loads(b'')\n"
        "hashlib.sha1(b'')  # noqa: S324 - a name, not a signature\n"
        "hashlib.md5(b'')  # noqa: S324\n"
    )
    result = audit("code")
    assert result.returncode == 1
    assert "core/unsafe.py:2: B301" in result.stdout
    assert "core/unsafe.py:4: B324" in result.stdout
    assert "core/unsafe.py:3" not in result.stdout


def test_code_that_cannot_be_read_counts_as_wrong(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "core/broken.py").write_text("def (\n")
    result = audit("code")
    assert result.returncode == 1
    assert "not read: core/broken.py" in result.stdout


def test_a_secret_is_named_by_its_place(audit: Audit, tmp_path: Path) -> None:
    assert audit("secrets").returncode == 0

    key = "AKIA" + "Q7ZJ4M2PXWV5T3NB"
    (tmp_path / "notes.txt").write_text(f"\nkey: {key}\n")
    result = audit("secrets")
    assert result.returncode == 1
    assert "notes.txt:2: AWS Access Key" in result.stdout
    assert key not in result.stdout


def test_an_unreadable_baseline_counts_as_wrong(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / ".secrets.baseline").write_text("{")
    result = audit("secrets")
    assert result.returncode == 1
    assert "detect-secrets did not run" in result.stdout


def test_cooper_itself_passes() -> None:
    result = run_audit("pins", "parts", "code", root=ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.soak
def test_cooper_itself_has_no_secret_in_it() -> None:
    result = run_audit("secrets", root=ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.soak
def test_this_repository_passes_all_that_takes_no_service() -> None:
    result = run_audit("pins", "code", "secrets", root=ROOT)
    assert result.returncode == 0, result.stdout

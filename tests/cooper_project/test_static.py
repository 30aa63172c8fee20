"""Static files: collected at the installation, and not again by a server that may not write."""

import os
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from cooper_project.serving import static


@pytest.fixture
def folder(tmp_path: Path, settings: object) -> Path:
    """Collect as an installer does; return where to."""
    settings.STATIC_ROOT = str(tmp_path / "static")  # type: ignore[attr-defined]
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path / "static"


def test_what_an_installer_collected_is_not_collected_by_the_server(folder: Path) -> None:
    written = (folder / static.DIGEST_FILE).stat().st_mtime_ns
    assert not static.collect()
    assert (folder / static.DIGEST_FILE).stat().st_mtime_ns == written


def test_times_of_files_count_for_nothing(folder: Path) -> None:
    """An image, an archive and a checkout give the same files other times."""
    found = [pair for finder in get_finders() for pair in finder.list([])]
    name, storage = found[0]
    source = Path(storage.path(name))
    before = source.stat()
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    try:
        assert not static.collect()
    finally:
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_new_version_is_collected(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / static.DIGEST_FILE).write_text("another version's")
    assert static.collect()
    assert not static.collect()


def test_a_trial_run_says_nothing_is_collected(tmp_path: Path, settings: object) -> None:
    settings.STATIC_ROOT = str(tmp_path / "static")  # type: ignore[attr-defined]
    call_command("collectstatic", interactive=False, verbosity=0, dry_run=True)
    assert not (tmp_path / "static" / static.DIGEST_FILE).exists()

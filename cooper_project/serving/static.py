"""Static files: collected under hashed names when they have changed, so that browsers keep them."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from core.errors import CooperError

DIGEST_FILE = ".collected"
"""Where the digest of the files that were collected last is kept."""


def collect() -> bool:
    """Collect the static files unless nothing changed; return whether it was done now.

    A folder that cannot be written is fine as long as it holds the right files; else raise
    CooperError.
    """
    digest_file = Path(settings.STATIC_ROOT) / DIGEST_FILE
    digest = _digest_of_sources()
    if _read(digest_file) == digest:
        return False

    try:
        with _lock():
            # another process may have done it meanwhile
            if _read(digest_file) == digest:
                return False
            # the project's own, which notes what was collected
            call_command("collectstatic", interactive=False, verbosity=0)
    except OSError as error:
        raise CooperError(refusal(str(error.strerror))) from error
    return True


def note_collected() -> None:
    """Keep which files are collected now, so that a server need not collect them."""
    digest_file = Path(settings.STATIC_ROOT) / DIGEST_FILE
    digest_file.write_text(_digest_of_sources(), encoding="ascii")


def are_collected() -> bool:
    """Return whether nothing has changed since they were collected."""
    return _read(Path(settings.STATIC_ROOT) / DIGEST_FILE) == _digest_of_sources()


def can_collect() -> bool:
    """Return whether the folder, or what it will be made in, can be written."""
    folder = Path(settings.STATIC_ROOT)
    while not folder.exists():
        folder = folder.parent
    return os.access(folder, os.W_OK)


def refusal(why: str) -> str:
    """Return what to do about files that cannot be collected."""
    return (
        f"Static files cannot be collected into {settings.STATIC_ROOT}: {why}. "
        "Run `manage.py collectstatic` once where it can be written."
    )


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except OSError:
        return ""


def _digest_of_sources() -> str:
    """Return a digest of all static files' names and contents.

    Not of their times: an image, an archive and a checkout give the same files other ones.
    """
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            content = hashlib.sha256(Path(storage.path(name)).read_bytes())
            digest.update(f"{name} {content.hexdigest()}\n".encode())
    return digest.hexdigest()


@contextmanager
def _lock() -> Iterator[None]:
    """Let one process at a time collect."""
    folder = Path(settings.STATIC_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

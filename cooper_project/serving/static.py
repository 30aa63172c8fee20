"""Static files: collected under hashed names when they have changed, so that browsers keep them for ever."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from core.errors import CooperError


def collect() -> bool:
    """Collect the static files unless they are as they were; return whether it was done now.

    A folder that cannot be written is right as long as it holds what belongs there; else raise CooperError.
    """
    mark, stand = Path(settings.STATIC_ROOT) / ".collected", _stand()
    if _read(mark) == stand:
        return False
    try:
        with _alone():
            if _read(mark) == stand:
                return False
            call_command("collectstatic", interactive=False, verbosity=0)
            mark.write_text(stand, encoding="ascii")
    except OSError as error:
        message = f"Static files cannot be collected into {settings.STATIC_ROOT}: {error.strerror}."
        raise CooperError(
            f"{message} Run `manage.py collectstatic` once where it can be written."
        ) from error
    return True


def _read(mark: Path) -> str:
    """Return what the mark says, "" when there is none."""
    try:
        return mark.read_text(encoding="ascii")
    except OSError:
        return ""


def _stand() -> str:
    """Return a digest of all static files' names, sizes and times."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process at a time collect."""
    folder = Path(settings.STATIC_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

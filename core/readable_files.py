"""Which files with secrets others than cooper's own user can read."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

AWS_KEYS = "~/.aws/credentials"
"""Where AWS's tools keep keys unless AWS_SHARED_CREDENTIALS_FILE names another file."""


def is_readable_by_others(file: str) -> bool:
    """Return whether anybody but its owner can read or write a file that there is."""
    return bool(_mode(file) & (stat.S_IRWXG | stat.S_IRWXO))


def readable_by_all(*files: str) -> Iterator[Path]:
    """Yield those files, and the one of AWS keys, that are there and open to everybody."""
    aws_keys = os.environ.get("AWS_SHARED_CREDENTIALS_FILE", AWS_KEYS)
    for file in (aws_keys, *files):
        # what has no home stays as it is, and is no file
        path = os.path.expanduser(file)  # noqa: PTH111 - Path raises where there is no home
        if _mode(path) & stat.S_IRWXO:
            yield Path(path)


def _mode(file: str) -> int:
    """Return a file's permissions, none where there is no such file, or a device."""
    path = Path(file)
    try:
        return path.stat().st_mode if path.is_file() else 0
    except OSError:
        # the folder is closed to this user
        return 0

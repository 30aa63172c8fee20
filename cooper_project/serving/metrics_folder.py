"""The folder in which workers keep their numbers, for the metrics page: this server's alone."""

import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

from django.conf import settings

from cooper_project.serving.gunicorn import SHARED_MEMORY
from core.errors import CooperError

OWNER_ALONE = 0o700


def path() -> Path:
    """Return where the folder is: by the address that is served, which no other server has.

    systemd gives a service a folder of its own (RuntimeDirectory=); elsewhere it is in a memory
    file system where there is one.
    """
    # a service may have several, with colons between them
    parent = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if not parent and os.access(SHARED_MEMORY, os.W_OK):
        parent = SHARED_MEMORY
    if not parent:
        parent = tempfile.gettempdir()

    address = re.sub("[^A-Za-z0-9.]+", "-", settings.COOPER_BIND)
    return Path(parent) / f"cooper-metrics-{os.geteuid()}-{address}"


def refuse_foreign() -> None:
    """Raise CooperError when something of somebody else's stands in the folder's place."""
    folder = path()
    try:
        entry = folder.lstat()
    except FileNotFoundError:
        return

    is_own = stat.S_ISDIR(entry.st_mode) and entry.st_uid == os.geteuid()
    if not is_own:
        raise CooperError(
            f"{folder} is not cooper's own folder, and metrics would be kept in it. Remove it, "
            "or set COOPER_METRICS_BIND=off."
        )


def make() -> Path:
    """Make the folder, empty and for its owner alone, and return it; raise CooperError."""
    refuse_foreign()

    folder = path()
    try:
        if folder.exists():
            # what an earlier start counted
            shutil.rmtree(folder)

        # fails where somebody made it meanwhile
        folder.mkdir(mode=OWNER_ALONE)
    except OSError as error:
        raise CooperError(
            f"The folder for metrics, {folder}, cannot be made anew: {error.strerror}. "
            "Mend that, or set COOPER_METRICS_BIND=off."
        ) from error
    return folder

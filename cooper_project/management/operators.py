"""Who runs a command on the host: every event of a command says so."""

import getpass
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from core import audit, aws


def os_user() -> str:
    """Return the name of the OS user, and of the one behind sudo."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"uid {os.getuid()}"
    behind = os.environ.get("SUDO_USER", "")
    return f"{name} (sudo by {behind})" if behind else name


@contextmanager
def acting() -> Iterator[dict[str, str]]:
    """Let every event of the block carry the OS user, the host and the caller's ARN; raise CooperError."""
    known = {
        "os_user": os_user(),
        "host": socket.gethostname(),
        "caller": aws.caller_identity().arn,
    }
    with audit.acting(source="command", extra=known):
        yield known

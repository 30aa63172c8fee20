"""Who runs a command on the host: every event of a command names them."""

import getpass
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from core import audit, aws


@dataclass(frozen=True)
class Operator:
    """Somebody at a shell of the host, and the AWS principal behind cooper's own credentials."""

    os_user: str
    host: str
    caller: str
    """An ARN."""


def os_user() -> str:
    """Return the name of the OS user, and of the one behind sudo."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        # a container's user may have no name
        name = f"uid {os.getuid()}"

    sudo_user = os.environ.get("SUDO_USER", "")
    return f"{name} (sudo by {sudo_user})" if sudo_user else name


@contextmanager
def acting() -> Iterator[Operator]:
    """Let every event of the block name the operator; raise CooperError when AWS does not."""
    operator = Operator(
        os_user=os_user(),
        host=socket.gethostname(),
        caller=aws.caller_identity().arn,
    )
    with audit.acting(source="command", extra=asdict(operator)):
        yield operator

"""Where the server listens."""

import errno
import socket

from django.conf import settings

from core import checks
from core.errors import CooperError


def chosen() -> tuple[str, int]:
    """Return the host and port of COOPER_BIND; raise CooperError when it cannot be read."""
    found = checks.bind_parts()
    if found is None:
        raise CooperError(
            f"COOPER_BIND is {settings.COOPER_BIND!r}; it has to be ADDRESS:PORT, as in 127.0.0.1:8000."
        )
    return found


def is_free(host: str, port: int) -> bool:
    """Return whether the port can be taken; raise CooperError for an address that is not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise CooperError(
                f"cooper cannot listen on {host}:{port}: {error.strerror}."
            ) from error
        return True


def refuse_taken(host: str, port: int) -> None:
    """Raise CooperError when the port is taken, naming the next free one."""
    if is_free(host, port):
        return
    free = next(
        (each for each in range(port + 1, min(port + 200, 65_536)) if is_free(host, each)), 0
    )
    advice = f" {free} is free: make demo PORT={free}, or --port {free}." if free else ""
    raise CooperError(f"Port {port} is taken.{advice}")

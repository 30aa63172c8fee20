"""The address that the server listens on."""

import errno
import socket

from django.conf import settings

from core import checks
from core.errors import CooperError

PORTS_TRIED = 200
"""How many ports above a taken one are looked at for a free one."""


def bind_address() -> tuple[str, int]:
    """Return the host and port of COOPER_BIND; raise CooperError when it cannot be read."""
    address = checks.parse_bind()
    if address is None:
        raise CooperError(
            f"COOPER_BIND is {settings.COOPER_BIND!r}; "
            "it has to be ADDRESS:PORT, as in 127.0.0.1:8000."
        )
    return address


def is_free(host: str, port: int) -> bool:
    """Return whether the port can be used.

    Raise CooperError for an address that is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as test_socket:
        test_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            test_socket.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            message = f"cooper cannot listen on {host}:{port}: {error.strerror}."
            raise CooperError(message) from error
    return True


def refuse_taken(host: str, port: int) -> None:
    """Raise CooperError when the port is taken, naming the next free one."""
    if is_free(host, port):
        return

    message = f"Port {port} is taken."
    free_port = _free_port_above(host, port)
    if free_port:
        message += f" {free_port} is free: make demo PORT={free_port}, or --port {free_port}."
    raise CooperError(message)


def _free_port_above(host: str, port: int) -> int:
    """Return the next free port, 0 when there is none near."""
    for candidate in range(port + 1, min(port + PORTS_TRIED, 65_536)):
        if is_free(host, candidate):
            return candidate
    return 0

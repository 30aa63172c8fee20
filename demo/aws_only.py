"""The embedded AWS in a process of its own, which prints the environment to reach it."""

import os
import shlex
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from cooper_project.setup import set_up
from demo import example_idp
from demo.seed import otpauth_of, seed, use_embedded_aws
from demo.seed_history import seed_history, steal_a_session
from embedded_aws import EmbeddedAws

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

OTPAUTH_VARIABLE = "DEMO_OTPAUTH"
"""Under this name the seeded AWS prints the address that Carol's authenticator app reads."""


def serve_aws(
    store: Path | None,
    port: int,
    *,
    seeded: bool,
    with_parent: bool,
    write: Callable[[str], None],
) -> None:
    """Serve the embedded AWS until a signal (`with_parent`: or the end of stdin).

    Print its environment, a variable a line, and then an empty line: it is up.
    """
    stop = threading.Event()
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: stop.set())
    if with_parent:
        threading.Thread(target=_stop_with_parent, args=(stop,), daemon=True).start()

    with EmbeddedAws(store=store, port=port) as aws:
        environment = aws.environment()
        if seeded:
            _seed(aws)
            environment[OTPAUTH_VARIABLE] = otpauth_of("carol")

        for name, value in environment.items():
            write(f"{name}={shlex.quote(value)}")
        write("")
        stop.wait()


def _seed(aws: EmbeddedAws) -> None:
    use_embedded_aws(aws)
    set_up(lambda _line: None)
    if seed():
        seed_history()
        steal_a_session()
    example_idp.register_idp(aws)


def _stop_with_parent(stop: threading.Event) -> None:
    """Set `stop` when whoever holds the other end of stdin is gone."""
    # unbuffered: a buffered reader's lock, held here, would break the interpreter's end
    while os.read(0, 4096):
        pass
    stop.set()


def read_environment(lines: list[str]) -> dict[str, str]:
    """Return the environment that `serve_aws` printed."""
    environment = {}
    for line in lines:
        name, _, value = line.strip().partition("=")
        environment[name] = "".join(shlex.split(value))
    return environment

"""A waitress server in a thread, on loopback alone."""

import threading
from contextlib import suppress
from typing import Any

from waitress.server import create_server
from waitress.wasyncore import loop

from embedded_aws.calls import WsgiApp

THREADS = 64
"""Enough that calls which tests let stall do not hold up the others."""

DRAIN_SECONDS = 2
"""In which the last calls may end."""


class LoopbackServer:
    """Serves a WSGI application on 127.0.0.1 until it is stopped.

    Raises OSError when the port is taken; port 0 takes any free one.
    """

    def __init__(self, app: WsgiApp, port: int) -> None:
        self._sockets: dict[int, Any] = {}
        self._server = create_server(
            app,
            # else waitress keeps its sockets in a global, beside those of other servers
            map=self._sockets,
            host="127.0.0.1",
            port=port,
            threads=THREADS,
            ident=None,
            connection_limit=1000,
            channel_timeout=300,
            clear_untrusted_proxy_headers=True,
        )
        self.port = int(self._server.effective_port)

        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="embedded-aws", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            # a thread of waitress may close a socket just when this one is about to wait for it
            with suppress(OSError, ValueError):
                loop(timeout=1, map=self._sockets, count=1)

        self._server.task_dispatcher.shutdown(timeout=DRAIN_SECONDS)
        for dispatcher in list(self._sockets.values()):
            dispatcher.close()

    def stop(self) -> None:
        """Finish what is being answered and give the port back."""
        self._stopping.set()
        # wakes the loop, unless it saw the event by itself and has closed everything already
        with suppress(OSError):
            self._server.pull_trigger()
        self._thread.join(timeout=5)

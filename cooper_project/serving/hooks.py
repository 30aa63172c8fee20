"""gunicorn's hooks."""

import signal
from typing import Any

secure_scheme_headers: dict[str, str] = {}
"""No header says that a request came by https: `core.middleware` reads those of trusted proxies."""


def pre_fork(server: Any, worker: Any) -> None:
    """Let a worker wait until it can serve, where others can meanwhile."""
    worker.may_wait = server.can_serve()


def post_worker_init(worker: Any) -> None:
    """Leave Ctrl-C to the main process, which ends each worker once, in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

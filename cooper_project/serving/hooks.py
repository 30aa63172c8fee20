"""gunicorn's hooks."""

import signal
from typing import Any


def post_worker_init(worker: Any) -> None:
    """Leave Ctrl-C to the process that began the workers; it ends each of them once, in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

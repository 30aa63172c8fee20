"""gunicorn's hooks."""

import signal
from typing import Any


def post_worker_init(worker: Any) -> None:
    """Leave Ctrl-C to the main process, which ends each worker once, in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

"""gunicorn's hooks."""

import os
import signal
from pathlib import Path
from typing import Any

from cooper_project.serving import metrics_files

secure_scheme_headers: dict[str, str] = {}
"""No header says that a request came by https: `core.middleware` reads those of trusted proxies."""


def pre_fork(server: Any, worker: Any) -> None:
    """Let a worker wait until it can serve, where others can meanwhile."""
    worker.may_wait = server.can_serve()


def post_fork(server: Any, worker: Any) -> None:
    """Take room for a worker's numbers; without it they are kept in memory, and nobody reads them.

    prometheus_client, which a worker imports after this, looks at the environment.
    """
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    if not folder:
        return
    try:
        metrics_files.take_room(Path(folder), os.getpid())
    except OSError as error:
        del os.environ["PROMETHEUS_MULTIPROC_DIR"]
        worker.log.error(
            "A worker's numbers are not on the metrics page: %s: %s. It serves all the same. "
            "Make room there, and reload.",
            folder,
            error.strerror,
        )


def post_worker_init(worker: Any) -> None:
    """Leave Ctrl-C to the main process, which ends each worker once, in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

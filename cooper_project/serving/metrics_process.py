"""`python -m cooper_project.serving.metrics_process PARENT`: serves the metrics page.

A process of its own: it answers while workers are stuck, replaced or away, and no request from
outside can reach it through them. It imports neither Django nor AWS, so it is small. It ends when
its parent, gunicorn's main process, is gone.
"""

import os
import signal
import sys
import time
from pathlib import Path

from prometheus_client import CollectorRegistry, start_http_server

from cooper_project.serving.worker_numbers import WorkerNumbers

LOOK_EVERY = 1.0
"""Seconds between two looks at whether the parent is still there."""


def main(parent: int) -> None:
    """Serve until the parent is gone."""
    # Ctrl-C is the main process's, which ends this one last
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    host, _, port = os.environ["COOPER_METRICS_BIND"].rpartition(":")

    registry = CollectorRegistry()
    registry.register(WorkerNumbers(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])))
    try:
        start_http_server(int(port), host.strip("[]"), registry)
    except OSError as error:
        sys.stderr.write(f"cooper cannot serve metrics on {host}:{port}: {error.strerror}.\n")
        sys.exit(1)

    while os.getppid() == parent:
        time.sleep(LOOK_EVERY)


if __name__ == "__main__":
    main(int(sys.argv[1]))

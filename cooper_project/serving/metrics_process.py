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


NOT_SERVED = (
    "cooper cannot serve metrics on {address}: {reason}. It serves everything else. Give each "
    "server of this host an address of its own (COOPER_METRICS_BIND), or off.\n"
)

ADD_UP_EVERY = 60
"""Looks of which one adds up what ended workers left, where nobody reads the page."""


def main(parent: int) -> None:
    """Serve until the parent is gone."""
    # Ctrl-C is the main process's, which ends this one last
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    host, _, port = os.environ["COOPER_METRICS_BIND"].rpartition(":")

    numbers = WorkerNumbers(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
    registry = CollectorRegistry()
    registry.register(numbers)
    try:
        start_http_server(int(port), host.strip("[]"), registry)
    except OSError as error:
        sys.stderr.write(NOT_SERVED.format(address=f"{host}:{port}", reason=error.strerror))
        sys.exit(1)

    looks = 0
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY)
        looks += 1
        if looks % ADD_UP_EVERY == 0:
            numbers.add_up_ended()


if __name__ == "__main__":
    main(int(sys.argv[1]))

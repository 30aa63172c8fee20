"""The metrics page's process, as gunicorn's main process keeps it running.

Nothing is imported here that imports ssl, such as prometheus_client: see
`cooper_project.serving.worker`.
"""

import os
import subprocess
import sys
import time
from typing import Any

from core.retry import Backoff

BACKOFF = Backoff(first=1.0, longest=60.0)
"""Pauses between starts: another server may have the port until it has ended."""


class MetricsChild:
    """Started where metrics are served at all, and again whenever it has ended."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._is_served = bool(os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self._next_start = 0.0

    def keep_running(self) -> None:
        """Start it unless it runs, or was started a moment ago."""
        if not self._is_served or time.monotonic() < self._next_start:
            return
        if self._is_running():
            return

        if self._process:
            self._log.error("The metrics page is not served. It is tried again.")

        self._next_start = time.monotonic() + BACKOFF.seconds(self._starts)
        self._starts += 1

        module = "cooper_project.serving.metrics_process"
        command = [sys.executable, "-m", module, str(os.getpid())]
        self._process = subprocess.Popen(command)  # noqa: S603 - our own interpreter

    def _is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def replace(self) -> None:
        """Let new code serve it, after a reload."""
        self.end()
        self._starts = 0
        self._next_start = 0.0

    def end(self) -> None:
        """End it."""
        if self._process:
            self._process.terminate()
            self._process.wait()
            self._process = None

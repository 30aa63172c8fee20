"""`python -m cooper_project.serving.main_process`: gunicorn, whose main process never gives up.

gunicorn's own ends everything as soon as one worker does not start, and at a reload it ends old
workers while the new ones still load. Here a worker ends once others have taken its place, and a
start that fails is tried again while the others go on.

Nothing of Django or AWS is imported here; see `cooper_project.serving.worker`.
"""

import signal
import time
from typing import Any

from gunicorn.app.wsgiapp import WSGIApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

from cooper_project.serving.metrics_child import MetricsChild
from cooper_project.serving.worker import CooperWorker, Stage
from core.retry import Backoff

BACKOFF = Backoff(first=1.0, longest=30.0)
"""Pauses before another worker is started when the last one failed."""


class MainProcess(Arbiter):  # type: ignore[misc]
    """Starts workers, and ends those that are replaced."""

    _workers_to_start = 0
    """How many workers the reload under way has still to start."""

    _has_answered = False
    """Whether any worker ever answered: if none did, another one would not either."""

    _failed_starts = 0
    """One after the other, since a worker last answered."""

    _next_start = 0.0
    """When a worker may be started again, in seconds of the monotonic clock."""

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self._metrics = MetricsChild(self.log)

    def handle_hup(self) -> None:
        """Replace every worker. gunicorn's own options come from the command line and stay."""
        self.log.reopen_files()
        self._workers_to_start = self.num_workers
        self._metrics.replace()

    def stop(self, graceful: bool = True) -> None:
        """End the workers, and then the metrics page, which tells how they end."""
        super().stop(graceful)
        self._metrics.end()

    def can_serve(self) -> bool:
        """Return whether some worker can serve now."""
        return any(worker.stage is Stage.SERVING for worker in self._active_workers())

    def manage_workers(self) -> None:
        """Start the workers that are missing, and end those that are replaced."""
        self._metrics.keep_running()
        workers = self._active_workers()
        if all(worker.stage for worker in workers):
            self._failed_starts = 0
        if time.monotonic() >= self._next_start:
            self._start_missing(workers)

        for worker in workers:
            if is_replaced(worker, workers, self.num_workers):
                worker.is_ending = True
                self.kill_worker(worker.pid, signal.SIGTERM)

    def _start_missing(self, workers: list[CooperWorker]) -> None:
        missing = self.num_workers - len(workers)
        for _ in range(missing):
            self.spawn_worker()

        # one after the other: they take the processors from those that serve
        is_one_starting = any(worker.stage is Stage.STARTING for worker in workers)
        if missing <= 0 and self._workers_to_start and not is_one_starting:
            self._workers_to_start -= 1
            self.spawn_worker()

    def reap_workers(self) -> None:
        """Forget the workers that have ended; go on if one of them had not even started."""
        workers = self._active_workers()
        self._has_answered = self._has_answered or any(worker.stage for worker in workers)

        while True:
            try:
                super().reap_workers()
                break
            except HaltServer:
                if not self._has_answered:
                    raise

        # without listeners it is all over anyway
        ended = [worker for worker in workers if worker.pid not in self.WORKERS]
        if self.LISTENERS and any(worker.stage is Stage.STARTING for worker in ended):
            self._put_off_next_start()

    def _put_off_next_start(self) -> None:
        pause = BACKOFF.seconds(self._failed_starts)
        self._failed_starts += 1
        self._next_start = time.monotonic() + pause

        if self._workers_to_start:
            self._workers_to_start = 0
            self.log.error("The reload failed: a new worker did not start. The old ones go on.")
        else:
            self.log.error("A worker did not start. The next one starts in %.0f s.", pause)

    def _active_workers(self) -> list[CooperWorker]:
        return [worker for worker in self.WORKERS.values() if not worker.is_ending]


def is_replaced(worker: CooperWorker, workers: list[CooperWorker], count: int) -> bool:
    """Return whether `count` of the workers are newer than this one and serve no worse."""
    stage = max(worker.stage, Stage.ANSWERING)
    newer = [other for other in workers if other.age > worker.age and other.stage >= stage]
    return len(newer) >= count


class Server(WSGIApplication):  # type: ignore[misc]
    """gunicorn's command line, for this main process."""

    def run(self) -> None:
        MainProcess(self).run()


if __name__ == "__main__":
    Server("%(prog)s [OPTIONS] [APP_MODULE]").run()

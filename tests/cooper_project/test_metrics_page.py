"""The metrics page of a real server: its own listener, which outlives workers and reloads."""

import os
import signal
import stat
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from embedded_aws import EmbeddedAws
from tests.support.served import Server, free_port, starting, wait_until


@pytest.fixture
def environment(store: EmbeddedAws, tmp_path: Path) -> dict[str, str]:
    return store.environment() | {
        "COOPER_EMBEDDED": "1",
        "COOPER_METRICS_BIND": f"127.0.0.1:{free_port()}",
        "RUNTIME_DIRECTORY": str(tmp_path),
    }


def read_page(environment: dict[str, str]) -> dict[tuple[str, ...], float]:
    """Return the samples of the page, by name and the values of their labels."""
    url = f"http://{environment['COOPER_METRICS_BIND']}/metrics"
    with urllib.request.urlopen(url, timeout=10) as response:
        text = response.read().decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def worker_starts(environment: dict[str, str]) -> float:
    """Return how many workers were started, 0 while nothing is served."""
    with suppress(OSError):
        return read_page(environment).get(("cooper_worker_starts_total",), 0)
    return 0


@contextmanager
def stopped(process_id: int) -> Iterator[None]:
    """Stop a process for the block, as a worker is that hangs."""
    os.kill(process_id, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process_id, signal.SIGCONT)


def folder_of(environment: dict[str, str], server: Server) -> Path:
    port = server.url.rpartition(":")[2]
    name = f"cooper-metrics-{os.geteuid()}-127.0.0.1-{port}"
    return Path(environment["RUNTIME_DIRECTORY"]) / name


def test_the_page_outlives_workers_and_reloads_and_is_not_the_public_server(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with starting(environment, tmp_path) as server:
        wait_until(lambda: worker_starts(environment) == 1)
        folder = folder_of(environment, server)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for path in ("/metrics", "/metrics/", "/login/../metrics"):
            assert server.get(path)[0] == 404

        files = {int(file.stem.rpartition("_")[2]) for file in folder.glob("counter_*.db")}
        [worker] = files
        with stopped(worker):
            assert worker_starts(environment) == 1

        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: worker not in server.worker_pids())
        wait_until(lambda: worker_starts(environment) == 2)
        assert (folder / "counter_ended.db").exists()
        assert not list(folder.glob(f"*_{worker}.db"))

        [page] = server.worker_pids() - {
            int(file.stem.rpartition("_")[2]) for file in folder.glob("counter_[0-9]*.db")
        }
        os.kill(page, signal.SIGKILL)
        wait_until(lambda: worker_starts(environment) == 2)

    with pytest.raises(OSError, match="refused"):
        read_page(environment)

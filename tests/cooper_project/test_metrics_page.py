"""The metrics page of a real server: its own listener, which outlives workers and reloads."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cooper_project import health
from cooper_project.checkup import startup
from cooper_project.serving import metrics_folder
from cooper_project.serving.worker_numbers import WorkerNumbers
from core import __version__, checks
from core.errors import CooperError
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

        wait_until(lambda: ("cooper_ready", "STS") in read_page(environment))
        numbers = read_page(environment)
        assert {numbers["cooper_ready", service] for service in health.CHECKS} == {1}
        assert numbers["cooper_catalogue_items", "target"] > 3
        assert numbers["cooper_grants_total", "done", "console"] == 0
        assert numbers["cooper_aws_call_seconds_count", "GetCallerIdentity", "sts"] >= 1
        assert numbers["cooper_build_info", __version__] == 1

        workers = {int(file.stem.rpartition("_")[2]) for file in folder.glob("counter_[0-9]*.db")}
        [page] = server.worker_pids() - workers
        os.kill(page, signal.SIGKILL)
        wait_until(lambda: worker_starts(environment) == 2)

    with pytest.raises(OSError, match="refused"):
        read_page(environment)
    lines = [json.loads(line) for line in log_lines_after_start(server)]
    # one of gunicorn's main process, one of a worker
    assert "The metrics page is not served. It is tried again." in [
        line["message"] for line in lines
    ]
    assert "cooper.access" in {line["logger"] for line in lines}


def log_lines_after_start(server: Server) -> list[str]:
    """Return the lines after what the command said of its settings, which people read."""
    lines = server.log.read_text().splitlines()
    return [line for line in lines if not line.startswith("warning: ")]


def test_it_refuses_a_folder_of_somebody_else_and_empties_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"{tmp_path}:/elsewhere")
    settings.COOPER_BIND = "[::1]:8000"
    folder = metrics_folder.make()
    assert folder.parent == tmp_path and stat.S_IMODE(folder.stat().st_mode) == 0o700
    (folder / "counter_1.db").write_bytes(b"x")
    assert metrics_folder.make() == folder and not list(folder.iterdir())

    monkeypatch.setattr("os.geteuid", lambda: 4711)
    other = metrics_folder.path()
    other.mkdir()
    with pytest.raises(CooperError, match="is not cooper's own folder"):
        metrics_folder.make()
    other.rmdir()
    other.symlink_to(folder)
    with pytest.raises(CooperError, match="COOPER_METRICS_BIND=off"):
        metrics_folder.refuse_foreign()
    monkeypatch.setattr("os.geteuid", os.getuid)
    other.unlink()


@pytest.mark.parametrize(
    ("bind", "id_"),
    [
        ("nowhere", "E017"),
        ("127.0.0.1:8000", "E017"),
        ("127.0.0.1:99999", "E017"),
        ("0.0.0.0:9464", "W007"),
        ("127.0.0.1:9464", ""),
        ("off", ""),
        ("", ""),
    ],
)
def test_its_address_is_looked_at(settings: Any, bind: str, id_: str) -> None:
    settings.COOPER_METRICS_BIND = bind
    settings.COOPER_BIND = "127.0.0.1:8000"
    assert [str(message.id) for message in checks.check_metrics()] == [f"cooper.{id_}"][: len(id_)]


@pytest.mark.parametrize("is_chosen", [False, True])
def test_a_taken_address_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, settings: Any, is_chosen: bool
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings.COOPER_METRICS_BIND = f"127.0.0.1:{other.getsockname()[1]}"
        monkeypatch.delenv("COOPER_METRICS_BIND", raising=False)
        if is_chosen:
            monkeypatch.setenv("COOPER_METRICS_BIND", settings.COOPER_METRICS_BIND)
        result = startup.Result()
        startup._look_at_metrics_address(result)
    assert not result.refusals and "is taken. Give each server of this host" in result.warnings[0]


def test_a_second_server_on_a_host_serves_without_the_page_until_it_is_free(
    environment: dict[str, str], tmp_path: Path
) -> None:
    host, _, port = environment["COOPER_METRICS_BIND"].rpartition(":")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((host, int(port)))
        other.listen()
        with starting(environment, tmp_path) as server:
            wait_until(lambda: server.get("/healthz")[0] == 200)
            wait_until(lambda: "cooper cannot serve metrics on" in server.log.read_text())
            assert "is taken. Give each server of this host" in server.log.read_text()
            other.close()
            wait_until(lambda: worker_starts(environment) == 1)


def test_numbers_of_ended_workers_are_added_up(tmp_path: Path) -> None:
    """Written by processes of their own, as workers are; none of them runs any more."""
    script = (
        "from prometheus_client import Counter, Gauge, Histogram\n"
        "Counter('c', 'c', ['l']).labels('x').inc(2)\n"
        "Histogram('h', 'h', buckets=[1]).observe(0.5)\n"
        "Gauge('g', 'g', multiprocess_mode='livesum').set(7)\n"
    )
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    numbers = WorkerNumbers(tmp_path)
    for count in (1, 2, 3):
        subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=60)
        samples = {s.name: s.value for family in numbers.collect() for s in family.samples}
        assert samples["c_total"] == 2 * count
        assert (samples["h_count"], samples["h_sum"]) == (count, 0.5 * count)
        assert "g" not in samples
        assert len(list(tmp_path.iterdir())) == 2

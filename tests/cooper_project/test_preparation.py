"""A worker tries until it may answer, is warm before it counts, and ends once it is replaced."""

import gc
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.template import engines
from django.test import Client

from cooper_project import preparation, warm_up
from cooper_project.preparation import FAILED, Preparation
from cooper_project.serving.main_process import is_replaced
from cooper_project.serving.worker import Stage
from core import aws, metrics
from core.errors import CooperError, Unavailable
from core.retry import Backoff
from embedded_aws import EmbeddedAws
from tests.support import faults
from tests.support.faults import Fault
from tests.support.served import wait_until


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "BACKOFF", Backoff(first=0.001, longest=0.002))


def failing(*errors: Exception) -> Any:
    """Return what prepares: it fails in these ways first, and works then."""
    left: Iterator[Exception] = iter(errors)

    def prepare() -> None:
        error = next(left, None)
        if error:
            raise error

    return prepare


# -- until it may answer
def test_it_tries_again_until_it_works_and_logs_each_reason_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = Unavailable("DynamoDB did not answer.", "timed out")
    refused = CooperError("Not set up.", "no item schema")
    process = Preparation(failing(away, away, away, refused, refused))
    with caplog.at_level(logging.WARNING):
        process.start(lambda: None)
        wait_until(lambda: process.is_done)
    assert [record.getMessage().rpartition(": ")[2] for record in caplog.records] == [
        "timed out",
        "no item schema",
    ]


def test_it_does_not_end_by_an_error_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    process = Preparation(failing(ZeroDivisionError(), ZeroDivisionError()))
    process.start(lambda: None)
    wait_until(lambda: process.is_done)
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_a_worker_whose_policy_is_an_older_cooper_s_says_what_it_lacks(
    store: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the tables of tests are the demo's
    monkeypatch.setattr(preparation, "is_embedded", lambda: True)
    preparation.prepare()
    denied = Fault("dynamodb", "BatchGetItem", mode="deny")
    with faults.on(denied), pytest.raises(CooperError, match="lacks dynamodb:BatchGetItem"):
        preparation.prepare()


def test_it_may_answer_nothing_before_it_has_started() -> None:
    process = Preparation(failing())
    assert process.problem
    assert not process.is_done
    assert process.problem != FAILED


# -- warm
def test_it_is_warm_before_it_takes_its_place() -> None:
    process = Preparation(failing(Unavailable("away")))
    seen: list[tuple[str, bool]] = []
    process.start(lambda: seen.append((process.problem, process.is_done)))
    wait_until(lambda: process.is_done)
    assert seen == [("", False)]


def test_it_compiles_every_template_of_cooper(store: EmbeddedAws) -> None:
    engine: Any = engines["django"]
    [loader] = engine.engine.template_loaders
    loader.reset()
    warm_up.warm_up(WSGIHandler())
    compiled = {key for key, template in loader.get_template_cache.items() if template}
    names = {
        str(path.relative_to(settings.BASE_DIR / "templates"))
        for path in (settings.BASE_DIR / "templates").rglob("*.html")
    }
    assert len(names) > 20
    assert names <= compiled


def test_it_gets_a_page_as_a_load_balancer_does(store: EmbeddedAws) -> None:
    assert warm_up.ask(WSGIHandler(), warm_up.PAGES[0]) > 1000


def test_it_goes_the_way_of_real_requests_and_writes_nothing(store: EmbeddedAws) -> None:
    calls: list[str] = []

    def note(model: Any, **_: Any) -> None:
        calls.append(model.name)

    aws.client("dynamodb").meta.events.register("before-call", note)
    warm_up.warm_up(WSGIHandler())
    aws.client("dynamodb").meta.events.unregister("before-call", note)

    # who asks, and how things stand; and what a grant rests on
    assert {"BatchGetItem", "TransactGetItems"} <= set(calls)
    assert not [name for name in calls if "Put" in name or "Write" in name or "Update" in name]


def test_what_it_asks_of_itself_is_neither_counted_nor_logged(
    store: EmbeddedAws, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cooper.access")
    handler = WSGIHandler()
    before = requests_counted()
    warm_up.warm_up(handler)
    assert requests_counted() == before and caplog.records == []

    Client().get("/login/", headers={"cooper-rehearsal": "1"})
    assert requests_counted() == before + 1
    assert [record.name for record in caplog.records] == ["cooper.access"]


def requests_counted() -> float:
    [metric] = metrics.REQUEST_SECONDS.collect()
    [count] = [sample.value for sample in metric.samples if sample.name.endswith("_count")]
    return float(count)


def test_what_is_there_when_a_worker_is_warm_is_left_alone_by_the_collector() -> None:
    thresholds = gc.get_threshold()
    try:
        warm_up.spare_the_collector()
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold()[0] == warm_up.GARBAGE_THRESHOLD
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)


def test_it_serves_even_if_it_could_not_warm_up() -> None:
    def broken(environ: object, start_response: object) -> None:
        raise ZeroDivisionError

    warm_up.warm_up(broken)


# -- replaced
STARTING, ANSWERING, SERVING = Stage


class FakeWorker:
    def __init__(self, age: int, stage: Stage) -> None:
        self.age = age
        self.stage = stage


@pytest.mark.parametrize(
    ("stages", "replaced"),
    [
        ([SERVING, SERVING], []),
        ([STARTING, STARTING], []),
        ([SERVING, SERVING, STARTING], []),
        ([SERVING, SERVING, ANSWERING, ANSWERING], []),
        ([SERVING, SERVING, SERVING], [0]),
        ([SERVING, SERVING, SERVING, STARTING], [0]),
        ([SERVING, SERVING, SERVING, SERVING], [0, 1]),
        ([ANSWERING, ANSWERING, ANSWERING, STARTING], [0]),
        ([STARTING, STARTING, SERVING, SERVING], [0, 1]),
        ([SERVING, SERVING, STARTING, STARTING, STARTING], []),
    ],
)
def test_a_worker_ends_once_as_many_newer_ones_serve_no_worse(
    stages: list[Stage], replaced: list[int]
) -> None:
    workers: list[Any] = [FakeWorker(age, stage) for age, stage in enumerate(stages)]
    ending = [worker.age for worker in workers if is_replaced(worker, workers, 2)]
    assert ending == replaced

"""Services that are slow, down, throttled or refuse: told within seconds, and nothing is handed out."""

import time

import pytest

from cooper_project.health import Report, Watch, look
from tests import faults
from tests.faults import Fault

PAGE, GRANT = 5.5, 10.5
"""Seconds in which a page and a grant answer, whatever AWS does."""

DOWN = 503


def timed(deed):
    begun = time.monotonic()
    answer = deed()
    return answer, time.monotonic() - begun


@pytest.mark.parametrize("mode", ["stall", "reset", "throttle", "error"])
@pytest.mark.parametrize("address", ["/", "/targets/dev-read/", "/admin/brokers/target/"])
def test_it_says_within_seconds_that_dynamodb_does_not_answer(client_of, mode, address):
    browser = client_of("carol" if "admin" in address else "alice")
    with faults.on(Fault("dynamodb", mode=mode, status=503)):
        answer, seconds = timed(lambda: browser.get(address))
    assert answer.status_code == DOWN and seconds < PAGE
    assert "DynamoDB" in answer.text and answer.headers["X-Request-Id"] in answer.text


@pytest.mark.parametrize(
    ("service", "target", "said"),
    [("sts", "dev-read", "AWS"), ("sts", "dev-uploads", "AWS"), ("kms", "dev-uploads", "AWS")],
)
@pytest.mark.parametrize("mode", ["stall", "error"])
def test_it_says_within_ten_seconds_that_a_grant_cannot_be(client_of, store, mode, service, target, said):
    alice, issued = client_of("alice"), len(store.issued)
    with faults.on(Fault(service, mode=mode, status=503, code="ServiceUnavailable")):
        answer, seconds = timed(lambda: alice.post(f"/targets/{target}/credentials/", {"duration": 900}))
    assert answer.status_code == DOWN and seconds < GRANT and said in answer.text
    assert answer.headers["X-Request-Id"] in answer.text and len(store.issued) == issued


def test_it_signs_nobody_in_while_dynamodb_does_not_answer(client_of):
    with faults.on(Fault("dynamodb", mode="stall")):
        answer, seconds = timed(
            lambda: client_of(None).post("/login/", {"username": "alice", "password": "cooper-demo"})
        )
    assert answer.status_code == DOWN and seconds < PAGE and "sessionid" not in answer.cookies


# -- readiness --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("service", "told"), [("dynamodb", {"DynamoDB", "audit"}), ("kms", {"KMS"}), ("sts", {"STS"})])
def test_it_is_not_ready_without_a_service_and_knows_which(store, service, told):
    assert look().ready
    with faults.on(Fault(service, mode="error", status=503)):
        assert set(look().wrong) == told


def test_it_asks_aws_at_most_every_ten_seconds_however_often_it_is_asked():
    asked = []

    def check() -> Report:
        asked.append(1)
        return Report(at=time.monotonic())

    watch = Watch(check)
    assert all(watch.report().ready for _ in range(200)) and len(asked) == 1


def test_it_tells_details_to_administrators_alone(client_of, monkeypatch):
    monkeypatch.setattr("cooper_project.health.watch", Watch(lambda: Report({"KMS": "detail"}, time.monotonic())))
    for person, told in ((None, False), ("alice", False), ("carol", True)):
        answer = client_of(person).get("/readyz")
        assert answer.status_code == DOWN and answer.text.startswith("not ready") and ("detail" in answer.text) is told


def test_it_says_that_the_process_lives_whatever_aws_does(client_of):
    with faults.on(Fault("dynamodb", mode="error", status=503)):
        assert client_of(None).get("/healthz").text == "ok"

"""Services that are slow, down or refuse: people learn it in seconds, nothing is handed out."""

import time

import pytest

from accounts import throttle
from cooper_project.health import Report, Watch, check_services
from core import __version__, aws
from core.errors import Unavailable
from tests.support import faults
from tests.support.events import all_events
from tests.support.faults import Fault

PAGE, GRANT = 5.5, 10.5
"""Seconds in which a page and a grant answer, whatever AWS does."""

DOWN = 503


def timed(operation):
    begun = time.monotonic()
    answer = operation()
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
def test_it_says_within_ten_seconds_that_a_grant_cannot_be(
    client_of, store, mode, service, target, said
):
    alice, issued = client_of("alice"), len(store.issued)
    with faults.on(Fault(service, mode=mode, status=503, code="ServiceUnavailable")):
        answer, seconds = timed(
            lambda: alice.post(f"/targets/{target}/credentials/", {"duration": 900})
        )
    assert answer.status_code == DOWN and seconds < GRANT and said in answer.text
    assert answer.headers["X-Request-Id"] in answer.text and len(store.issued) == issued


SIGN_IN_STALLS = (Fault("signin", mode="stall"),)
SIGN_IN_DRIPS = (Fault("signin", mode="drip", seconds=0.8),)
BOTH_ARE_SLOW = (Fault("sts", mode="stall", seconds=3.0), *SIGN_IN_DRIPS)
STS_SLOWER = (
    Fault("sts", mode="throttle", times=1),
    Fault("sts", mode="stall", seconds=3.0),
    *SIGN_IN_STALLS,
)


@pytest.mark.parametrize(
    ("slow", "most"),
    [(SIGN_IN_STALLS, 8.0), (SIGN_IN_DRIPS, 8.0), (BOTH_ARE_SLOW, GRANT), (STS_SLOWER, GRANT)],
    ids=[
        "sign-in stalls",
        "sign-in drips",
        "STS slow, sign-in drips",
        "STS throttles and is slow, sign-in stalls",
    ],
)
def test_it_gives_a_slow_sign_in_up_within_the_grant_s_deadline(client_of, slow, most):
    alice = client_of("alice")
    with faults.on(*slow):
        answer, seconds = timed(lambda: alice.post("/targets/dev-read/console/", {"duration": 900}))
    assert answer.status_code == DOWN and seconds < most and "Location" not in answer.headers
    assert "Nothing was handed out" in answer.text
    kinds = sorted(each.event for each in all_events() if each.event.startswith("grant:"))
    assert kinds == ["grant:begin:intended", "grant:finish:failed"]


def test_it_keeps_time_to_record_that_sts_did_not_answer(client_of, monkeypatch):
    monkeypatch.setattr("brokers.grants.limits.DEADLINE", 3)
    alice = client_of("alice")
    with faults.on(Fault("sts", mode="stall")):
        answer, seconds = timed(
            lambda: alice.post("/targets/dev-read/credentials/", {"duration": 900})
        )
    assert answer.status_code == DOWN and seconds < GRANT and "AWS" in answer.text
    kinds = sorted(each.event for each in all_events() if each.event.startswith("grant:"))
    assert kinds == ["grant:begin:intended", "grant:finish:failed"]


def test_it_knows_what_a_deadline_leaves():
    assert aws.seconds_left(5.0) == 5.0
    with aws.deadline(2.0):
        assert 1.5 < aws.seconds_left(5.0) <= 2.0 and 0.5 < aws.seconds_left(5.0, spare=1.0) <= 1.0
        with pytest.raises(Unavailable):
            aws.seconds_left(5.0, spare=2.5)


def test_it_waits_for_no_call_past_the_deadline(store):
    def ask():
        with aws.deadline(1.0), pytest.raises(Unavailable):
            aws.call(aws.client("sts").get_caller_identity)

    with faults.on(Fault("sts", mode="stall")):
        assert timed(ask)[1] < 2.5


def test_it_signs_nobody_in_while_dynamodb_does_not_answer(client_of):
    with faults.on(Fault("dynamodb", mode="stall")):
        answer, seconds = timed(
            lambda: client_of(None).post(
                "/login/", {"username": "alice", "password": "cooper-demo"}
            )
        )
    assert answer.status_code == DOWN and seconds < PAGE and "sessionid" not in answer.cookies


def test_it_says_that_a_write_without_an_answer_may_have_been_saved(store):
    lost = Fault("dynamodb", "UpdateItem", mode="lost")
    with faults.on(lost), pytest.raises(Unavailable, match="may or may not have been saved"):
        throttle.count("anything", 60)


# -- readiness -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("service", "told"), [("dynamodb", {"DynamoDB", "audit"}), ("kms", {"KMS"}), ("sts", {"STS"})]
)
def test_it_is_not_ready_without_a_service_and_knows_which(store, service, told):
    assert check_services().ready
    with faults.on(Fault(service, mode="error", status=503)):
        assert set(check_services().problems) == told


def test_it_asks_aws_seldom_however_often_it_is_asked():
    asked = []

    def check() -> Report:
        asked.append(1)
        return Report(at=time.monotonic())

    watch = Watch(check)
    assert all(watch.report().ready for _ in range(200)) and len(asked) == 1


def test_it_tells_details_to_administrators_alone(client_of, monkeypatch):
    monkeypatch.setattr(
        "cooper_project.health.watch", Watch(lambda: Report({"KMS": "detail"}, time.monotonic()))
    )
    for person, told in ((None, False), ("alice", False), ("carol", True)):
        answer = client_of(person).get("/readyz")
        assert (
            answer.status_code == DOWN
            and answer.text.startswith("not ready")
            and ("detail" in answer.text) is told
        )


def test_it_says_that_the_process_lives_whatever_aws_does(client_of):
    with faults.on(Fault("dynamodb", mode="error", status=503), may_miss=True):
        assert client_of(None).get("/healthz").text == f"cooper {__version__} ok"

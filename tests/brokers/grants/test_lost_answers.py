"""An STS call whose answer is lost may have issued a session: once, said so, and never repeated."""

from datetime import UTC, datetime

import pytest
from urllib3.exceptions import NewConnectionError

from brokers.errors import MayBeIssued
from brokers.grants import active_grants_for
from core import aws
from core.audit import AuditEvent
from core.aws import tries, whole_answers
from core.errors import Unavailable
from tests.support import faults
from tests.support.codes import next_code
from tests.support.events import all_events
from tests.support.faults import Fault
from tests.support.grants import become

ALICE = "local:alice"
TARGETS = {"dev-read": "AssumeRole", "dev-uploads": "GetFederationToken"}
LOST = ("reset", "lost", "torn", "cut", "garbled", "empty", "bare")
DOUBT = "AWS may have issued the session all the same"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """Let nothing wait before it is repeated."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)


def outcome() -> AuditEvent:
    [event] = [each for each in all_events() if each.event.startswith("grant:finish:")]
    return event


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("mode", LOST)
def test_a_lost_answer_is_the_last_try_and_leaves_doubt(identity, target, mode):
    alice = identity("alice")
    fault = Fault("sts", TARGETS[target], mode=mode)
    with faults.on(fault) as [active], pytest.raises(MayBeIssued) as error:
        become(alice, target)

    assert active.hit == faults.count("sts", TARGETS[target]) == 1
    assert DOUBT in error.value.message and "Nothing was handed out" in error.value.message
    assert outcome().event == "grant:finish:failed"
    assert outcome().facts["sts_attempts"] == 1 and outcome().facts["may_have_been_issued"]
    [grant] = active_grants_for(ALICE, datetime.now(UTC))
    assert grant.is_uncertain and grant.event.grant == outcome().grant


def test_an_answer_that_does_not_come_in_time_is_the_last_try(identity, monkeypatch):
    monkeypatch.setitem(aws.LIMITS, "sts", (1.0, 0.3, 2))
    aws.forget_clients()
    alice = identity("alice")
    with faults.on(Fault("sts", mode="stall", seconds=3)), pytest.raises(MayBeIssued, match=DOUBT):
        become(alice)
    aws.forget_clients()
    assert faults.count("sts") == 1 and outcome().facts["may_have_been_issued"]


@pytest.mark.parametrize(
    ("status", "code"), [(502, "BadGateway"), (504, "GatewayTimeout"), (500, ""), (503, "503")]
)
def test_an_error_that_is_not_sts_s_own_is_no_answer(identity, status, code):
    alice = identity("alice")
    fault = Fault("sts", "AssumeRole", status=status, code=code)
    with faults.on(fault) as [active], pytest.raises(Unavailable, match=DOUBT):
        become(alice)
    assert active.hit == 1 and outcome().facts["may_have_been_issued"]


ANSWERED = {
    "throttled": Fault("sts", mode="throttle"),
    "not available": Fault("sts", status=503, code="ServiceUnavailable"),
    "an internal failure": Fault("sts", status=500, code="InternalFailure"),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("answer", ANSWERED)
def test_an_answered_error_is_repeated_and_counted(identity, target, answer):
    alice = identity("alice")
    error = ANSWERED[answer]
    once = Fault("sts", mode=error.mode, status=error.status, code=error.code, times=1)
    with faults.on(once) as [active]:
        assert become(alice, target).credentials
    assert active.hit == 1 and outcome().facts["sts_attempts"] == 2
    assert "may_have_been_issued" not in outcome().facts


@pytest.mark.parametrize("answer", ANSWERED)
def test_an_answered_error_leaves_no_doubt(identity, answer):
    alice = identity("alice")
    with faults.on(ANSWERED[answer]) as [active], pytest.raises(Unavailable) as error:
        become(alice)
    assert DOUBT not in error.value.message and active.hit == outcome().facts["sts_attempts"] == 2
    assert "may_have_been_issued" not in outcome().facts
    assert active_grants_for(ALICE, datetime.now(UTC)) == []


def test_a_refusal_leaves_no_doubt(identity):
    alice = identity("alice")
    denied = Fault("sts", mode="deny")
    with faults.on(denied) as [active], pytest.raises(Unavailable, match="trust policy") as error:
        become(alice)
    assert DOUBT not in error.value.message and active.hit == 1
    assert outcome().facts["sts_attempts"] == 1


def test_a_lost_answer_after_a_throttled_one_leaves_doubt(identity):
    alice = identity("alice")
    answers = Fault("sts", mode="throttle", times=1), Fault("sts", mode="lost")
    with faults.on(*answers) as active, pytest.raises(MayBeIssued):
        become(alice)
    assert [fault.hit for fault in active] == [1, 1] and outcome().facts["sts_attempts"] == 2


def refuse_connections(monkeypatch, times: int) -> list[object]:
    """Let STS's next connections be refused; return those that were."""
    refused = []
    connect = whole_answers._Timed.connect

    def refuse(connection):
        current = tries._tries.get()
        if current and current.is_sending and len(refused) < times:
            refused.append(connection)
            raise NewConnectionError(connection, "refused")
        connect(connection)

    monkeypatch.setattr(whole_answers._Timed, "connect", refuse)
    aws.forget_clients()
    return refused


def test_a_call_that_never_got_out_is_repeated(identity, monkeypatch):
    alice = identity("alice")
    refused = refuse_connections(monkeypatch, times=1)
    assert become(alice).credentials
    assert len(refused) == 1 and outcome().facts["sts_attempts"] == 1


def test_calls_that_never_got_out_leave_no_doubt(identity, monkeypatch):
    alice = identity("alice")
    refused = refuse_connections(monkeypatch, times=9)
    with pytest.raises(Unavailable, match="did not answer") as error:
        become(alice)
    assert len(refused) == aws.LIMITS["sts"][2] and DOUBT not in error.value.message
    assert outcome().event == "grant:finish:failed" and outcome().facts["sts_attempts"] == 0
    assert active_grants_for(ALICE, datetime.now(UTC)) == []


def test_a_sign_in_that_fails_leaves_no_doubt_about_sts(client_of):
    alice = client_of("alice")
    with faults.on(Fault("signin", mode="reset")) as [active]:
        answer = alice.post("/targets/dev-read/console/", {"duration": "900"})
    assert active.hit and answer.status_code == 503 and DOUBT not in answer.text
    assert outcome().facts["sts_attempts"] == 1 and "may_have_been_issued" not in outcome().facts


def test_a_person_reads_of_the_doubt_and_so_does_the_audit_log(client_of):
    alice = client_of("alice")
    with faults.on(Fault("sts", mode="lost")):
        answer = alice.post("/targets/dev-read/credentials/", {"duration": "900"})
    assert answer.status_code == 503 and DOUBT in answer.text
    assert "may have been issued" in client_of("carol").get("/admin/cooper/auditevent/").text


# -- what is not a grant ---------------------------------------------------------------------------
def test_other_calls_of_sts_are_repeated(store):
    with aws.counted_tries() as counted, faults.on(Fault("sts", mode="lost", times=1)) as [lost]:
        assert aws.caller_identity().arn
    assert lost.hit == 1 and counted.sent == 0 and not counted.is_unanswered


def test_a_probe_s_call_is_repeated(client_of):
    carol = client_of("carol")
    with faults.on(Fault("sts", "AssumeRole", mode="reset", times=1)) as [lost]:
        carol.post("/admin/brokers/target/dev-read/try/", {"code": next_code("carol")})
    assert lost.hit == 1 and faults.count("sts", "AssumeRole") > 1

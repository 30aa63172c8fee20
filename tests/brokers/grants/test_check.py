"""The check after the intent: what is taken away is seen, or the intent was there before that."""

import json
from datetime import UTC, datetime

import pytest

from accounts.models import Attempt, WebSession
from accounts.sessions import SessionStore
from brokers import catalogue
from brokers.errors import ChangedMeanwhile, TooMany
from brokers.grants import active_grants_for, issue, limits
from brokers.grants.check import check
from core.audit import AuditEvent
from core.dynamo.conflicts import TRIES
from core.errors import Unavailable
from core.retry import Backoff
from tests.support import faults
from tests.support.codes import give_device, next_code
from tests.support.events import all_events
from tests.support.faults import Fault
from tests.support.grants import become, web_session_of
from tests.support.removals import ALICE, DEV, REMOVALS

READ = "TransactGetItems"


def grant_events() -> list[AuditEvent]:
    events = [event for event in all_events() if event.event.startswith("grant:")]
    return sorted(events, key=lambda event: str(event.at))


def kinds() -> list[str]:
    return [str(event.event) for event in grant_events()]


STOPPED = ["grant:begin:intended", "grant:finish:refused"]


@pytest.mark.parametrize("removal", REMOVALS, ids=lambda removal: removal.__name__)
def test_a_removal_between_intent_and_check_is_seen(identity, store, monkeypatch, removal):
    def remove_and_check(claim):
        assert kinds() == ["grant:begin:intended"]
        removal()
        return check(claim)

    alice, issued = identity("alice"), len(store.issued)
    monkeypatch.setattr(issue, "check", remove_and_check)
    with pytest.raises(REMOVALS[removal]) as refusal:
        become(alice)

    assert len(store.issued) == issued and faults.count("sts") == 0
    assert kinds() == STOPPED
    outcome = grant_events()[1]
    assert outcome.why == refusal.value.detail and outcome.facts["checked_at"]
    assert active_grants_for(ALICE, datetime.now(UTC)) == []


@pytest.mark.parametrize("removal", REMOVALS, ids=lambda removal: removal.__name__)
def test_a_removal_between_check_and_sts_finds_the_grant_listed(identity, monkeypatch, removal):
    listed = []

    def check_and_remove(claim):
        confirmed = check(claim)
        removal()
        listed.extend(active_grants_for(ALICE, datetime.now(UTC)))
        return confirmed

    alice = identity("alice")
    monkeypatch.setattr(issue, "check", check_and_remove)
    issued = become(alice)

    # whoever took it away was shown the grant, under the names that it has in AWS
    [active] = listed
    assert active.event.grant == issued.grant_id and active.is_uncertain
    assert active.session_name == issued.credentials.session_name
    [active] = active_grants_for(ALICE, datetime.now(UTC))
    assert active.event.event == "grant:finish:done"


def test_the_outcome_says_when_it_was_checked_and_how_often_sts_was_asked(identity):
    begun = datetime.now(UTC)
    become(identity("alice"))
    facts = grant_events()[1].facts
    assert begun <= datetime.fromisoformat(facts["checked_at"]) <= datetime.now(UTC)
    assert facts["sts_attempts"] == 1


def test_it_goes_on_with_what_the_check_has_read(identity):
    stale = catalogue.current()
    stale.accounts["222222222222"].external_id = "stale"
    # AWS would refuse an ExternalId that is not the stored one
    assert become(identity("alice"), catalogue_now=stale).credentials


# -- the web session -------------------------------------------------------------------------------
def test_it_grants_nothing_without_a_web_session(identity, store):
    issued = len(store.issued)
    with pytest.raises(ChangedMeanwhile, match="Sign in again"):
        become(identity("alice"), web_session="")
    assert kinds() == ["grant:begin:refused"] and len(store.issued) == issued


def test_it_grants_nothing_in_somebody_else_s_web_session(identity, store):
    alice, issued = identity("alice"), len(store.issued)
    with pytest.raises(ChangedMeanwhile, match="Sign in again"):
        become(alice, web_session=web_session_of(identity("bob")))
    assert kinds() == STOPPED and len(store.issued) == issued


def test_a_browser_s_own_web_session_is_what_is_checked(client_of, monkeypatch, settings):
    alice, other = client_of("alice"), client_of("alice")
    key = alice.cookies[settings.SESSION_COOKIE_NAME].value

    def sign_out_and_check(claim):
        SessionStore().delete(key)
        return check(claim)

    monkeypatch.setattr(issue, "check", sign_out_and_check)
    answer = alice.post(f"/targets/{DEV}/credentials/", {"duration": "900"})
    assert answer.status_code == 403 and "Sign in again" in answer.text
    answer = other.post(f"/targets/{DEV}/credentials/", {"duration": "900"})
    assert answer.status_code == 200


# -- a check that cannot be made -------------------------------------------------------------------
def absent_answers(body: bytes) -> bytes:
    return json.dumps({"Responses": [{} for _ in json.loads(body)["Responses"]]}).encode()


def one_less(body: bytes) -> bytes:
    return json.dumps({"Responses": json.loads(body)["Responses"][:-1]}).encode()


@pytest.mark.parametrize(
    "fault",
    [
        Fault("dynamodb", READ, mode="cut"),
        Fault("dynamodb", READ, mode="absent"),
        Fault("dynamodb", READ, mode="signed", change=absent_answers),
        Fault("dynamodb", READ, mode="signed", change=one_less),
        Fault("dynamodb", READ, mode="torn"),
        Fault("dynamodb", READ, mode="reset"),
        Fault("dynamodb", READ, mode="error", status=503),
        Fault("dynamodb", READ, mode="throttle"),
        Fault("dynamodb", READ, mode="deny"),
    ],
    ids=lambda fault: f"{fault.mode} {fault.change.__name__}",
)
def test_a_check_without_a_whole_answer_grants_nothing(client_of, store, fault):
    alice, issued = client_of("alice"), len(store.issued)
    with faults.on(fault) as [active]:
        answer = alice.post(f"/targets/{DEV}/credentials/", {"duration": "900"})
    assert active.hit and answer.status_code in (403, 503)
    assert len(store.issued) == issued and faults.count("sts") == 0
    assert kinds() == STOPPED and grant_events()[1].why


def cancelled(**more: object) -> Fault:
    reasons = {"CancellationReasons": [{"Code": "TransactionConflict"}]}
    code = "TransactionCanceledException"
    return Fault("dynamodb", READ, status=400, code=code, more=reasons, **more)


def test_a_check_that_a_write_cancels_is_repeated(identity):
    alice = identity("alice")
    with faults.on(cancelled(times=3)) as [fault]:
        assert become(alice).credentials
    assert fault.hit == 3 and faults.count("dynamodb", READ) == 4


def test_a_check_that_writes_cancel_each_time_says_busy(client_of, store, monkeypatch):
    monkeypatch.setattr("core.dynamo.conflicts.time.sleep", lambda seconds: None)
    alice, issued = client_of("alice"), len(store.issued)
    with faults.on(cancelled()) as [fault]:
        answer = alice.post(f"/targets/{DEV}/credentials/", {"duration": "900"})
    assert fault.hit == TRIES and answer.status_code == 503
    assert "busy" in answer.text and "removed" not in answer.text
    assert kinds() == STOPPED and len(store.issued) == issued
    assert "cancelled by others" in grant_events()[1].why


def test_a_check_is_given_up_in_time_to_record_it(identity, monkeypatch):
    # a pause that is longer than the grant's deadline
    monkeypatch.setattr("core.dynamo.conflicts.BACKOFF", Backoff(first=60, longest=60))
    alice = identity("alice")
    with faults.on(cancelled()) as [fault], pytest.raises(Unavailable, match="busy"):
        become(alice)
    assert fault.hit == 1 and kinds() == STOPPED


def test_an_item_that_cannot_be_read_is_an_outcome_too(identity):
    alice = identity("alice")
    web_session = web_session_of(alice)
    WebSession.update_item(web_session, actions=[WebSession.touched_at.remove()])
    with pytest.raises(Unavailable, match="could not be read"):
        become(alice, web_session=web_session)
    assert kinds() == STOPPED and grant_events()[1].why == "TypeError"


# -- the person's own counter ----------------------------------------------------------------------
def attempts() -> int:
    counter = Attempt.find(limits.attempts_key(ALICE))
    return int(counter.tries) if counter else 0


def test_the_intent_counts_and_its_limit_leaves_no_intent(identity, settings):
    settings.COOPER_GRANTS_PER_MINUTE = 2
    alice = identity("alice")
    for count in (1, 2):
        become(alice)
        assert attempts() == count
    with pytest.raises(TooMany, match="Try again in"):
        become(alice)
    assert attempts() == 2 and kinds().count("grant:begin:intended") == 2
    assert kinds().count("grant:begin:refused") == 1


@pytest.mark.parametrize("read_before", [False, True], ids=["read here", "read with the request"])
def test_a_full_counter_burns_no_code(identity, settings, read_before):
    settings.COOPER_GRANTS_PER_MINUTE = 1
    alice = identity("alice")
    become(alice)
    give_device("alice")
    code, more = next_code("alice"), {"attempts": 1} if read_before else {}
    faults.clear()
    with pytest.raises(TooMany):
        become(alice, "prod-admin", code=code, **more)
    assert faults.count("dynamodb", table="attempts") == (1 if read_before else 2)
    settings.COOPER_GRANTS_PER_MINUTE = 2
    assert become(alice, "prod-admin", code=code).credentials


def test_a_counter_that_was_read_too_low_lets_nothing_through(identity, settings):
    settings.COOPER_GRANTS_PER_MINUTE = 1
    alice = identity("alice")
    become(alice)
    with pytest.raises(TooMany):
        become(alice, attempts=0)
    with faults.on(Fault("dynamodb", "GetItem", "attempts", mode="absent")) as [fault]:
        give_device("alice")
        with pytest.raises(TooMany):
            become(alice, "prod-admin", code=next_code("alice"))
    assert fault.hit and kinds().count("grant:begin:intended") == 1

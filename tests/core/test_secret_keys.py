"""A rotation of the secret key: introduced, used, retired, and nobody is signed out by it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings

from core import aws, secret_keys
from core.audit import Event
from core.errors import CooperError, Invalid
from core.installation import Installation
from demo.seed import PASSWORD
from embedded_aws import EmbeddedAws
from tests.conftest import sign_in
from tests.support import clock, faults
from tests.support.events import all_events
from tests.support.faults import Fault
from tests.support.kill_sweep import killed_at
from tests.support.saml_kit import OKTA
from tests.support.saml_stage import post_response, start_sign_in
from tests.support.served import Person, serving
from tests.support.workers import Worker

LEAD = secret_keys.LEAD.total_seconds()
KEPT = secret_keys.KEPT.total_seconds()
LONGEST_SESSION = 12 * 3600
MOST_WRONG_CLOCK = 300 - 10
"""Seconds: of 300, AWS refuses what is signed."""


pytestmark = pytest.mark.usefixtures("store")


def stored() -> list[dict[str, str]]:
    """Return the item with the keys."""
    keys: list[dict[str, str]] = json.loads(Installation.find("secret-keys").value)
    return keys


def wait(seconds: float, *workers: Worker) -> None:
    """Let time go by for all workers."""
    clock.shift(seconds)
    for worker in workers:
        worker.wait(seconds)


# -- introduced, used, retired --
@pytest.mark.parametrize("ahead", [0, MOST_WRONG_CLOCK, -MOST_WRONG_CLOCK])
def test_no_worker_meets_a_web_session_that_it_cannot_read(ahead: float) -> None:
    """One worker is asked each minute; the other sleeps, and its clock is wrong."""
    busy, sleepy = Worker(), Worker(ahead=ahead)
    sessions = [(0.0, busy.write()), (0.0, sleepy.write())]
    secret_keys.rotate()

    passed = 0.0
    steps = [60.0] * 40 + [1800.0] * 30
    for step in steps:
        wait(step, busy, sleepy)
        passed += step
        sessions = [(at, text) for at, text in sessions if passed - at < LONGEST_SESSION]
        sessions += [(passed, busy.write()), (passed, sleepy.write())]
        for reader in (busy, sleepy):
            unread = [at for at, text in sessions if not reader.reads(text)]
            assert unread == [], f"{passed} s after the introduction"
    assert passed > LEAD + KEPT


def test_a_key_signs_only_once_all_have_had_the_time_to_learn_it() -> None:
    worker, late = Worker(), Worker()
    known_before = late._loaded.keys
    secret_keys.rotate()
    wait(LEAD - 1, worker)
    session = worker.write()
    late.wait(-LEAD)
    assert late.reads(session) and late._loaded.keys == known_before

    wait(2, worker)
    assert late.reads(worker.write()) and late._loaded.keys != known_before


def test_workers_agree_on_the_key_that_signs() -> None:
    first, second = Worker(), Worker()
    old_key = django_settings.SECRET_KEY
    secret_keys.rotate()
    for seconds, same in ((LEAD - 1, True), (2, False)):
        wait(seconds, first, second)
        for worker in (first, second):
            worker.write()
            with worker.at_work():
                assert (old_key == django_settings.SECRET_KEY) is same
    assert first._settings == second._settings


def test_the_old_key_counts_for_nothing_once_it_is_retired() -> None:
    worker = Worker()
    session = worker.write()
    secret_keys.rotate()
    for seconds, is_read in ((LEAD + KEPT - 10, True), (20, False)):
        wait(seconds, worker)
        assert worker.reads(session) is is_read


def test_set_up_drops_retired_keys_and_says_so() -> None:
    secret_keys.rotate()
    assert secret_keys.drop_retired() == 0
    clock.shift(LEAD + KEPT + 10)
    assert [secret_keys.drop_retired(), secret_keys.drop_retired()] == [1, 0]
    assert len(stored()) == 1
    kinds = [event.event for event in all_events()]
    assert kinds.count(Event.SECRET_KEY_RETIRED) == kinds.count(Event.SECRET_KEY_ROTATED) == 1


def test_a_second_rotation_waits_for_the_first() -> None:
    secret_keys.rotate()
    before = stored()
    with pytest.raises(Invalid, match="introduced already"):
        secret_keys.rotate()
    assert stored() == before


def test_rotations_in_a_row_retire_no_key_too_early() -> None:
    worker = Worker()
    session = worker.write()
    for _ in range(4):
        secret_keys.rotate()
        wait(LEAD + 1, worker)
        assert worker.reads(session)
    assert len(stored()) == 5


def test_keys_stored_without_moments_are_all_accepted_until_a_rotation_is_over() -> None:
    """As an earlier cooper stored them: the current one, and the ones before it."""
    item = Installation.find("secret-keys")
    keys = [secret_keys._new_key() for _ in range(3)]
    sessions = []
    for key in keys:
        item.value = json.dumps([key])
        item.save()
        sessions.append(Worker().write())
    item.value = json.dumps(keys)
    item.save()

    worker = Worker()
    assert all(worker.reads(session) for session in sessions)
    with worker.at_work():
        assert secret_keys.decrypt_stored()[:1] == [django_settings.SECRET_KEY]
    secret_keys.rotate()
    for seconds, is_read in ((LEAD + KEPT - 10, True), (20, False)):
        wait(seconds, worker)
        assert [worker.reads(session) for session in sessions] == [is_read] * 3


@pytest.mark.parametrize("after", [False, True])
def test_a_killed_rotation_has_happened_or_has_not(after: bool) -> None:
    for call in range(1, 10):
        number = len(stored())
        killed = killed_at(call, after, secret_keys.rotate)
        events = [event.event for event in all_events()]
        assert len(stored()) - 1 == events.count(Event.SECRET_KEY_ROTATED)
        assert Worker().reads(Worker().write())
        if not killed:
            return
        if len(stored()) > number:
            clock.shift(LEAD + 1)
    raise AssertionError("it never ended")


def test_a_sign_in_goes_on_at_a_worker_that_slept_through_a_rotation(
    connected: EmbeddedAws, client_of: Any
) -> None:
    """The browser brings no web session, but a signed cookie (and whatever else is signed)."""
    busy, sleepy = Worker(), Worker()
    secret_keys.rotate()
    wait(LEAD + 1, busy, sleepy)
    browser = client_of(None)
    with busy.at_work():
        reply = start_sign_in(browser, OKTA)
    # of SameSite=Lax: no other site's post carries it
    browser.cookies.pop(django_settings.SESSION_COOKIE_NAME, None)
    with sleepy.at_work():
        assert post_response(browser, reply).status_code == 302


# -- learnt by a server that runs --
def test_a_server_learns_a_key_without_a_restart(
    store: EmbeddedAws, monkeypatch: pytest.MonkeyPatch, client_of: Any
) -> None:
    """Even one that is used at once, as by a clock that is far too fast."""
    Installation.find("demo").delete()
    with serving(store.environment()) as url:
        before = Person(url)
        assert before.sign_in("alice", PASSWORD) == 302

        monkeypatch.setattr(secret_keys, "LEAD", timedelta(0))
        secret_keys.rotate()
        secret_keys.use()
        carol = client_of("carol")
        cookie = "; ".join(f"{name}={part.value}" for name, part in carol.cookies.items())
        assert Person(url).ask("/", Cookie=cookie)[0] == 200
        assert before.ask("/")[0] == 200


@pytest.mark.parametrize(("service", "operation"), [("kms", "Decrypt"), ("dynamodb", "GetItem")])
def test_nobody_is_signed_out_while_aws_does_not_say_which_keys_there_are(
    client_of: Any, service: str, operation: str
) -> None:
    alice = client_of("alice")
    other = Worker()
    secret_keys.rotate()
    wait(LEAD + 1, other)
    with other.at_work():
        sign_in(alice, "alice")

    with faults.on(Fault(service, operation, when=is_about_keys)):
        assert alice.get("/").status_code == 503
    assert alice.get("/").status_code == 200


def is_about_keys(body: bytes) -> bool:
    return b"secret-key" in body


def test_a_server_goes_on_with_the_keys_it_knows_while_new_ones_cannot_be_read(
    client_of: Any,
) -> None:
    alice = client_of("alice")
    secret_keys.loaded.read_at -= 3600
    with faults.on(Fault("dynamodb", "GetItem", when=is_about_keys)) as [failed]:
        assert [alice.get("/").status_code for _ in range(3)] == [200] * 3
    # one look (tried three times), not one for each request
    assert 1 <= failed.hit <= 3


def test_a_look_takes_little_time_from_a_request(
    client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = client_of("alice")
    seconds_left = []
    monkeypatch.setattr(secret_keys, "use", lambda: seconds_left.append(aws.seconds_left(60)))
    secret_keys.loaded.read_at -= 3600
    assert alice.get("/").status_code == 200
    # a call that stalls takes twice as long, and the page's own reads come after it
    assert [seconds <= 2 for seconds in seconds_left] == [True]


def test_a_process_without_keys_signs_and_reads_nothing() -> None:
    secret_keys.loaded = secret_keys.Loaded()
    fault = Fault("dynamodb", "GetItem", when=is_about_keys)
    with faults.on(fault), pytest.raises(CooperError):
        secret_keys.keep_up()
    item = Installation.find("secret-keys")
    for value in (None, "[]"):
        item.value = value
        item.save()
        with pytest.raises(CooperError, match="cooper -setup"):
            secret_keys.use()


def test_it_asks_dynamodb_once_a_minute_and_kms_for_new_keys_alone(client_of: Any) -> None:
    alice = client_of("alice")
    faults.clear()
    for seconds in (0, 0, 61, 0, 61):
        secret_keys.loaded.read_at -= seconds
        alice.get("/")
    looks = [call for call in faults.journal() if is_about_keys(call.body)]
    assert [call.operation for call in looks] == ["GetItem"] * 2

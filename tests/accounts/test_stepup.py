"""Step-up: how wrong codes are slowed down, where a code is asked for, and what a window does."""

import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from accounts import stepup, totp
from accounts.models import Person, TotpDevice, User
from accounts.stepup import StepUpRequired
from accounts.totp.codes import code_at
from accounts.totp.verification import FAILURES_BEFORE_WAIT, WrongCode, use_code
from brokers.errors import TooMany
from brokers.models import Target
from core import admin
from core.audit import Event
from core.audit_history import events_of
from core.errors import CooperError, Invalid, Unavailable
from core.installation import STOP_SWITCH_ITEM, Installation
from tests.support import clock, faults
from tests.support.codes import current_step, give_device, next_code, seed_of
from tests.support.events import all_events
from tests.support.faults import Fault
from tests.support.forms import PREVIEW, confirmed, errors_in, fields_of, looked_at, submit
from tests.support.grants import become

STOP_ALL = "/admin/cooper/installation/grants/change/"
TARGET, FORM = "/admin/brokers/target/dev-read/change/", "target_form"
SAVED, AGAIN, DENIED, DOWN = 302, 400, 403, 503


# -- wrong ones ------------------------------------------------------------------------------------
def wrong(code: str) -> str:
    return f"{(int(code) + 500_000) % 1_000_000:06d}"


@pytest.fixture
def use_as_alice(store) -> Iterator[Callable[[str], None]]:
    """Give Alice a device; the clock stands still, as waits are told to the second."""
    give_device("alice")
    with clock.travelling(stand_still=True):
        yield lambda code: use_code("local:alice", code, time.time())


def test_it_refuses_even_the_right_code_during_the_wait_and_says_how_long(use_as_alice):
    for _ in range(FAILURES_BEFORE_WAIT):
        with pytest.raises(WrongCode, match="code is not valid now"):
            use_as_alice(wrong(next_code("alice")))
    with pytest.raises(WrongCode, match=r"in a row: 3\..*Try again in 30 seconds"):
        use_as_alice(next_code("alice"))
    clock.shift(31)
    use_as_alice(next_code("alice"))
    assert int(totp.device_of("local:alice").failures) == 0


def test_it_lets_no_more_guesses_through_when_many_come_at_once(use_as_alice, monkeypatch):
    looked_at = []
    real = totp.verification.read_code
    monkeypatch.setattr(
        totp.verification, "read_code", lambda *given: looked_at.append(1) or real(*given)
    )
    guess = wrong(next_code("alice"))

    def tries() -> None:
        for _ in range(5):
            with pytest.raises((WrongCode, Unavailable)):
                use_as_alice(guess)

    threads = [threading.Thread(target=tries) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(looked_at) == FAILURES_BEFORE_WAIT


def test_it_records_each_refusal_without_the_code(use_as_alice):
    guess = wrong(next_code("alice"))
    with pytest.raises(WrongCode):
        use_as_alice(guess)
    found = [each for each in all_events() if each.event == Event.STEP_UP_REFUSED]
    assert (
        len(found) == 1 and guess not in (found[0].details or "") and found[0].why == "wrong code"
    )


def test_it_opens_no_device_with_a_seed_of_somebody_else(use_as_alice):
    give_device("bob")
    bobs, alices = TotpDevice.find("local:bob"), TotpDevice.find("local:alice")
    alices.seed = bobs.seed
    alices.save()
    with pytest.raises(CooperError, match="cannot be decrypted"):
        use_as_alice(code_at(seed_of(bobs), current_step()))


def test_it_counts_no_wrong_code_while_kms_does_not_answer(use_as_alice):
    code = next_code("alice")
    for _ in range(FAILURES_BEFORE_WAIT):
        with faults.on(Fault("kms", "Decrypt")), pytest.raises(Unavailable):
            use_as_alice(code)
    device = totp.device_of("local:alice")
    assert int(device.failures) == 0 and device.wait_until is None
    use_as_alice(code)


def test_it_asks_kms_nothing_during_the_wait(use_as_alice):
    for _ in range(FAILURES_BEFORE_WAIT):
        with pytest.raises(WrongCode):
            use_as_alice(wrong(next_code("alice")))
    kms_is_down = faults.on(Fault("kms", "Decrypt"), may_miss=True)
    with kms_is_down as [fault], pytest.raises(WrongCode, match="Too many"):
        use_as_alice("123456")
    assert not fault.met


# -- on the form -----------------------------------------------------------------------------------
def test_it_keeps_everything_typed_when_the_code_is_wrong_and_never_shows_the_code(client_of):
    carol = client_of("carol")
    guess = wrong(next_code("carol"))
    answer = submit(carol, TARGET, FORM, title="Typed with care", code=guess)
    assert answer.status_code == AGAIN and "code is not valid now" in errors_in(answer.text)
    assert 'value="Typed with care"' in answer.text and guess not in answer.text
    assert submit(carol, TARGET, FORM, title="Typed with care").status_code == SAVED


def test_it_burns_no_code_when_something_else_is_wrong(client_of):
    carol = client_of("carol")
    code = next_code("carol")
    assert submit(carol, TARGET, FORM, region="nowhere", code=code).status_code == AGAIN
    assert submit(carol, TARGET, FORM, title="New", code=code).status_code == SAVED


def test_it_takes_the_same_code_once(client_of):
    carol = client_of("carol")
    code = next_code("carol")
    assert submit(carol, TARGET, FORM, title="One", code=code).status_code == SAVED
    answer = submit(carol, TARGET, FORM, title="Two", code=code)
    assert answer.status_code == AGAIN and Target.find("dev-read").title == "One"


def test_it_uses_no_code_up_before_it_asks_aws_although_a_wait_ends_meanwhile(
    rf, client_of, monkeypatch
):
    client_of("carol")
    code = next_code("carol")
    now = time.time()
    device = TotpDevice.find("local:carol")
    device.wait_until = int(now) + 1
    device.save()
    request = rf.post("/")
    request.user = User.from_person(Person.find("local:carol"))
    operation = admin.AdminOperation("end_web_sessions", given={"code": code})

    # the first look at the clock is within the wait, the next ones are after it
    moments = iter([now])
    stepping = SimpleNamespace(time=lambda: next(moments, now + 2))
    monkeypatch.setattr(stepup, "time", stepping)
    with pytest.raises(Invalid, match="Try again in"):
        admin.site._registry[Person].precheck_operation(request, operation)
    assert TotpDevice.find("local:carol").last_step == device.last_step


@pytest.mark.parametrize("what", ["kms", "audit"])
def test_it_does_nothing_when_kms_or_the_record_is_down(client_of, what):
    carol = client_of("carol")
    page, code = carol.get(TARGET), next_code("carol")
    sent = fields_of(page.text, FORM) | {"title": "New", "code": code}
    with faults.on(Fault("kms", "Decrypt") if what == "kms" else Fault("dynamodb", table="audit")):
        answer = carol.post(TARGET, sent)
    assert answer.status_code == DOWN and Target.find("dev-read").title != "New"
    assert "KMS" in answer.text or "DynamoDB" in answer.text


# -- the operation itself --------------------------------------------------------------------------
def test_it_demands_a_code_in_the_grant_itself(identity):
    alice = identity("alice")
    give_device("alice")
    with pytest.raises(StepUpRequired):
        become(alice, "prod-admin")
    granted = become(alice, "prod-admin", code=next_code("alice"))
    assert granted.credentials.access_key_id


def test_it_burns_no_code_when_there_were_too_many_grants(identity, settings):
    alice = identity("alice")
    give_device("alice")
    settings.COOPER_GRANTS_PER_MINUTE, code = 0, next_code("alice")
    with pytest.raises(TooMany):
        become(alice, "prod-admin", code=code)
    settings.COOPER_GRANTS_PER_MINUTE = 30
    assert become(alice, "prod-admin", code=code).credentials


def test_it_demands_a_code_in_an_action_that_nobody_confirmed(rf, client_of):
    person_admin = admin.site._registry[Person]
    operation = admin.AdminOperation("end_web_sessions")
    with pytest.raises(StepUpRequired):
        person_admin.apply_to_each(rf.post("/"), operation, print, "done")


def test_it_stops_all_grants_without_a_code_or_a_device(client_of):
    carol = client_of("carol")
    TotpDevice.find("local:carol").delete()
    sent = fields_of(carol.get(STOP_ALL).text, "installation_form") | {"stopped": "on"}
    assert (
        carol.post(STOP_ALL, sent).status_code == SAVED
        and Installation.find(STOP_SWITCH_ITEM).stopped
    )

    sent = fields_of(carol.get(STOP_ALL).text, "installation_form") | {"stopped": "off"}
    assert (
        carol.post(STOP_ALL, sent).status_code == DENIED
        and Installation.find(STOP_SWITCH_ITEM).stopped
    )


# -- a window --------------------------------------------------------------------------------------
@pytest.fixture
def carol_in_a_window(client_of, settings):
    settings.COOPER_STEP_UP_SECONDS = 120
    carol = client_of("carol")
    assert submit(carol, TARGET, FORM, title="First").status_code == SAVED
    return carol


def test_it_asks_for_no_second_code_while_a_window_is_open(carol_in_a_window):
    page = carol_in_a_window.get(TARGET)
    assert 'name="code"' not in page.text and "No code is needed" in page.text
    assert submit(carol_in_a_window, TARGET, FORM, title="Second").status_code == SAVED
    changed = events_of("dev-read", scan_index_forward=False)
    newest = next(each for each in changed if each.event == Event.TARGET_CHANGED)
    assert newest.facts["step_up"] == "window"


def test_it_asks_again_after_the_window_or_once_it_is_closed(carol_in_a_window):
    clock.shift(121)
    assert 'name="code"' in carol_in_a_window.get(TARGET).text
    submit(carol_in_a_window, TARGET, FORM, title="Again")
    assert 'name="code"' not in carol_in_a_window.get(TARGET).text
    carol_in_a_window.post("/device/close/")
    assert 'name="code"' in carol_in_a_window.get(TARGET).text


def test_it_shows_that_dynamodb_is_down_on_a_page_that_says_so(carol_in_a_window):
    with faults.on(Fault("dynamodb")):
        page = carol_in_a_window.get("/")
    assert page.status_code == DOWN and "DynamoDB" in page.text


def test_it_keeps_a_window_to_its_web_session(carol_in_a_window, client_of):
    assert 'name="code"' in client_of("carol").get(TARGET).text


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/admin/accounts/localaccount/bob/change/", "localaccount_form"),
        ("/admin/accounts/person/local_3Aalice/change/", "person_form"),
        ("/admin/brokers/target/prod-admin/change/", FORM),
        ("/admin/brokers/association/prod-admin%7Clocal_3Adevelopers/change/", "association_form"),
        ("/admin/brokers/awsaccount/444444444444/change/", "awsaccount_form"),
        ("/admin/brokers/target/prod-admin/delete/", ""),
    ],
)
def test_it_never_lets_a_window_cover_people_and_sensitive_targets(
    client_of, carol_in_a_window, address, form
):
    client_of("alice")
    page = carol_in_a_window.get(address)
    sent = fields_of(page.text, form) | {
        "name": "New",
        "title": "New",
        "until": "2040-01-01T00:00",
        "disabled": "on",
        "post": "yes",
    }
    if PREVIEW in page.text:
        page = carol_in_a_window.post(address, sent | {"_preview": "Preview"})
    assert 'name="code"' in page.text
    answer = looked_at(carol_in_a_window, address, sent | {"code": ""})
    said = (
        answer.text
        if answer.status_code != SAVED
        else carol_in_a_window.get(answer["Location"]).text
    )
    assert "needs a one-time code" in said


def test_it_asks_for_a_code_when_a_target_becomes_sensitive_in_a_window(carol_in_a_window):
    answer = submit(carol_in_a_window, TARGET, FORM, sensitive="on")
    assert (
        answer.status_code == DENIED
        and 'name="code"' in answer.text
        and not Target.find("dev-read").sensitive
    )
    sent = fields_of(answer.text, FORM) | {"code": next_code("carol")}
    assert (
        carol_in_a_window.post(TARGET, sent).status_code == SAVED
        and Target.find("dev-read").sensitive
    )


def test_it_asks_for_a_code_when_one_of_the_chosen_is_sensitive_in_a_window(carol_in_a_window):
    chosen = {
        "action": "delete_chosen",
        "_selected_action": ["dev-read", "prod-admin"],
        "confirmed": "yes",
    }
    answer = confirmed(carol_in_a_window, "/admin/brokers/target/", **chosen, code="")
    assert "needs a one-time code" in answer.text and Target.find("dev-read").title == "First"
    answer = confirmed(carol_in_a_window, "/admin/brokers/target/", **chosen)
    assert "2 deleted" in answer.text

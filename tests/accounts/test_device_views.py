"""A person's own device: set up with fresh proof, replaced, recovered, removed, reset."""

import base64
import re
import threading
import time

import pytest
from django.conf import settings

from accounts import totp
from accounts.models import OnceRecord, Person, TotpDevice
from brokers.models import Target
from core.audit import AuditEvent, Event
from core.kms import Ciphertext
from tests.support import clock, faults
from tests.support.codes import give_device, next_code, seed_of
from tests.support.enrolment import PASSWORD, RECOVERY, begin, enrol, seed_in, shown_now
from tests.support.events import all_events
from tests.support.faults import Fault
from tests.support.forms import confirmed, submit
from tests.support.served import manage, run

OK, MOVED, AGAIN, DENIED, DOWN = 200, 302, 400, 403, 503


def kinds(person: str) -> list[str]:
    return [str(each.event) for each in AuditEvent.by_person.query(person)]


@pytest.fixture
def dan(client_of):
    return client_of("dan")


def test_it_takes_an_administrator_without_a_device_to_set_one_up_and_back(dan):
    address = "/admin/brokers/target/dev-read/change/"
    answer = dan.get(address, follow=True)
    assert (
        "Set up your device first" in answer.text
        and f'name="next" value="{address}"' in answer.text
    )
    answer = dan.post("/device/begin/", {"password": PASSWORD, "next": address})
    page = dan.get(answer["Location"]).text
    assert (
        "data:image/svg+xml" in page
        and "otpauth://totp/cooper%20127.0.0.1-8000:dan%20%28local%29%20" in page
    )
    done = dan.post("/device/set-up/", {"code": shown_now(seed_in(page)), "next": address})
    assert f'href="{address}"' in done.text and len(RECOVERY.findall(done.text)) == 10
    assert submit(dan, address, "target_form", title="By Dan").status_code == MOVED
    assert Target.find("dev-read").title == "By Dan"


def test_it_uses_up_the_code_that_proved_the_device(dan):
    page = begin(dan)
    code = shown_now(seed_in(page))
    assert dan.post("/device/set-up/", {"code": code}).status_code == OK
    answer = submit(
        dan, "/admin/brokers/target/dev-read/change/", "target_form", title="Again", code=code
    )
    assert answer.status_code == AGAIN and Target.find("dev-read").title != "Again"


@pytest.mark.parametrize(
    ("password", "said"), [("wrong-one", "do not match"), ("", "do not match")]
)
def test_it_enrols_nobody_who_does_not_know_the_password(dan, password, said):
    answer = dan.post("/device/begin/", {"password": password})
    assert answer.status_code == DENIED and said in answer.text
    assert dan.get("/device/set-up/").status_code == MOVED and totp.device_of("local:dan") is None
    assert Event.ENROLMENT_REFUSED in kinds("local:dan")


def test_it_throttles_the_password_as_signing_in_does(dan):
    answers = [dan.post("/device/begin/", {"password": "wrong-one"}) for _ in range(7)]
    assert "Too many tries" in answers[-1].text
    assert "Too many tries" in dan.post("/device/begin/", {"password": PASSWORD}).text


@pytest.mark.parametrize("code", ["000000", "", "abc", "１２３"])
def test_it_shows_the_same_secret_again_until_a_code_proves_it(dan, code):
    page = begin(dan)
    code = code if code != shown_now(seed_in(page)) else "000001"
    answer = dan.post("/device/set-up/", {"code": code})
    assert answer.status_code == AGAIN and seed_in(answer.text) == seed_in(page)
    assert totp.device_of("local:dan") is None


def test_it_keeps_no_seed_in_the_clear_anywhere(dan, store):
    page = begin(dan)
    seed = seed_in(page)
    dan.post("/device/set-up/", {"code": shown_now(seed)})
    stored = repr([table.items for table in store.tables.values()])
    for form in (seed.hex(), base64.b64encode(seed).decode(), totp.base32(seed), repr(seed)[2:-1]):
        assert form not in stored
    assert len(seed) >= 20 and seed_of(TotpDevice.find("local:dan")) == seed
    assert totp.base32(seed) not in dan.get("/device/").text


def test_it_binds_a_seed_to_its_person(dan):
    enrol(dan)
    device = TotpDevice.find("local:dan")
    with pytest.raises(Exception, match="InvalidCiphertext"):
        totp.decrypt_seed(Ciphertext(bytes(device.seed), str(device.key_arn)), "local:carol")


def test_it_gives_the_proof_to_the_browser_that_gave_it_and_not_to_a_copy_of_its_cookie(
    dan, client_of
):
    thief = client_of(None)
    thief.cookies[settings.SESSION_COOKIE_NAME] = dan.cookies[settings.SESSION_COOKIE_NAME].value
    assert thief.get("/").status_code == OK
    assert dan.post("/device/begin/", {"password": PASSWORD}).status_code == MOVED
    stolen = thief.get("/device/set-up/")
    assert stolen.status_code == MOVED and "/login/" in stolen["Location"]
    assert dan.get("/device/set-up/").status_code == OK


def test_it_forgets_a_secret_that_nobody_proved_in_ten_minutes(dan):
    begin(dan)
    clock.shift(601)
    assert dan.get("/device/set-up/").status_code == MOVED


def test_it_replaces_no_device_that_came_meanwhile(dan, client_of):
    slow = client_of("dan")
    page = begin(slow)
    enrol(dan)
    slow_again = slow.post("/device/set-up/", {"code": shown_now(seed_in(page))})
    assert slow_again.status_code == MOVED, "its web session has ended"
    stored = seed_of(TotpDevice.find("local:dan"))
    assert stored != seed_in(page)


def test_it_refuses_when_the_device_changed_in_this_very_session(dan):
    page = begin(dan)
    give_device("dan")
    answer = dan.post("/device/set-up/", {"code": shown_now(seed_in(page))})
    assert answer.status_code == DENIED and "changed meanwhile" in answer.text
    assert seed_of(TotpDevice.find("local:dan")) != seed_in(page)


def test_it_ends_the_persons_other_web_sessions(dan, client_of):
    other = client_of("dan")
    enrol(dan)
    assert other.get("/").status_code == MOVED and dan.get("/").status_code == OK


# -- replaced, recovered, removed ------------------------------------------------------------------
def test_it_replaces_a_device_with_the_old_ones_code_alone(dan):
    enrol(dan)
    old = seed_of(TotpDevice.find("local:dan"))
    assert dan.post("/device/begin/", {"password": PASSWORD}).status_code == DENIED
    page = begin(dan, code=next_code("dan"))
    assert seed_of(TotpDevice.find("local:dan")) == old, (
        "the old one counts until the new one is proved"
    )
    dan.post("/device/set-up/", {"code": shown_now(seed_in(page))})
    assert seed_of(TotpDevice.find("local:dan")) == seed_in(page) != old
    assert Event.DEVICE_REPLACED in kinds("local:dan")


def test_it_lets_a_recovery_code_replace_the_device_once_and_nothing_else(dan, client_of):
    codes = enrol(dan)
    other = client_of("dan")
    answer = submit(
        dan, "/admin/brokers/target/dev-read/change/", "target_form", title="No", code=codes[0]
    )
    assert answer.status_code == AGAIN and Target.find("dev-read").title != "No"
    answer = dan.post(
        "/device/recover/",
        {"password": PASSWORD, "recovery_code": codes[0].lower().replace("-", " ")},
    )
    assert answer.status_code == MOVED and other.get("/").status_code == MOVED
    page = dan.get(answer["Location"]).text
    assert (
        dan.post("/device/recover/", {"password": PASSWORD, "recovery_code": codes[0]}).status_code
        == DENIED
    )
    assert len(TotpDevice.find("local:dan").recovery) == 9 and Event.RECOVERY_USED in kinds(
        "local:dan"
    )
    dan.post("/device/set-up/", {"code": shown_now(seed_in(page))})
    assert seed_of(TotpDevice.find("local:dan")) == seed_in(page)
    assert (
        dan.post("/device/recover/", {"password": PASSWORD, "recovery_code": codes[1]}).status_code
        == DENIED
    )


def test_it_takes_a_recovery_code_from_nobody_without_the_password(dan):
    codes = enrol(dan)
    assert (
        dan.post("/device/recover/", {"password": "wrong", "recovery_code": codes[0]}).status_code
        == DENIED
    )
    assert len(TotpDevice.find("local:dan").recovery) == 10


def test_it_slows_guesses_at_recovery_codes_down(dan):
    codes = enrol(dan)
    for _ in range(3):
        dan.post("/device/recover/", {"password": PASSWORD, "recovery_code": "AAAA-AAAA-AAAA-AAAA"})
    answer = dan.post("/device/recover/", {"password": PASSWORD, "recovery_code": codes[0]})
    assert answer.status_code == DENIED and "Try again in" in answer.text


def test_it_gives_a_recovery_code_to_one_of_many_at_once(dan, store):
    codes = enrol(dan)
    won = []

    def use() -> None:
        try:
            totp.use_recovery_code("local:dan", codes[0], time.time())
        except Exception:  # noqa: BLE001 - whatever refuses it: only winners count
            return
        won.append(1)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(won) == 1


def test_it_removes_a_device_with_its_code_alone(dan):
    enrol(dan)
    assert dan.post("/device/remove/", {"code": ""}).status_code == DENIED
    assert dan.post("/device/remove/", {"code": next_code("dan")}).status_code == MOVED
    assert TotpDevice.find("local:dan") is None and Event.DEVICE_REMOVED in kinds("local:dan")


# -- reset by somebody else ------------------------------------------------------------------------
def reset(browser, person: str, code: str):
    chosen = {"action": "reset_devices", "_selected_action": [person]}
    return confirmed(browser, "/admin/accounts/person/", **chosen, confirmed="yes", code=code)


def test_it_lets_another_administrator_reset_a_device_and_tells_the_person(client_of, dan):
    enrol(dan)
    carol = client_of("carol")
    assert "1 devices reset" in reset(carol, "local:dan", next_code("carol")).text
    assert TotpDevice.find("local:dan") is None and dan.get("/").status_code == MOVED
    browser = client_of(None)
    answer = browser.post("/login/", {"username": "dan", "password": PASSWORD}, follow=True)
    assert "was reset by local:carol" in answer.text
    assert (
        "was reset"
        not in client_of(None)
        .post("/login/", {"username": "dan", "password": PASSWORD}, follow=True)
        .text
    )


def test_it_lets_nobody_reset_their_own(client_of):
    carol = client_of("carol")
    assert (
        "You cannot reset your own device" in reset(carol, "local:carol", next_code("carol")).text
    )
    assert TotpDevice.find("local:carol")


def test_it_says_before_a_reset_what_happens_to_whom(client_of, dan):
    enrol(dan)
    client_of("alice")
    chosen = {
        "action": "reset_devices",
        "_selected_action": ["local:alice", "local:carol", "local:dan"],
    }
    page = client_of("carol").post("/admin/accounts/person/", chosen).text
    lines = re.findall(r"<li>local:(\w+): (.*?)</li>", page)
    assert lines == [
        ("alice", "has no device: nothing happens."),
        (
            "carol",
            'yourself: not possible here, use <a href="/device/">the page of your device</a>.',
        ),
        ("dan", "has to set up a new device; web sessions end at the next request."),
    ]


def test_it_shows_who_has_a_device_and_never_a_seed(client_of):
    carol = client_of("carol")
    client_of("dan")
    page = carol.get("/admin/accounts/person/").text
    assert (
        page.count('field-device">yes<') >= 1
        and totp.base32(seed_of(TotpDevice.find("local:carol"))) not in page
    )


# -- enrolment codes -------------------------------------------------------------------------------
@pytest.fixture
def codes_needed(settings):
    settings.COOPER_ENROLMENT = "code"


def made_for(client_of, person: str) -> str:
    carol = client_of("carol")
    chosen = {"action": "make_enrolment_codes", "_selected_action": [person], "confirmed": "yes"}
    page = confirmed(carol, "/admin/accounts/person/", **chosen).text
    return re.search(rf"{person}: <code>([A-Z2-7-]+)</code>", page)[1]


@pytest.mark.usefixtures("codes_needed")
def test_it_takes_an_enrolment_code_where_the_installation_wants_one(client_of, dan):
    assert dan.post("/device/begin/", {"password": PASSWORD}).status_code == DENIED
    code = made_for(client_of, "local:dan")
    assert code.replace("-", "") not in repr(
        [each.attribute_values for each in OnceRecord.everything()]
    )
    assert enrol(dan, enrolment_code=code.lower())
    assert dan.get("/device/").status_code == OK


@pytest.mark.usefixtures("codes_needed")
def test_it_takes_an_enrolment_code_once_and_from_its_person_alone(client_of, dan):
    code = made_for(client_of, "local:dan")
    alice = client_of("alice")
    answer = alice.post("/device/begin/", {"password": PASSWORD, "enrolment_code": code})
    assert answer.status_code == DENIED and "not valid for you" in answer.text
    begin(dan, enrolment_code=code)
    assert (
        dan.post("/device/begin/", {"password": PASSWORD, "enrolment_code": code}).status_code
        == DENIED
    )


@pytest.mark.usefixtures("codes_needed", "dan")
def test_it_lets_an_enrolment_code_end(client_of):
    code = made_for(client_of, "local:dan")
    clock.shift(3 * 86_400 + 1)
    dan = client_of("dan")
    assert (
        dan.post("/device/begin/", {"password": PASSWORD, "enrolment_code": code}).status_code
        == DENIED
    )


# -- faults, and the host --------------------------------------------------------------------------
@pytest.mark.parametrize(
    "fault",
    [Fault("kms"), Fault("dynamodb", table="audit"), Fault("dynamodb", table="totp-devices")],
)
def test_it_enrols_nobody_while_kms_or_dynamodb_is_down(dan, fault):
    page = begin(dan)
    with faults.on(fault):
        answer = dan.post("/device/set-up/", {"code": shown_now(seed_in(page))})
    assert answer.status_code == DOWN and TotpDevice.find("local:dan") is None
    assert Person.find("local:dan")


def test_it_resets_a_device_on_the_host_and_records_who_did(dan, store):
    enrol(dan)
    done = run(manage("cooper_totp", "reset", "dan"), dict(store.environment()))
    assert done.returncode == 0 and "local:dan has no device any more" in done.stdout, done.stderr
    assert TotpDevice.find("local:dan") is None and dan.get("/").status_code == MOVED
    found = [each for each in all_events() if each.event == Event.DEVICE_RESET]
    assert len(found) == 1 and found[0].facts["os_user"] and found[0].facts["object"] == "local:dan"


def test_it_says_on_the_host_that_there_is_no_device(store):
    done = run(manage("cooper_totp", "reset", "bob"), dict(store.environment()))
    assert done.returncode == 1 and "local:bob has no device" in done.stderr and not done.stdout


def test_it_shows_the_code_of_an_otpauth_address_without_asking_aws(store):
    address = totp.otpauth_uri(b"12345678901234567890", "local:carol")
    done = run(manage("cooper_totp", "code", address), {})
    assert done.returncode == 0 and re.fullmatch(r"\d{6}\n", done.stdout), done.stderr
    assert run(manage("cooper_totp", "code", "nonsense"), {}).returncode == 1


def test_it_offers_no_device_page_to_nobody(client_of):
    assert client_of(None).get("/device/")["Location"].startswith(settings.LOGIN_URL.join("//"))

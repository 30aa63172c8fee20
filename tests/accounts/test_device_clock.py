"""A device whose clock is off: followed step by step, or at once by two codes in a row."""

import time
from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from accounts import totp
from accounts.models import TotpDevice
from accounts.totp.codes import STEP, code_at
from core.audit import AuditEvent, Event
from tests.support import clock, faults
from tests.support.codes import current_step, give_device, seed_of
from tests.support.faults import Fault

ALICE = "local:alice"


class Device:
    """Alice's device, with a clock of its own."""

    def __init__(self) -> None:
        give_device("alice")
        self.seed = seed_of(self.stored)

    @property
    def stored(self) -> TotpDevice:
        device = TotpDevice.find(ALICE)
        assert device
        return device

    def code(self, steps_off: int) -> str:
        return code_at(self.seed, current_step() + steps_off)

    def use(self, steps_off: int) -> bool:
        """Return whether the code that it shows is taken."""
        return self.use_code(self.code(steps_off))

    def use_code(self, code: str) -> bool:
        try:
            totp.use_code(ALICE, code, time.time())
        except totp.WrongCode:
            return False
        return True

    def offsets(self) -> list[int]:
        """Return the seconds that the events say it is off, oldest first."""
        events = AuditEvent.by_person.query(ALICE)
        return [
            event.facts["seconds_off"]
            for event in events
            if event.event == Event.DEVICE_CLOCK_LEARNT
        ]


@pytest.fixture
def device(store: object) -> Iterator[Device]:
    with clock.travelling(stand_still=True):
        yield Device()


@pytest.mark.parametrize("direction", [1, -1])
def test_it_follows_a_clock_that_drifts_and_records_each_change(
    device: Device, direction: int
) -> None:
    assert not device.use(2 * direction)
    clock.shift(STEP * 4)
    assert device.use(direction)
    clock.shift(STEP * 4)
    assert device.use(2 * direction)
    clock.shift(STEP * 4)
    assert device.use(3 * direction)
    clock.shift(STEP * 4)
    assert not device.use(4 * direction)
    assert device.offsets() == [30 * direction, 60 * direction]


def test_it_records_nothing_while_the_clock_is_right(device: Device) -> None:
    for _ in range(3):
        assert device.use(0)
        clock.shift(STEP)
    assert device.offsets() == []


@pytest.mark.parametrize("steps_off", [-1, 0, 1])
def test_no_used_code_counts_once_the_window_has_moved(device: Device, steps_off: int) -> None:
    code = device.code(steps_off)
    assert device.use_code(code)
    for _ in range(2):
        assert not device.use_code(code)
        clock.shift(STEP)


def test_it_follows_the_clock_of_a_device_from_before_there_were_offsets(device: Device) -> None:
    TotpDevice.update_item(ALICE, actions=[TotpDevice.offset.remove()])
    assert device.stored.offset == 0
    assert device.use(1)
    assert device.stored.offset == 1


def test_a_change_without_its_event_is_none(device: Device) -> None:
    code = device.code(1)
    with faults.on(Fault("dynamodb", table="audit")), pytest.raises(Exception, match="DynamoDB"):
        totp.use_code(ALICE, code, time.time())
    assert device.stored.offset == 0
    assert int(device.stored.last_step) == -1


# -- two codes in a row ----------------------------------------------------------------------------
@pytest.fixture
def alice(client_of: Callable[..., Client], device: Device) -> Client:
    return client_of("alice")


def adjust(browser: Client, *codes: str) -> tuple[int, str]:
    fields = dict(zip(("code", "next_code"), codes, strict=True))
    response = browser.post("/device/clock/", fields, follow=True)
    return response.status_code, response.text


@pytest.mark.parametrize("steps_off", [-3, -2, 2, 3])
def test_two_codes_in_a_row_count_at_once(device: Device, alice: Client, steps_off: int) -> None:
    assert not device.use(steps_off)
    codes = device.code(steps_off - 1), device.code(steps_off)
    status, page = adjust(alice, *codes)
    assert status == 200
    assert "cooper follows the clock of your device" in page
    assert device.offsets() == [60 if steps_off > 0 else -60]

    assert not any(device.use_code(code) for code in codes), "they are used up"
    clock.shift(900)
    assert device.use(steps_off)


def test_two_codes_of_which_one_was_used_do_not_count(device: Device, alice: Client) -> None:
    used = device.code(0)
    assert device.use_code(used)
    status, page = adjust(alice, used, device.code(1))
    assert status == 403
    assert "not two unused codes in a row" in page or "not valid now" in page
    assert device.offsets() == []


@pytest.mark.parametrize("codes", [("", ""), ("123456", ""), ("000000", "000001"), ("x", "y")])
def test_other_codes_are_refused_on_the_field(
    device: Device, alice: Client, codes: tuple[str, str]
) -> None:
    status, page = adjust(alice, *codes)
    assert status == 403
    assert "not two unused codes in a row" in page
    assert int(device.stored.failures) == 1, "it is a try as any other"


def test_tries_are_slowed_down_here_too(device: Device, alice: Client) -> None:
    for _ in range(3):
        adjust(alice, "000000", "000001")
    status, page = adjust(alice, device.code(0), device.code(1))
    assert status == 403
    assert "Too many wrong codes" in page


def test_it_takes_a_device(client_of: Callable[..., Client]) -> None:
    status, _ = adjust(client_of("bob"), "123456", "234567")
    assert status == 403

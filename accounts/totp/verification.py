"""Checks a code and uses it up, by conditional writes alone, which a lost answer does not repeat.

Each try is counted before the code is looked at, so that many tries at once cannot outrun the
back-off; a correct code sets the count back. A code is used up by one conditional write: of many
requests that bring the same code, exactly one passes.
"""

import math
from collections.abc import Sequence

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from accounts.models import TotpDevice
from accounts.totp import recovery
from accounts.totp.codes import STEP, normalize_code
from accounts.totp.devices import device_of
from accounts.totp.drift import CodeUse, read_code, read_two_codes
from accounts.totp.seeds import decrypt_device_seed
from core import audit
from core.audit import AuditEvent, Event
from core.dynamo import ConditionFailed, transaction
from core.errors import CooperError, Unavailable

FAILURES_BEFORE_WAIT = 3
"""Wrong codes in a row that lead to the first wait."""

FIRST_WAIT = 30
"""Seconds of the first wait; it doubles with each further wrong code."""

LONGEST_WAIT = 900
"""Seconds that the wait grows to: nobody is locked out for ever."""

COUNT_ATTEMPTS = 20
"""Times that a try is counted again when others are counted at the same moment."""

WRONG_CODE = (
    "This code is not valid now. Wait for the next one on your device, and use each code once. "
    "If codes are refused again and again, its clock is off: the page of your device sets it right."
)
TOO_MANY = "Too many wrong codes."
WRONG_RECOVERY_CODE = (
    "This recovery code is not valid: it was used, or it is of another device. Each works once."
)
WRONG_TWO_CODES = (
    "These are not two unused codes in a row. If they are, the clock of your device is more than "
    "a minute and a half off: set it there first."
)


class WrongCode(CooperError):
    """A code that is not valid: wrong, old, used, another's, or given before the back-off is over.

    `failures` are the wrong codes in a row, `wait` the seconds until one is looked at again.
    """

    field = "code"

    def __init__(
        self, detail: str, failures: int = 0, wait: int = 0, *, message: str = WRONG_CODE
    ) -> None:
        """Give every wrong code the same message, whatever is wrong with it."""
        if failures:
            message += f" Wrong codes in a row: {failures}."
        if wait:
            message += f" Try again in {wait} seconds; until then even a correct code is refused."

        super().__init__(message, detail)
        self.wait = wait


def wait_after(failures: int) -> int:
    """Return the seconds of back-off after so many wrong codes in a row."""
    if failures < FAILURES_BEFORE_WAIT:
        return 0

    # capped, so that the power stays small however often somebody tries
    doublings = min(failures - FAILURES_BEFORE_WAIT, 16)
    return int(min(FIRST_WAIT * 2**doublings, LONGEST_WAIT))


def use_code(person: str, typed: str, at: float) -> TotpDevice:
    """Use up a code of the person's own device at `at` (seconds since the epoch).

    Return the device that the code is of.

    Raise WrongCode, and CooperError when KMS or DynamoDB does not answer.
    """
    device, seed = _count_try(person, at)

    code = normalize_code(typed)
    use = read_code(seed, code, at, int(device.offset)) if code else None
    if use is None:
        raise _refusal(device, "wrong code")

    _use_up(device, _step_actions(use), TotpDevice.last_step < use.step, "used code", use)
    return device


def adjust_clock(person: str, typed: str, typed_next: str, at: float) -> TotpDevice:
    """Learn from two codes in a row how far the device's clock is off, and use both up.

    Raise WrongCode, and CooperError when KMS or DynamoDB does not answer.
    """
    device, seed = _count_try(person, at)

    code = normalize_code(typed)
    next_code = normalize_code(typed_next)
    use = read_two_codes(seed, code, next_code, at) if code and next_code else None
    if use is None:
        raise _refusal(device, "wrong codes for the clock", message=WRONG_TWO_CODES)

    # the first of the two has to be unused as well
    is_unused = TotpDevice.last_step < use.step - 1
    _use_up(device, _step_actions(use), is_unused, "used codes for the clock", use)
    return device


def _step_actions(use: CodeUse) -> list[Action]:
    # no older code counts from here on: one that somebody saw over a shoulder is worth nothing
    return [TotpDevice.last_step.set(use.step), *_RESET_FAILURES]


def use_recovery_code(person: str, typed: str, at: float) -> TotpDevice:
    """Use up one of the person's recovery codes at `at` (seconds since the epoch).

    Return the device that the code is for.

    Raise WrongCode, and CooperError when KMS or DynamoDB does not answer.
    """
    device, seed = _count_try(person, at)
    code_hash = recovery.hash_code(seed, typed)

    stored_hashes = list(device.recovery)
    if code_hash not in stored_hashes:
        raise _refusal(device, "wrong recovery code", message=WRONG_RECOVERY_CODE)

    unused_hashes = [stored for stored in stored_hashes if stored != code_hash]
    actions: list[Action] = [TotpDevice.recovery.set(unused_hashes), *_RESET_FAILURES]
    _use_up(device, actions, TotpDevice.recovery == stored_hashes, "used recovery code")
    return device


_RESET_FAILURES = (TotpDevice.failures.set(0), TotpDevice.wait_until.remove())


def _use_up(
    device: TotpDevice,
    actions: Sequence[Action],
    still_unused: Condition,
    detail: str,
    use: CodeUse | None = None,
) -> None:
    """Write that a code is used, and the offset that it taught, with its event.

    Raise WrongCode if the code was used already, or the device was replaced meanwhile.
    """
    # a code of a device that was replaced meanwhile must not pass for one of the new device
    condition = still_unused & (TotpDevice.seed == device.seed)
    learnt_offset = use.offset if use else int(device.offset)
    try:
        with transaction() as writes:
            if learnt_offset != device.offset:
                actions = [*actions, TotpDevice.offset.set(learnt_offset)]
                condition &= _condition_of_offset(device)
                writes.create(_clock_event(device, learnt_offset))
            writes.update(
                TotpDevice,
                str(device.person),
                actions=actions,
                condition=condition,
                refusal=ConditionFailed(detail),
            )
    except ConditionFailed as error:
        raise _refusal(device, detail) from error


def _condition_of_offset(device: TotpDevice) -> Condition:
    """Return the condition that the offset is still the one that was read."""
    condition: Condition = TotpDevice.offset == device.offset
    if not device.offset:
        # an item from before there were offsets has none
        condition |= TotpDevice.offset.does_not_exist()
    return condition


def _clock_event(device: TotpDevice, learnt_offset: int) -> AuditEvent:
    return audit.event(
        Event.DEVICE_CLOCK_LEARNT,
        person=str(device.person),
        seconds_off_before=int(device.offset) * STEP,
        seconds_off=learnt_offset * STEP,
    )


def refuse_during_wait(person: str, at: float) -> TotpDevice:
    """Return the person's device; raise WrongCode without one, or while its back-off lasts.

    No code is looked at, and no try is counted.
    """
    device = device_of(person)
    if device is None:
        raise WrongCode("no device")

    wait = math.ceil(float(device.wait_until or 0) - at)
    if wait > 0:
        raise _refusal(device, "backing off", wait)
    return device


def _count_try(person: str, at: float) -> tuple[TotpDevice, bytes]:
    """Count a try; return the device and its seed, to look at the code with.

    Raise WrongCode without a device or during a back-off, and what `decrypt_device_seed` raises.
    """
    seed = b""
    decrypted_from: bytes | None = None
    for _ in range(COUNT_ATTEMPTS):
        device = refuse_during_wait(person, at)

        # before the try is counted: that KMS does not answer is nobody's wrong code
        if device.seed != decrypted_from:
            seed = decrypt_device_seed(device)
            decrypted_from = device.seed

        if _write_try(device, at):
            return device, seed

    raise Unavailable(
        "Your device is being used by many requests at once. Try again.", f"contention on {person}"
    )


def _write_try(device: TotpDevice, at: float) -> bool:
    """Write one more try; return False when another try was written meanwhile."""
    failures_before = int(device.failures)
    device.failures = failures_before + 1

    # counted as wrong before anybody knows; a correct code sets it back
    actions: list[Action] = [TotpDevice.failures.set(device.failures)]
    wait = wait_after(int(device.failures))
    if wait:
        actions.append(TotpDevice.wait_until.set(int(at) + wait))

    try:
        with transaction() as writes:
            writes.update(
                TotpDevice,
                str(device.person),
                actions=actions,
                condition=TotpDevice.failures == failures_before,
                refusal=ConditionFailed("another try was counted"),
            )
    except ConditionFailed:
        return False
    return True


def _refusal(
    device: TotpDevice, detail: str, remaining_wait: int = 0, message: str = WRONG_CODE
) -> WrongCode:
    """Write the refusal to the audit log and return the error to raise."""
    failures = int(device.failures)
    audit.record(Event.STEP_UP_REFUSED, why=detail, object=str(device.person), failures=failures)

    wait = remaining_wait or wait_after(failures)
    if remaining_wait:
        message = TOO_MANY
    return WrongCode(detail, failures, wait, message=message)

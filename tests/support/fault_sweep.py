"""A recorded operation, sent again for every call x every fault."""

import io
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from core.audit import AuditEvent
from core.dynamo import documents
from core.retry import retry
from tests.support import faults
from tests.support.fault_recording import (
    WRITES,
    Changes,
    Recording,
    describe,
    events_in,
    issued_by,
    uses_of_code,
)
from tests.support.faults import Call, Fault
from tests.support.kill_sweep import killed_at
from tests.support.stored import items_of

EXPIRED = {"code": "ExpiredTokenException", "status": 400}
GATEWAY = {"status": 502, "code": "502"}
FAULTS: dict[str, dict[str, Any]] = {
    "error": {"mode": "error", "status": 503, "code": "ServiceUnavailable"},
    "gateway": {"mode": "error", **GATEWAY},
    "throttle": {"mode": "throttle"},
    "deny": {"mode": "deny"},
    "gone": {"mode": "gone"},
    "expired": {"mode": "error", **EXPIRED},
    "reset": {"mode": "reset"},
    "hang": {"mode": "hang", "seconds": 1.0},
    "lost": {"mode": "lost"},
    "lost-error": {"mode": "lost-error"},
    "cut": {"mode": "cut"},
    "cut-unchecked": {"mode": "cut-unchecked"},
    "torn": {"mode": "torn"},
    "garbled": {"mode": "garbled"},
    "garbled-unchecked": {"mode": "garbled-unchecked"},
    "page": {"mode": "changed", "change": lambda body: b"<html>Sign in to this network</html>"},
    "empty": {"mode": "empty"},
    "bare": {"mode": "bare"},
    "absent": {"mode": "absent"},
    "stall": {"mode": "stall", "seconds": 1.0},
    "drip": {"mode": "drip", "seconds": 0.2},
}
"""The faults by name."""

READ_FAULTS = {"error", "deny", "gone", "reset", "cut-unchecked", "absent", "bare", "stall"}
"""Those that differ where nothing is written: of the others there is one alike."""

NOT_WHOLE = (
    "cut",
    "cut-unchecked",
    "torn",
    "garbled",
    "garbled-unchecked",
    "page",
    "empty",
    "bare",
    "absent",
)
"""Those by which an answer is not whole, or as if nothing were there."""

SLOW = {"hang", "stall", "drip"}
"""Those that take their time."""

KILLED = ("killed before", "killed after")
"""A worker that is killed at the call."""


@dataclass(frozen=True)
class Case:
    """One fault at one call; a lasting one meets all later calls of the kind too."""

    operation: str
    number: int
    fault: str
    lasting: bool = False

    table: str = ""
    """The one table of a batched read that the fault is about, "" for all."""

    def __str__(self) -> str:
        lasting = ", lasting" if self.lasting else ""
        table = f" of {self.table}" if self.table else ""
        return f"{self.operation}: {self.fault} at call {self.number}{table}{lasting}"


@dataclass
class Run:
    """What came of one case; `response` is None where the worker was killed."""

    case: Case
    recording: Recording
    response: Any
    log: str
    seconds: float
    changes: Changes
    events: list[AuditEvent]
    issued: list[Any]
    """The credentials that STS issued meanwhile."""

    stored: str
    """All tables."""

    journal: list[Call]
    """The calls that came in."""

    uses_of_code: int
    """How often the operation's code was good: for the operation, and tried afterwards."""

    @property
    def text(self) -> str:
        """All that the browser got."""
        if self.response is None:
            return ""
        headers = "\n".join(f"{name}: {value}" for name, value in self.response.items())
        return f"{headers}\n{self.response.text}"

    @property
    def handed_out(self) -> bool:
        """Whether the browser got a credential."""
        return "SigninToken" in self.text or any(
            credentials.secret_access_key in self.text for credentials in self.issued
        )

    @property
    def says_done(self) -> bool:
        """Whether the browser got the answer of an operation that is done."""
        return self.response is not None and describe(self.response) == self.recording.answer

    @property
    def keeps_audit_log_from_being_written(self) -> bool:
        """Whether the fault meets the audit log, or the worker was killed."""
        call = self.recording.calls[self.case.number]
        return self.response is None or any(table.endswith("audit") for table in call.tables)

    @property
    def secrets(self) -> set[str]:
        """What must be in no log and in no table."""
        secrets = {self.recording.fields.get("password", "")}
        for credentials in self.issued:
            secrets |= {credentials.secret_access_key, credentials.session_token}
        return secrets - {""}


# -- cases -----------------------------------------------------------------------------------------
def cases_of(recording: Recording) -> list[Case]:
    """Return the calls of the operation x the faults, once and lasting.

    A grant meets the faults at every call. Another write meets every fault where it writes, and at
    the first and last of its reads that are alike those that differ there.
    """
    cases = []
    for number, call in enumerate(recording.calls):
        is_read = call.service == "dynamodb" and call.operation not in WRITES
        is_bare_read = is_read and not recording.operation.is_grant
        if is_bare_read and not _is_at_an_end(recording.calls, number):
            continue
        names = READ_FAULTS if is_bare_read else set(FAULTS)
        if is_read:
            # a read that stalls is as good as one that hangs or drips
            names = names - {"hang", "drip"}
        cases += _cases_at(recording.name, number, [name for name in FAULTS if name in names])
    return cases


def emptied_cases_of(recording: Recording) -> list[Case]:
    """Return every call x every answer that is not whole, or says that nothing is there."""
    cases = []
    for number in range(len(recording.calls)):
        cases += [Case(recording.name, number, fault) for fault in NOT_WHOLE]
        cases += [Case(recording.name, number, fault, lasting=True) for fault in NOT_WHOLE]
    return cases + absences_of(recording)


def _is_at_an_end(calls: list[Call], number: int) -> bool:
    """Return whether a call is the first or the last of those like it."""

    def kind(call: Call) -> tuple[str, str, tuple[str, ...]]:
        # what is asked about a table is alike for each of them
        is_about_a_table = call.operation.startswith(("Describe", "List"))
        return call.service, call.operation, () if is_about_a_table else call.tables

    alike = [other for other, call in enumerate(calls) if kind(call) == kind(calls[number])]
    return number in (alike[0], alike[-1])


def _cases_at(name: str, number: int, names: list[str]) -> list[Case]:
    """Return the cases at one call; what takes its time is lasting alone."""
    cases = [Case(name, number, fault) for fault in KILLED]
    cases += [Case(name, number, fault) for fault in names if fault not in SLOW]
    return cases + [Case(name, number, fault, lasting=True) for fault in names]


def absences_of(recording: Recording) -> list[Case]:
    """Return every table of every batched read whose items may be absent."""
    return [
        Case(recording.name, number, "absent", table=table)
        for number, call in enumerate(recording.calls)
        for table in call.tables
        if call.operation == "BatchGetItem"
    ]


def sample_of(recording: Recording, size: int) -> list[Case]:
    """Return some of the quick cases, always the same ones, spread over all calls and faults."""
    cases = [case for case in cases_of(recording) if case.fault not in (*SLOW, *KILLED)]
    # operations begin at other places, so that together they meet every fault
    start = sum(recording.name.encode())
    step = len(cases) // size + 1
    return [cases[(start + number * step) % len(cases)] for number in range(size)]


def fault_of(case: Case, calls: list[Call]) -> Fault:
    """Return the fault that a case injects."""
    settings = FAULTS[case.fault]
    call = calls[case.number]
    if case.table:
        fault = Fault(call.service, call.operation, case.table, times=1, **settings)
        return replace(fault, after=sum(fault.meets(other) for other in calls[: case.number]))
    if not case.lasting:
        return Fault(after=case.number, times=1, **settings)

    table = call.tables[0] if call.tables else ""
    fault = Fault(call.service, call.operation, table, **settings)
    earlier = sum(fault.meets(other) for other in calls[: case.number])
    return replace(fault, after=earlier)


# -- running ---------------------------------------------------------------------------------------
class Missed(AssertionError):
    """The call that a fault was to meet never came."""


def run(case: Case, recording: Recording) -> Run:
    """Send the POST under the case's fault and return what came of it; raise Missed.

    A slow machine may end a look at the audit log early, and then there are fewer calls.
    """
    return retry(partial(_run_once, case, recording), on=Missed, tries=3)


def _run_once(case: Case, recording: Recording) -> Run:
    store = recording.store
    with recording.begun():
        events_before = events_in(store).keys()
        issued_before = {credentials.access_key_id for credentials in issued_by(store)}

        begun = time.monotonic()
        with logged() as log:
            response = _send_under(case, recording)
        seconds = time.monotonic() - begun

        journal = faults.journal()
        faults.settle()
        events = events_in(store)
        is_done = not recording.operation.is_grant and bool(recording.changes())
        outcome = Run(
            case=case,
            recording=recording,
            response=response,
            log=log.getvalue(),
            seconds=seconds,
            changes=recording.changes(),
            events=[event for key, event in events.items() if key not in events_before],
            issued=[one for one in issued_by(store) if one.access_key_id not in issued_before],
            stored=json.dumps([items_of(store, document) for document in documents()]),
            journal=journal,
            uses_of_code=0,
        )
        outcome.uses_of_code = uses_of_code(recording, done=is_done or outcome.handed_out)
        return outcome


def _send_under(case: Case, recording: Recording) -> Any:
    if case.fault in KILLED:
        killed_at(case.number + 1, case.fault == KILLED[1], recording.send)
        return None
    with faults.on(fault_of(case, recording.calls), may_miss=True) as [fault]:
        response = recording.send()
    if not fault.hit:
        raise Missed(f"{case}: it never came")
    return response


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Collect what is logged within the block, tracebacks too."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setLevel(logging.INFO)
    logging.getLogger().addHandler(handler)
    try:
        yield log
    finally:
        logging.getLogger().removeHandler(handler)

"""An operation under faults of AWS: recorded once, then sent again for every call x every fault."""

import copy
import io
import json
import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from django.test import Client

from accounts import stepup
from accounts.first_read import guesses
from accounts.models import LocalAccount, OnceRecord, Person, TotpDevice
from brokers import catalogue
from brokers.models import Association, AwsAccount, Target
from core.audit import AuditEvent
from core.dynamo import Transaction, documents
from core.errors import CooperError
from core.installation import Installation
from embedded_aws import EmbeddedAws
from tests.support import clock, faults
from tests.support.fault_operations import Operation
from tests.support.faults import Call, Fault
from tests.support.kill_sweep import killed_at
from tests.support.stored import items_of

EXPIRED = {"code": "ExpiredTokenException", "status": 400}
FAULTS: dict[str, dict[str, Any]] = {
    "error": {"mode": "error", "status": 503, "code": "ServiceUnavailable"},
    "throttle": {"mode": "throttle"},
    "expired": {"mode": "error", **EXPIRED},
    "reset": {"mode": "reset"},
    "lost": {"mode": "lost"},
    "lost-error": {"mode": "lost-error"},
    "cut": {"mode": "cut"},
    "cut-unchecked": {"mode": "cut-unchecked"},
    "torn": {"mode": "torn"},
    "garbled": {"mode": "garbled"},
    "garbled-unchecked": {"mode": "garbled-unchecked"},
    "empty": {"mode": "empty"},
    "bare": {"mode": "bare"},
    "absent": {"mode": "absent"},
    "stall": {"mode": "stall", "seconds": 2.0},
    "drip": {"mode": "drip", "seconds": 0.2},
}
"""The faults by name."""

SLOW = {"stall", "drip"}
"""Those that take their time."""

KILLED = ("killed before", "killed after")
"""A worker that is killed at the call."""

BUSINESS = (
    Target,
    Association,
    AwsAccount,
    Person,
    LocalAccount,
    TotpDevice,
    OnceRecord,
    Installation,
)
"""What operations are about."""

VOLATILE = {"last_seen", "last_step", "failures", "wait_until", "offset", "version"}
"""Attributes that change beside the operation, such as a code's use."""

BESIDE = ("grant:", "device:learn-clock:")
"""Events that are not of an administrator's operation, or come beside it."""


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


Changes = frozenset[str]
"""What is different: changed attributes of items, and events."""


@dataclass
class Recording:
    """An operation's last POST, the state before it, and what it does when nothing fails."""

    name: str
    operation: Operation
    store: EmbeddedAws
    browser: Client
    arguments: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, Any] = field(default_factory=dict)
    moment: float = 0.0
    cookies: Any = None
    warm: catalogue.Catalogue | None = None
    calls: list[Call] = field(default_factory=list)
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    steps: list[Changes] = field(default_factory=list)
    """What is different after each transaction."""
    answer: tuple[Any, ...] = ()
    """Status, destination and kinds of messages of the answer."""

    uses_of_code: int = 0
    """How often its code is good although nothing fails: twice where it needs none."""

    @property
    def fields(self) -> dict[str, Any]:
        """What is sent."""
        return dict(self.arguments[1])

    def send(self) -> Any:
        """Send the POST again."""
        return self.browser.post(*self.arguments, **self.options)

    @contextmanager
    def begun(self) -> Iterator[None]:
        """Go back to the state before the POST, and to its time."""
        self.store.tables.clear()
        self.store.tables.update(copy.deepcopy(self.tables))
        self.browser.cookies = copy.deepcopy(self.cookies)
        catalogue.cache.catalogue = None if self.operation.cold else self.warm
        if self.operation.cold:
            guesses.forget()
        catalogue.cache.check_at = float("inf")
        faults.clear()
        with clock.travelling(self.moment):
            yield

    def changes(self) -> Changes:
        """Return what is different from the state before the POST."""
        changes = set()
        items_now = stored_items(self.store)
        for key in self.items.keys() | items_now.keys():
            before = self.items.get(key, {})
            after = items_now.get(key, {})
            for name in before.keys() | after.keys():
                if name not in VOLATILE and before.get(name) != after.get(name):
                    changes.add(f"{key} {name}")
        return frozenset(changes)

    def may_leave(self, changes: Changes) -> bool:
        """Return whether these changes are some of the operation's steps, and nothing half."""
        if changes in {frozenset(), *self.steps}:
            return True
        # a step leaves out what could not be prepared, and says so
        return self.operation.in_steps and changes <= self.steps[-1]


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
        return self.response is not None and _describe(self.response) == self.recording.answer

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


# -- recording -------------------------------------------------------------------------------------
def stored_items(store: EmbeddedAws) -> dict[str, dict[str, Any]]:
    """Return the items that operations are about, by table and key, and counts of their events."""
    items: dict[str, dict[str, Any]] = {}
    for document in BUSINESS:
        for item in items_of(store, document):
            key = "|".join(str(item[name]) for name in document.key_names())
            items[f"{document.Meta.table} {key}"] = item

    for event in events_in(store).values():
        kind = str(event.event)
        if not kind.startswith(BESIDE) and kind.endswith(":done"):
            item = items.setdefault(f"event {kind} {event.target}", {"count": 0})
            item["count"] += 1
    return items


def record(name: str, operation: Operation, store: EmbeddedAws, browser: Client) -> Recording:
    """Do the operation, keep its last POST, and send that once more to see what it does."""
    recording = Recording(name, operation, store, browser)
    post = browser.post

    def keeping(*arguments: Any, **options: Any) -> Any:
        recording.arguments = arguments
        recording.options = {name: value for name, value in options.items() if name != "follow"}
        recording.tables = copy.deepcopy(dict(store.tables))
        recording.moment = time.time()
        recording.cookies = copy.deepcopy(browser.cookies)
        recording.warm = catalogue.current()
        return post(*arguments, **options)

    browser.post = keeping  # type: ignore[method-assign]
    try:
        operation.flow(browser)
    finally:
        browser.post = post  # type: ignore[method-assign]

    with recording.begun():
        recording.items = stored_items(store)
        with _noting_steps(recording):
            response = recording.send()
        assert response.status_code < 400, f"{name}: {response.text}"

        recording.calls = faults.journal()
        recording.answer = _describe(response)
        if not operation.in_steps:
            recording.steps = [recording.changes()]
        recording.uses_of_code = _uses_of_code(recording, done=True)
    return recording


def _describe(response: Any) -> tuple[Any, ...]:
    """Return status, destination (without what is secret in it) and kinds of messages."""
    destination = response.get("Location", "").split("?")[0]
    storage = getattr(response.wsgi_request, "_messages", None)
    messages = []
    if storage is not None:
        messages = [*(getattr(storage, "_loaded_data", None) or []), *storage._queued_messages]
    return response.status_code, destination, sorted(message.level for message in messages)


@contextmanager
def _noting_steps(recording: Recording) -> Iterator[None]:
    """Note what is different after each transaction of the block."""
    commit = Transaction.commit

    def noting(writes: Transaction) -> None:
        commit(writes)
        recording.steps.append(recording.changes())

    Transaction.commit = noting  # type: ignore[method-assign]
    try:
        yield
    finally:
        Transaction.commit = commit  # type: ignore[method-assign]


# -- cases -----------------------------------------------------------------------------------------
def cases_of(recording: Recording) -> list[Case]:
    """Return every call of the operation x every fault."""
    name = recording.name
    cases = []
    for number in range(len(recording.calls)):
        cases += [Case(name, number, fault) for fault in (*FAULTS, *KILLED)]
        cases += [Case(name, number, fault, lasting=True) for fault in FAULTS]
    return cases


def absences_of(recording: Recording) -> list[Case]:
    """Return every table of every batched read whose items may be absent."""
    return [
        Case(recording.name, number, "absent", table=table)
        for number, call in enumerate(recording.calls)
        for table in call.tables
        if call.operation == "BatchGetItem"
    ]


def sample_of(recording: Recording, size: int) -> list[Case]:
    """Return some of the cases, always the same ones, spread over all calls and faults."""
    cases = cases_of(recording)
    # a step that shares no factor with the number of faults meets all of them in turn
    step = len(cases) // size
    while math.gcd(step, len(cases) // len(recording.calls)) > 1:
        step += 1
    return [cases[number * step % len(cases)] for number in range(size)]


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
def run(case: Case, recording: Recording) -> Run:
    """Send the POST under the case's fault and return what came of it."""
    store = recording.store
    with recording.begun():
        events_before = events_in(store).keys()
        issued_before = {credentials.access_key_id for credentials in issued_by(store)}

        begun = time.monotonic()
        with logged() as log:
            response = _send_under(case, recording)
        seconds = time.monotonic() - begun

        faults.clear()
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
            uses_of_code=0,
        )
        outcome.uses_of_code = _uses_of_code(recording, done=is_done or outcome.handed_out)
        return outcome


def _send_under(case: Case, recording: Recording) -> Any:
    if case.fault in KILLED:
        killed_at(case.number + 1, case.fault == KILLED[1], recording.send)
        return None
    with faults.on(fault_of(case, recording.calls)) as [fault]:
        response = recording.send()
    assert fault.hit, f"{case}: it never came"
    return response


def _uses_of_code(recording: Recording, *, done: bool) -> int:
    """Try the operation's code twice more, where it had one; return how often it was good."""
    if "code" not in recording.fields:
        return 0

    uses = int(done)
    for _ in range(2):
        with suppress(CooperError):
            stepup.verify(f"local:{recording.operation.person}", recording.fields["code"])
            uses += 1
    return uses


def issued_by(store: EmbeddedAws) -> list[Any]:
    """Return what STS has issued, with its secrets."""
    return list(store._state.credential_store)


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


def events_in(store: EmbeddedAws) -> dict[str, AuditEvent]:
    events = {}
    for item in items_of(store, AuditEvent):
        event = AuditEvent.from_raw_data(item)
        events[str(event.at)] = event
    return events

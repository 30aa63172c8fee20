"""An operation under faults of AWS: recorded once, to be sent again from the same state."""

import copy
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from unittest import mock

from django.http import HttpResponse
from django.test import Client

from accounts import stepup
from accounts.command_lines import CommandLine
from accounts.first_read import guesses
from accounts.models import LocalAccount, OnceRecord, Person, SamlIdp, TotpDevice, WebSession
from brokers import catalogue
from brokers.models import Association, AwsAccount, Import, ImportPart, Target
from brokers.permits import Permit
from core.audit import AuditEvent
from core.dynamo import Document
from core.dynamo.connection import SharedConnection
from core.errors import CooperError
from core.installation import Installation
from embedded_aws import EmbeddedAws
from sso_portal.models import Token
from tests.support import clock, faults
from tests.support.fault_flows import ANY_STATUS, Operation
from tests.support.faults import Call
from tests.support.forgetting import forget_what_is_cached
from tests.support.stored import items_of

BUSINESS: tuple[type[Document], ...] = (
    Target,
    Association,
    AwsAccount,
    Person,
    LocalAccount,
    TotpDevice,
    OnceRecord,
    SamlIdp,
    Installation,
    Import,
    ImportPart,
    Permit,
)
"""What operations are about."""

DRAWN: tuple[type[Document], ...] = (Token, CommandLine, WebSession)
"""What has a key that is drawn: it is another one each time, and so these are counted."""

HASH = re.compile(r"[0-9a-f]{64}|(?<=file-)[0-9a-f]{40}|(?<=')[0-9a-f]{12}(?=')")
"""What is in the key of something that is drawn, such as a code."""

VOLATILE = {
    "last_seen",
    "last_step",
    "failures",
    "wait_until",
    "offset",
    "version",
    "touched_at",
    "announcements",
}
"""Attributes that change beside the operation, such as a code's use."""

BESIDE = ("grant:", "device:learn-clock:")
"""Events that are not of an administrator's operation, or come beside it."""

BROKEN_OFF = "X-Broken-Off"
"""The header that stands for a connection that ended before the answer did."""

WRITES = {"TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"}

Changes = frozenset[str]
"""What is different: changed attributes of items, and events."""


@dataclass
class Recording:
    """An operation's last request, the state before it, and what it does when nothing fails."""

    name: str
    operation: Operation
    store: EmbeddedAws
    browser: Client
    arguments: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, Any] = field(default_factory=dict)
    moment: float = 0.0
    cookies: Any = None
    guesses: dict[str, str] = field(default_factory=dict)
    warm: catalogue.Catalogue | None = None
    calls: list[Call] = field(default_factory=list)
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    steps: list[Changes] = field(default_factory=list)
    """What is different after each write."""

    answer: tuple[Any, ...] = ()
    """Status, destination and kinds of messages of the answer."""

    issued: int = 0
    """How many sessions STS issues for it when nothing fails."""

    uses_of_code: int = 0
    """How often its code is good although nothing fails: twice where it needs none."""

    @property
    def fields(self) -> dict[str, Any]:
        """What is sent."""
        data = self.arguments[1] if len(self.arguments) > 1 else {}
        return dict(data) if isinstance(data, dict) else {}

    def send(self) -> Any:
        """Send the request again, and read the answer to its end."""
        send = getattr(self.browser, self.operation.method)
        return _whole(send(*self.arguments, **self.options))

    @contextmanager
    def begun(self) -> Iterator[None]:
        """Go back to the state before the request, and to its time."""
        self.store.tables.clear()
        self.store.tables.update(copy.deepcopy(self.tables))
        self.browser.cookies = copy.deepcopy(self.cookies)
        catalogue.cache.catalogue = None if self.operation.cold else self.warm
        guesses.forget()
        if not self.operation.cold:
            guesses._people.update(self.guesses)
        catalogue.cache.check_at = float("inf")
        forget_what_is_cached()
        faults.clear()
        with clock.travelling(self.moment):
            yield

    def changes(self) -> Changes:
        """Return what is different from the state before the request."""
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
        if self.operation.writes_what_aws_says:
            return any(change.startswith("event ") for change in changes)
        if not self.operation.in_steps or not changes <= self.steps[-1]:
            return False
        # a step leaves out what could not be prepared, and says so
        return all(part <= changes or not part & changes for part in self._parts())

    def _parts(self) -> list[Changes]:
        """Return what is done whole or not at all: what each step does to each of its subjects."""
        parts = []
        before: Changes = frozenset()
        for step in self.steps:
            by_subject: dict[str, set[str]] = {}
            for change in step - before:
                by_subject.setdefault(_subject(change), set()).add(change)
            parts += [frozenset(part) for part in by_subject.values()]
            before = step
        return parts


def _subject(change: str) -> str:
    """Return what a change is of: `dev-read` of `targets {'S': 'dev-read'} title`."""
    named = re.search(r"\{'S': '([^']+)'\}", change)
    if named:
        return named[1]
    return change.split()[2] if change.startswith("event ") else change


# -- recording -------------------------------------------------------------------------------------
def stored_items(store: EmbeddedAws) -> dict[str, dict[str, Any]]:
    """Return the items that operations are about, by table and key, and counts of their events."""
    items: dict[str, dict[str, Any]] = {}
    for document in BUSINESS:
        for item in items_of(store, document):
            key = "|".join(str(item[name]) for name in document.key_names())
            key = HASH.sub("drawn", key)
            items[f"{document.Meta.table} {key}"] = item
    for document in DRAWN:
        count = len(items_of(store, document))
        items[f"{document.Meta.table}"] = {"count": count}

    for event in events_in(store).values():
        kind = str(event.event)
        if not kind.startswith(BESIDE) and kind.endswith((":done", "try:failed")):
            item = items.setdefault(f"event {kind} {event.target}", {"count": 0})
            item["count"] += 1
    return items


def record(name: str, operation: Operation, store: EmbeddedAws, browser: Client) -> Recording:
    """Do the operation, keep its last request, and send that once more to see what it does."""
    recording = Recording(name, operation, store, browser)
    known_before = catalogue.current()
    send = getattr(Client, operation.method)

    def keeping(client: Client, *arguments: Any, **options: Any) -> Any:
        recording.browser = client
        recording.arguments = arguments
        recording.options = {name: value for name, value in options.items() if name != "follow"}
        recording.tables = copy.deepcopy(dict(store.tables))
        recording.moment = time.time()
        recording.cookies = copy.deepcopy(client.cookies)
        recording.guesses = dict(guesses._people)
        recording.warm = known_before if operation.is_stale else catalogue.current()
        return send(client, *arguments, **options)

    with mock.patch.object(Client, operation.method, keeping):
        _whole(operation.flow(browser))
    rehearse(recording)
    return recording


def rehearse(recording: Recording) -> None:
    """Send the request with no fault, and keep what it calls and does."""
    operation, store = recording.operation, recording.store
    with recording.begun():
        recording.items = stored_items(store)
        issued_before = len(issued_by(store))
        with _noting_steps(recording):
            response = recording.send()
        recording.issued = len(issued_by(store)) - issued_before
        is_expected = response.status_code == operation.status or response.status_code < 400
        if operation.status == ANY_STATUS:
            is_expected = response.status_code < 500
        assert is_expected, f"{recording.name}: {response.status_code} {response.text}"

        recording.calls = faults.journal()
        recording.answer = describe(response)
        if not operation.in_steps:
            recording.steps = [recording.changes()]
        recording.uses_of_code = uses_of_code(recording, done=True)


def _whole(response: Any) -> Any:
    """Return a response that has come to its end, where it comes in parts."""
    if not getattr(response, "streaming", False):
        return response
    parts = []
    status = response.status_code
    try:
        parts += response.streaming_content
    except CooperError:
        # the server breaks off, and the browser sees that
        status = HTTPStatus.SERVICE_UNAVAILABLE
        response[BROKEN_OFF] = "yes"
    whole = HttpResponse(b"".join(parts), status=status, headers=dict(response.items()))
    whole.wsgi_request = response.wsgi_request  # type: ignore[attr-defined]
    return whole


def describe(response: Any) -> tuple[Any, ...]:
    """Return status, destination (without what is secret in it) and kinds of messages."""
    destination = response.get("Location", "").split("?")[0]
    storage = getattr(response.wsgi_request, "_messages", None)
    messages = []
    if storage is not None:
        messages = [*(getattr(storage, "_loaded_data", None) or []), *storage._queued_messages]
    return response.status_code, destination, sorted(message.level for message in messages)


@contextmanager
def _noting_steps(recording: Recording) -> Iterator[None]:
    """Note what is different after each write of the block."""
    call = SharedConnection._call

    def noting(connection: SharedConnection, operation: str, arguments: dict[str, Any]) -> Any:
        answer = call(connection, operation, arguments)
        if operation in WRITES:
            recording.steps.append(recording.changes())
        return answer

    with mock.patch.object(SharedConnection, "_call", noting):
        yield


def issued_by(store: EmbeddedAws) -> list[Any]:
    """Return what STS has issued, with its secrets."""
    return list(store._state.credential_store)


def events_in(store: EmbeddedAws) -> dict[str, AuditEvent]:
    events = {}
    for item in items_of(store, AuditEvent):
        event = AuditEvent.from_raw_data(item)
        events[str(event.at)] = event
    return events


def uses_of_code(recording: Recording, *, done: bool) -> int:
    """Try the operation's code twice more, where it had one; return how often it was good."""
    if "code" not in recording.fields:
        return 0

    uses = int(done)
    for _ in range(2):
        with suppress(CooperError):
            stepup.verify(f"local:{recording.operation.person}", recording.fields["code"])
            uses += 1
    return uses

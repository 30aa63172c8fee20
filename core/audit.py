"""The audit log: who did, was given or was refused what, when, from where and why."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection

from core import audit_shards
from core.dynamo import WrittenOnce, transaction
from core.errors import CooperError, Unavailable

NOT_RECORDED = (
    "cooper cannot write its audit log now, and does nothing without it. "
    "Nothing was handed out; try again in a minute."
)


class Event(StrEnum):
    """Every kind of event, as `noun:verb:outcome`."""

    SIGN_IN_DONE = "person:sign-in:done"
    SIGN_IN_REFUSED = "person:sign-in:refused"
    SIGN_OUT_DONE = "person:sign-out:done"
    PERSON_ADDED = "person:add:done"
    PERSON_CHANGED = "person:change:done"
    PERSON_DISABLED = "person:disable:done"
    PERSON_ENABLED = "person:enable:done"
    SERVICE_TOKEN_MADE = "service-token:make:done"  # noqa: S105 - an event's name
    SERVICE_TOKEN_REVOKED = "service-token:revoke:done"  # noqa: S105 - an event's name
    PERSON_NAME_ALLOWED = "person:allow-name:done"
    PERSON_DELETED = "person:delete:done"
    DEVICE_ADDED = "device:add:done"
    DEVICE_REPLACED = "device:replace:done"
    DEVICE_REMOVED = "device:remove:done"
    DEVICE_RESET = "device:reset:done"
    DEVICE_CLOCK_LEARNT = "device:learn-clock:done"
    ENROLMENT_BEGUN = "device:begin:done"
    ENROLMENT_REFUSED = "device:begin:refused"
    ENROLMENT_CODE_MADE = "enrolment-code:make:done"
    RECOVERY_USED = "recovery-code:use:done"
    STEP_UP_REFUSED = "step-up:check:refused"
    SESSIONS_ENDED = "person:end-sessions:done"
    SESSION_ENDED = "person:end-session:done"
    PERSON_MADE_ADMIN = "person:make-administrator:done"
    NEW_ADMINS_ACKNOWLEDGED = "new-administrators:acknowledge:done"
    PASSWORD_CHANGED = "password:change:done"  # noqa: S105 - an event's name
    PASSWORD_REFUSED = "password:change:refused"  # noqa: S105 - an event's name
    GRANT_INTENDED = "grant:begin:intended"
    GRANT_DONE = "grant:finish:done"
    GRANT_FAILED = "grant:finish:failed"
    GRANT_STOPPED = "grant:finish:refused"
    GRANT_REFUSED = "grant:begin:refused"
    TARGET_ADDED = "target:add:done"
    TARGET_CHANGED = "target:change:done"
    TARGET_DELETED = "target:delete:done"
    TARGET_TRIED = "target:try:done"
    TARGET_TRY_FAILED = "target:try:failed"
    TARGET_MODE_ACCEPTED = "target:accept-mode:done"
    ASSOCIATION_ADDED = "association:add:done"
    ASSOCIATION_CHANGED = "association:change:done"
    ASSOCIATION_DELETED = "association:delete:done"
    ACCOUNT_ADDED = "aws-account:add:done"
    ACCOUNT_CHANGED = "aws-account:change:done"
    CONTACT_CHANGED = "contact:change:done"
    EXPORT_DONE = "catalogue:export:done"
    IMPORT_BEGUN = "catalogue:import:begun"
    IMPORT_DONE = "catalogue:import:done"
    IMPORT_GIVEN_UP = "catalogue:import:given-up"
    IMPORT_REFUSED = "catalogue:import:refused"
    STOP_SET = "stop:set:done"
    STOP_LIFTED = "stop:lift:done"
    KEYS_ENCRYPTED = "keys:encrypt:done"
    ADMIN_REFUSED = "admin:enter:refused"
    AUDIT_VIEWED = "audit:view:done"
    AUDIT_EXPORTED = "audit:export:done"
    IDP_ADDED = "identity-provider:add:done"
    IDP_CHANGED = "identity-provider:refresh:done"
    IDP_REFUSED = "identity-provider:refresh:refused"
    IDP_REMOVED = "identity-provider:remove:done"
    IDP_TRIED = "identity-provider:try:done"
    SAML_KEY_MADE = "saml-key:make:done"
    SAML_KEY_USED = "saml-key:use:done"
    SAML_KEY_DROPPED = "saml-key:drop:done"
    SETUP_DONE = "setup:run:done"
    SECRET_KEY_MADE = "secret-key:make:done"  # noqa: S105 - an event's name
    SECRET_KEY_ROTATED = "secret-key:rotate:done"  # noqa: S105 - an event's name
    SECRET_KEY_RETIRED = "secret-key:retire:done"  # noqa: S105 - an event's name
    REGISTRATION_KEY_ROTATED = "registration-key:rotate:done"
    COMMAND_LINE_ALLOWED = "command-line:allow:done"
    COMMAND_LINE_DENIED = "command-line:allow:refused"
    COMMAND_LINE_BEGUN = "command-line:begin:done"
    COMMAND_LINE_ENDED = "command-line:end:done"
    COMMAND_LINE_REFUSED = "command-line:begin:refused"
    COMMAND_LINE_MOVED = "command-line:use-elsewhere:done"
    COMMAND_LINE_STOPPED = "command-line:use-elsewhere:refused"
    PERMIT_ASKED = "permit:ask:done"
    PERMIT_GIVEN = "permit:give:done"
    CIPHERTEXT_MOVED = "ciphertext:rewrap:done"
    SERVE_STARTED = "serve:start:done"
    RESTORE_FOUND = "restore:find:done"
    RESTORE_STEP_DONE = "restore:take-away:done"
    RESTORE_WORKED_OFF = "restore:work-off:done"


class OutlinesByTarget(GlobalSecondaryIndex["AuditEvent"]):  # type: ignore[no-untyped-call]
    """One target's history, for showing (`core.audit_history`); never read to decide a right."""

    class Meta:
        index_name = "outlines-by-target"
        # what searches go by, and no text that somebody typed: an index takes 1,000 write units a
        # second of one target, each of 1 KB
        projection = IncludeProjection(["event", "request_id"])

    target = UnicodeAttribute(hash_key=True)
    at = UnicodeAttribute(range_key=True)


class ByTarget(GlobalSecondaryIndex["AuditEvent"]):  # type: ignore[no-untyped-call]
    """The same in tables of version 1."""

    class Meta:
        index_name = "by-target"
        projection = AllProjection()

    target = UnicodeAttribute(hash_key=True)
    at = UnicodeAttribute(range_key=True)


class ByPerson(GlobalSecondaryIndex["AuditEvent"]):  # type: ignore[no-untyped-call]
    """One person's history, for showing; never read to decide a right."""

    class Meta:
        index_name = "by-person"
        projection = AllProjection()

    person = UnicodeAttribute(hash_key=True)
    at = UnicodeAttribute(range_key=True)


class AuditEvent(WrittenOnce):
    """One event.

    `day` is the partition: a day, or one of its shards (`2026-11-26#5`, `core.audit_shards`). `at`
    is UTC in ISO 8601 with microseconds, then `#` and an id, so that a day reads in order. A
    grant's outcome is beside its intent in the same partition.
    `person` did it, or had it done; `target` is what it was done to where that has a history: a
    target, or a person.
    """

    purpose = "who did what"
    retired_indexes = frozenset({"by-target"})
    verbose_name = "event"
    verbose_name_plural = "audit log"

    class Meta:
        table = "audit"

    day = UnicodeAttribute(hash_key=True)
    at = UnicodeAttribute(range_key=True)
    event = UnicodeAttribute()
    person = UnicodeAttribute(null=True)
    target = UnicodeAttribute(null=True)
    aws_account = UnicodeAttribute(null=True)
    grant = UnicodeAttribute(null=True)
    why = UnicodeAttribute(null=True)
    source = UnicodeAttribute(null=True)
    request_id = UnicodeAttribute(null=True)
    details = UnicodeAttribute(null=True)
    outlines_by_target = OutlinesByTarget()
    by_target = ByTarget()
    by_person = ByPerson()

    def __str__(self) -> str:
        return f"{self.event} {self.at.split('#')[0]}"

    @property
    def moment(self) -> datetime:
        """When it happened (UTC), or the beginning of its day for an item that is no event."""
        try:
            moment = datetime.fromisoformat(self.at.split("#")[0])
        except ValueError:
            moment = datetime.fromisoformat(self.day[: len("2026-11-26")])
        return moment.replace(tzinfo=moment.tzinfo or UTC)

    @property
    def facts(self) -> dict[str, Any]:
        """The details as they were given, or as they stand in an item that is no event."""
        try:
            return dict(json.loads(self.details or "{}"))
        except (ValueError, TypeError):
            # whoever may write to the table has put it there
            return {"unreadable": self.details}


@dataclass(frozen=True)
class Context:
    """Who is acting and from where.

    `extra` joins every event's details (OS user, host and caller ARN for commands).
    """

    person: str = ""
    source: str = ""
    request_id: str = ""
    extra: dict[str, str] = field(default_factory=dict)


_context: ContextVar[Context | None] = ContextVar("audit_context", default=None)


def context() -> Context:
    """Return who is acting now."""
    return _context.get() or Context()


@contextmanager
def acting(**fields: Any) -> Iterator[None]:
    """Let every event of the block carry these fields of Context, beside those set already."""
    token = _context.set(replace(context(), **fields))
    try:
        yield
    finally:
        _context.reset(token)


def add_facts(**facts: str) -> None:
    """Let every later event of the block of `acting` (a request, a command) carry these facts too.

    Raise RuntimeError outside of one: nothing would take them off the next request's events.
    """
    current = _context.get()
    if current is None:
        raise RuntimeError("facts of an event belong to a block of acting()")
    _context.set(replace(current, extra={**current.extra, **facts}))


def now() -> datetime:
    """Return the time (UTC)."""
    return datetime.now(UTC)


def partitions_of(day: date) -> list[str]:
    """Return the hash keys (`AuditEvent.day`) under which the events of a day (UTC) are.

    Whoever reads a day reads all of them (`core.audit_days`). Raise CooperError.
    """
    return audit_shards.current().partitions_of(day)


def event_key(moment: datetime, name: str = "") -> tuple[str, str]:
    """Return the key (day, at) of an event; it can be found again by `name`, else it is random.

    Raise CooperError when nobody can tell into which partition of the day it belongs.
    """
    suffix = name or secrets.token_hex(8)
    partition = audit_shards.partition_for(moment.date(), suffix)
    return partition, f"{moment.isoformat(timespec='microseconds')}#{suffix}"


def event(kind: Event, *, at: tuple[str, str] | None = None, **facts: Any) -> AuditEvent:
    """Return an event, not yet written; `at` is its key (`event_key`), now unless given.

    Facts are routed by their names: those of AuditEvent's attributes (`person`, `target`, `why` and
    so on) become these, all others go into its details (JSON, no secrets). So a mistyped `targt`
    lands in the details, silently, where no index finds it.
    """
    current = context()
    columns = {
        "person": current.person,
        "source": current.source,
        "request_id": current.request_id,
    }
    details: dict[str, Any] = dict(current.extra)
    for name, value in facts.items():
        if name in AuditEvent.get_attributes():
            columns[name] = value
        elif value is not None:
            details[name] = value

    day, moment = at or event_key(now())
    # an index takes no empty text as a key
    filled_columns: dict[str, Any] = {name: value or None for name, value in columns.items()}
    return AuditEvent(
        day,
        moment,
        event=str(kind),
        details=json.dumps(details, default=str, sort_keys=True),
        **filled_columns,
    )


class NotRecorded(Unavailable):
    """The audit log cannot be written, and without it nothing is done."""


@contextmanager
def recording() -> Iterator[None]:
    """Say so, in cooper's words, where the block cannot write to the audit log."""
    try:
        yield
    except CooperError as error:
        if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            # it was refused by something else
            raise
        raise NotRecorded(NOT_RECORDED, error.detail, code=error.code) from error


def record(kind: Event, **facts: Any) -> AuditEvent:
    """Write an event durably and return it.

    Raise NotRecorded when it cannot be written; then nothing may be done.
    """
    audit_event = event(kind, **facts)
    with recording(), transaction() as writes:
        writes.create(audit_event)
    return audit_event

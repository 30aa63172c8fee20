"""What holds whatever AWS does: looked at after each case of the sweep."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from http import HTTPStatus

from django.conf import settings

from brokers.grants import sts_slots
from core.audit import Event
from tests.support.fault_recording import BROKEN_OFF, WRITES
from tests.support.fault_sweep import Run
from tests.support.faults import Call

TRIES = 3
REFUSALS = {"deny", "gone"}
"""Faults that another try does not mend."""

AWS_WORDS = (
    "injected",
    "arn:aws:kms",
    "arn:aws:dynamodb",
    "assumed-role",
    "botocore.exceptions",
    "cooper-au",
)
"""What belongs in the log alone: AWS's own words, and names of what is cooper's own."""

BLAME = re.compile(r"(?i)(somebody|someone) else|changed meanwhile")
OUTCOMES = (Event.GRANT_DONE, Event.GRANT_FAILED, Event.GRANT_STOPPED)


def answers_as_it_should(run: Run) -> Iterator[str]:
    """Demand no 5xx but 503: what AWS answers is never an error inside cooper."""
    if run.response is None:
        return
    status = run.response.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.SERVICE_UNAVAILABLE:
        yield f"answered {status}"


def answers_plainly(run: Run) -> Iterator[str]:
    """Demand a sentence and the request's id of a 503, and nothing of AWS's own words."""
    if run.response is None or run.response.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
        return
    response = run.response
    if BROKEN_OFF in response.headers:
        return
    if response.headers["X-Request-Id"] not in response.text:
        yield "without the request id"
    for words in AWS_WORDS:
        if words in run.response.text:
            yield f"it says {words!r}"


def blames_nobody(run: Run) -> Iterator[str]:
    """Demand that nobody else is said to have changed anything: nobody else is there."""
    if run.response is None or run.case.fault == "absent":
        # DynamoDB itself says that it was deleted
        return
    if run.response.status_code == HTTPStatus.CONFLICT:
        yield "answered 409"
    if BLAME.search(run.response.text):
        yield f"it says {BLAME.search(run.response.text)!r}"


def tries_little(run: Run) -> Iterator[str]:
    """Demand three tries of a call at most, and one of what is denied."""
    if run.case.fault == "absent":
        # whoever meets what is not there looks again
        return
    is_refused = run.case.fault in REFUSALS
    for are_reads in (False, True):
        usual = _most_alike(run.recording.calls, are_reads)
        allowed = usual * TRIES
        if is_refused:
            # what is stored is looked at once more, to say what came of it
            allowed = usual + are_reads
        count = _most_alike(run.journal, are_reads)
        if count > allowed:
            yield f"the same call {count} times"


def _most_alike(calls: list[Call], are_reads: bool) -> int:
    """Return how often the same call came, among those that read or among the others."""
    counts = Counter(
        (call.service, call.operation, call.body) for call in calls if are_reads == _reads(call)
    )
    return max(counts.values(), default=0)


def _reads(call: Call) -> bool:
    if call.service == "dynamodb":
        return call.operation not in WRITES
    return call.operation == "GetCallerIdentity"


def hands_out_nothing_unrecorded(run: Run) -> Iterator[str]:
    """Let a credential leave cooper only with an intent and an outcome on the audit log."""
    kinds = {str(event.event) for event in run.events}
    if run.handed_out and not {Event.GRANT_INTENDED, Event.GRANT_DONE} <= kinds:
        yield f"handed out with {sorted(kinds)} on the audit log"
    recorded = {event.facts.get("access_key_id") for event in run.events}
    for credentials in run.issued:
        if credentials.secret_access_key in run.text and credentials.access_key_id not in recorded:
            yield "handed out keys that no outcome names"


def asks_sts_with_an_intent(run: Run) -> Iterator[str]:
    """Let STS issue nothing to a grant without an intent, wherever the worker was killed."""
    intents = [event for event in run.events if event.event == Event.GRANT_INTENDED]
    if run.case.fault == "lost-error":
        # what it issued before its fault never left STS
        return
    if run.recording.operation.is_grant and len(run.issued) > len(intents):
        yield f"issued {len(run.issued)} with {len(intents)} intents on the audit log"


def concludes_every_intent(run: Run) -> Iterator[str]:
    """Demand one outcome of each intent, unless just that could not be written."""
    outcomes = Counter(str(event.grant) for event in run.events if event.event in OUTCOMES)
    intents = [str(event.grant) for event in run.events if event.event == Event.GRANT_INTENDED]
    for grant in intents:
        if outcomes[grant] == 0 and not run.keeps_audit_log_from_being_written:
            yield "an intent without an outcome"
    if any(count > 1 for count in outcomes.values()):
        yield "several outcomes"
    if set(outcomes) - set(intents):
        yield "an outcome without an intent"


def writes_all_or_nothing(run: Run) -> Iterator[str]:
    """Demand that what is different is what is different after one of the operation's steps."""
    recording = run.recording
    if run.case.fault == "absent" and run.changes == recording.operation.where_absent:
        return
    if not recording.may_leave(run.changes):
        yield f"half written: {sorted(run.changes)}"
    elif run.says_done and not recording.operation.is_grant and recording.steps[-1] != run.changes:
        yield "says that it is done, and it is not"


def uses_a_code_once(run: Run) -> Iterator[str]:
    """Let a code be good for one operation."""
    call = run.recording.calls[run.case.number]
    is_without_device = run.case.fault == "absent" and call.tables == ("cooper-totp-devices",)
    if is_without_device and not run.recording.operation.is_grant:
        # whoever has no device is asked for no code, and sets up a first one
        return
    if run.uses_of_code > max(1, run.recording.uses_of_code):
        yield f"its code was good {run.uses_of_code} times"


def returns_its_slot(run: Run) -> Iterator[str]:
    """Demand that no slot for an STS call stays taken."""
    slots = sts_slots._slots()
    free = 0
    while slots.acquire(blocking=False):
        free += 1
    for _ in range(free):
        slots.release()
    if free != settings.COOPER_STS_AT_ONCE:
        yield f"{settings.COOPER_STS_AT_ONCE - free} slots are taken"


def keeps_secrets(run: Run) -> Iterator[str]:
    """Demand that no secret is in the log or in a table."""
    for secret in run.secrets:
        if secret in run.log:
            yield "a secret is in the log"
        if secret in run.stored:
            yield "a secret is in a table"


INVARIANTS: dict[str, Callable[[Run], Iterator[str]]] = {
    "answers as it should": answers_as_it_should,
    "answers plainly": answers_plainly,
    "blames nobody": blames_nobody,
    "tries little": tries_little,
    "hands out nothing unrecorded": hands_out_nothing_unrecorded,
    "asks STS with an intent": asks_sts_with_an_intent,
    "concludes every intent": concludes_every_intent,
    "writes all or nothing": writes_all_or_nothing,
    "uses a code once": uses_a_code_once,
    "returns its slot": returns_its_slot,
    "keeps secrets": keeps_secrets,
}


def complaints(run: Run) -> list[str]:
    """Return what does not hold after a case."""
    return [
        f"{run.case}: {name}: {complaint}"
        for name, invariant in INVARIANTS.items()
        for complaint in invariant(run)
    ]

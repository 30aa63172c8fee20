"""All-or-nothing writes: conditions named, conflicts retried, lost answers not taken for edits.

Rules: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html - at
most 100 actions, a ClientRequestToken makes a repeat within 10 minutes idempotent, a
TransactionConflict may be tried again.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, NamedTuple

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from core import aws
from core.dynamo.conflicts import demand_passing, tries
from core.dynamo.connection import (
    LOOK_WITHIN,
    CancellationReason,
    Cancelled,
    OutcomeUnknown,
    shared,
)
from core.dynamo.documents import Document
from core.dynamo.sizes import check_item
from core.errors import Conflict, CooperError, Invalid, Unavailable

LIMIT = 100
"""Actions in one transaction at most."""


class Stale(Conflict):
    """The document was changed by somebody else since it was read."""

    def __init__(self, document: Document) -> None:
        message = "This was changed by somebody else meanwhile. Look at it again."
        super().__init__(message, f"stale: {document.pk}")
        self.document = document


class AlreadyExists(Conflict):
    """A document with this key exists already."""

    def __init__(self, document: Document) -> None:
        super().__init__("This exists already.", f"exists: {document.pk}")
        self.document = document


class _Kind(IntEnum):
    """Kinds of actions, in the order in which PynamoDB sends them."""

    CHECK = 0
    DELETE = 1
    PUT = 2
    UPDATE = 3


class _Action(NamedTuple):
    kind: _Kind
    arguments: dict[str, Any]
    """As DynamoDB takes them."""
    refusal: CooperError
    """What to raise when the action's condition does not hold."""


class Transaction:
    """Actions that are written together or not at all; at most 100."""

    def __init__(self) -> None:
        self._actions: list[_Action] = []
        self._saved: list[Document] = []
        self._created: list[Document] = []
        # all tries are the same transaction: one whose answer was lost may be done at any time
        # until the next one, which must not take that for somebody else's change
        self._token = str(uuid.uuid4())

    def __len__(self) -> int:
        return len(self._actions)

    def create(self, document: Document, refusal: CooperError | None = None) -> None:
        """Put a document that must not exist yet; otherwise `refusal` (AlreadyExists) is raised.

        Raise Invalid for one that is too large.
        """
        # the condition is about the item with this key: its key attribute exists if it does
        hash_key = type(document).get_attributes()[document.key_names()[0]]
        arguments = document.get_save_kwargs_from_instance(condition=hash_key.does_not_exist())
        check_item(arguments["Item"], document.key_limits())
        self._add(_Kind.PUT, arguments, refusal or AlreadyExists(document))
        self._saved.append(document)
        self._created.append(document)

    def check_absent(self, document: Document) -> None:
        """Demand that no document with this key exists; otherwise Stale is raised.

        For who found none, and does something else for that: a read alone proves no absence.
        """
        hash_key = type(document).get_attributes()[document.key_names()[0]]
        condition = hash_key.does_not_exist()
        self.check(type(document), *document.key, condition=condition, refusal=Stale(document))

    def save(
        self,
        document: Document,
        condition: Condition | None = None,
        refusal: CooperError | None = None,
    ) -> None:
        """Put a document over the version that was read; otherwise `refusal` (Stale) is raised.

        Raise Invalid for one that is too large.
        """
        arguments = document.get_save_kwargs_from_instance(condition=condition)
        check_item(arguments["Item"], document.key_limits())
        self._add(_Kind.PUT, arguments, refusal or Stale(document))
        self._saved.append(document)

    def replace(self, document: Document) -> None:
        """Put a document over whatever has its key; raise Invalid for one that is too large."""
        (hash_key,), rest = document._get_save_args(add_version_condition=False)
        arguments = document._get_connection().get_operation_kwargs(hash_key, key="Item", **rest)
        check_item(arguments["Item"], document.key_limits())
        # there is no condition, so nothing is refused
        self._add(_Kind.PUT, arguments, Stale(document))
        self._saved.append(document)

    def update(
        self,
        model: type[Document],
        *key: Any,
        actions: Sequence[Action],
        condition: Condition | None = None,
        refusal: CooperError,
    ) -> None:
        """Change attributes in place, whatever the version.

        When `condition` does not hold, `refusal` is raised.
        """
        hash_key, range_key = model._serialize_keys(*key)
        # whoever read the document before must not save over this change
        with_version = [*actions, Document.version.add(1)]
        arguments = model._get_connection().get_operation_kwargs(
            hash_key, range_key=range_key, actions=with_version, condition=condition
        )
        self._add(_Kind.UPDATE, arguments, refusal)

    def delete(self, document: Document, refusal: CooperError | None = None) -> None:
        """Delete the version of a document that was read; otherwise `refusal` (Stale) is raised."""
        arguments = document.get_delete_kwargs_from_instance()
        self._add(_Kind.DELETE, arguments, refusal or Stale(document))

    def delete_key(self, model: type[Document], key: str) -> None:
        """Delete what has this key, whatever it is, and nothing where there is none."""
        arguments = model.get_operation_kwargs_from_class(key)

        self._add(_Kind.DELETE, arguments, Stale(model(key)))

    def check(
        self, model: type[Document], *key: Any, condition: Condition, refusal: CooperError
    ) -> None:
        """Demand a condition of an item that is not written; otherwise `refusal` is raised."""
        hash_key, range_key = (*key, None)[:2]
        arguments = model.get_operation_kwargs_from_class(hash_key, range_key, condition=condition)
        self._add(_Kind.CHECK, arguments, refusal)

    def _add(self, kind: _Kind, arguments: dict[str, Any], refusal: CooperError) -> None:
        if len(self._actions) >= LIMIT:
            message = f"This changes more than {LIMIT} items at once. Do it in smaller parts."
            raise Invalid(message)
        self._actions.append(_Action(kind, arguments, refusal))

    def commit(self) -> None:
        """Write all actions or none.

        Raise the refusal of the first condition that does not hold, Unavailable, or OutcomeUnknown
        when neither an answer nor the table says that it was done.
        """
        if not self._actions:
            return

        for _ in tries():
            reasons = self._write_or_find()
            if reasons is None:
                self._update_versions()
                return
            self._raise_refusal(reasons)
        raise Unavailable(
            "Others are changing the same things right now. Nothing was changed; try again."
        )

    def _update_versions(self) -> None:
        """Let the documents in memory have the versions that were written."""
        for document in self._saved:
            document.update_local_version_attribute()  # type: ignore[no-untyped-call]

    def _write(self) -> list[CancellationReason] | None:
        """Try once; return None, or the reasons why DynamoDB cancelled the transaction."""
        try:
            shared().transact_write_items(
                condition_check_items=self._arguments_of(_Kind.CHECK),
                delete_items=self._arguments_of(_Kind.DELETE),
                put_items=self._arguments_of(_Kind.PUT),
                update_items=self._arguments_of(_Kind.UPDATE),
                client_request_token=self._token,
            )
        except Cancelled as cancelled:
            return cancelled.reasons
        return None

    def _write_or_find(self) -> list[CancellationReason] | None:
        """Do as `_write`; return None as well if it was done although no answer said so."""
        try:
            return self._write()
        except OutcomeUnknown as error:
            self._demand_written(error)
        return None

    def _demand_written(self, error: OutcomeUnknown) -> None:
        """Raise `error` unless the transaction is in its table.

        That it is not there tells nothing: it may still be under way.
        """
        proof = next((created for created in self._created if created.is_written_once), None)
        if proof is None:
            raise error
        try:
            # the tries of the write have waited long enough
            with aws.deadline(LOOK_WITHIN):
                stored = type(proof).find(*proof.key)
        except CooperError:
            raise error from None
        if stored is None:
            raise error

    def _arguments_of(self, kind: _Kind) -> list[dict[str, Any]]:
        return [action.arguments for action in self._actions if action.kind is kind]

    def _raise_refusal(self, reasons: list[CancellationReason]) -> None:
        """Raise for a failed condition, and for anything else that a later try would meet again."""
        # a stable sort: within a kind, PynamoDB keeps the order
        as_sent = sorted(self._actions, key=lambda action: action.kind)
        codes: set[str] = set()
        for action, reason in zip(as_sent, reasons, strict=True):
            code = reason[0] if reason else "None"
            if code == "ConditionalCheckFailed":
                raise action.refusal
            if code != "None":
                codes.add(code)

        demand_passing(codes)


@contextmanager
def transaction() -> Iterator[Transaction]:
    """Collect actions in the block and write them at its end, unless the block raises."""
    writes = Transaction()
    yield writes
    writes.commit()

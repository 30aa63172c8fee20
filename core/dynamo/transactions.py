"""All-or-nothing writes: conditions named, conflicts retried with jitter, lost answers not mistaken for edits.

Rules: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html - 100 actions at most,
a ClientRequestToken makes a repeat within 10 minutes idempotent, TransactionConflict may be tried again.
"""

import random
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from core.dynamo.connection import Cancelled, shared
from core.dynamo.documents import Document
from core.errors import Conflict, CooperError, Unavailable

LIMIT = 100
"""Actions in one transaction at most."""

TRIES = 12
"""Times a transaction is tried while others hold its items: about 3 s in all."""


class Stale(Conflict):
    """The document was changed by somebody else since it was read; `document` is the one that could not be written."""

    def __init__(self, document: Document) -> None:
        """Keep the document that lost."""
        super().__init__(
            "This was changed by somebody else meanwhile. Look at it again.",
            f"stale: {document.pk}",
        )
        self.document = document


class AlreadyExists(Conflict):
    """A document with this key exists already."""

    def __init__(self, document: Document) -> None:
        """Keep the document that could not be made."""
        super().__init__("This exists already.", f"exists: {document.pk}")
        self.document = document


class _Action(NamedTuple):
    """One action: its kind in PynamoDB's order, DynamoDB's arguments, what to raise when its condition fails."""

    kind: int
    arguments: dict[str, Any]
    refusal: CooperError


_CHECK, _DELETE, _PUT, _UPDATE = range(4)


class Transaction:
    """Actions that are written together or not at all; at most 100."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._actions: list[_Action] = []
        self._written: list[Document] = []

    def __len__(self) -> int:
        """Return how many actions there are."""
        return len(self._actions)

    def create(self, document: Document, refusal: CooperError | None = None) -> None:
        """Put a document that must not exist yet; otherwise `refusal` (AlreadyExists) is raised."""
        absent = type(document).get_attributes()[document._hash_keyname or ""].does_not_exist()
        self._add(
            _PUT,
            document.get_save_kwargs_from_instance(condition=absent),
            refusal or AlreadyExists(document),
        )
        self._written.append(document)

    def save(
        self,
        document: Document,
        condition: Condition | None = None,
        refusal: CooperError | None = None,
    ) -> None:
        """Put a document over the version that was read; otherwise `refusal` (Stale) is raised."""
        self._add(
            _PUT,
            document.get_save_kwargs_from_instance(condition=condition),
            refusal or Stale(document),
        )
        self._written.append(document)

    def update(
        self,
        model: type[Document],
        *key: Any,
        actions: Sequence[Action],
        condition: Condition | None = None,
        refusal: CooperError,
    ) -> None:
        """Change attributes in place, whatever the version; when `condition` fails, `refusal` is raised."""
        hash_key, range_key = model._serialize_keys(*key)
        counted = [*actions, Document.version.add(1)]
        arguments = model._get_connection().get_operation_kwargs(
            hash_key, range_key=range_key, actions=counted, condition=condition
        )
        self._add(_UPDATE, arguments, refusal)

    def delete(self, document: Document, refusal: CooperError | None = None) -> None:
        """Delete the version of a document that was read; otherwise `refusal` (Stale) is raised."""
        self._add(_DELETE, document.get_delete_kwargs_from_instance(), refusal or Stale(document))

    def check(
        self, model: type[Document], *key: Any, condition: Condition, refusal: CooperError
    ) -> None:
        """Demand a condition of an item that is not written; otherwise `refusal` is raised."""
        hash_key, range_key = (*key, None)[:2]
        self._add(
            _CHECK,
            model.get_operation_kwargs_from_class(hash_key, range_key, condition=condition),
            refusal,
        )

    def _add(self, kind: int, arguments: dict[str, Any], refusal: CooperError) -> None:
        """Take one more action; raise CooperError past DynamoDB's limit."""
        if len(self._actions) >= LIMIT:
            raise CooperError(
                f"This changes more than {LIMIT} items at once. Do it in smaller parts."
            )
        self._actions.append(_Action(kind, arguments, refusal))

    def commit(self) -> None:
        """Write all actions or none; raise the refusal of the first condition that failed, or Unavailable."""
        if not self._actions:
            return
        for attempt in range(TRIES):
            reasons = self._try()
            if reasons is None:
                self._done()
                return
            self._raise_refusal(reasons)
            time.sleep(random.uniform(0.5, 1) * min(0.02 * 2**attempt, 0.4))  # noqa: S311 - jitter, not a secret
        raise Unavailable(
            "Others are changing the same things right now. Nothing was changed; try again."
        )

    def _done(self) -> None:
        """Bring the written documents' versions up to date."""
        for document in self._written:
            document.update_local_version_attribute()  # type: ignore[no-untyped-call]

    def _try(self) -> list[tuple[str, dict[str, Any] | None] | None] | None:
        """Write once; return None, or the reasons why DynamoDB cancelled the transaction."""
        checks, deletes, puts, updates = (
            [a.arguments for a in self._actions if a.kind == kind] for kind in range(4)
        )
        try:
            shared().transact_write_items(
                checks, deletes, puts, updates, client_request_token=str(uuid.uuid4())
            )
        except Cancelled as cancelled:
            return cancelled.reasons
        return None

    def _raise_refusal(self, reasons: list[tuple[str, dict[str, Any] | None] | None]) -> None:
        """Raise for a failed condition, and for anything else that a later try would not mend."""
        ordered = sorted(self._actions, key=lambda action: action.kind)
        for action, reason in zip(ordered, reasons, strict=True):
            if reason and reason[0] == "ConditionalCheckFailed":
                raise action.refusal
        codes = {reason[0] for reason in reasons if reason and reason[0] != "None"}
        if not codes <= {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}:
            raise CooperError(
                "This could not be written. Nothing was changed.", f"cancelled: {sorted(codes)}"
            )


@contextmanager
def transaction() -> Iterator[Transaction]:
    """Collect actions in the block and write them at its end."""
    collected = Transaction()
    yield collected
    collected.commit()

"""What an administrator does in one form or action, as it travels through the admin's hooks."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from core.dynamo import Document
from core.errors import CooperError, Invalid, StepUpReason, StepUpRequired
from core.requests import CooperRequest

D = TypeVar("D", bound=Document)


class OperationKind(StrEnum):
    """The kinds of operation of every ModelAdmin; actions have kinds of their own."""

    VIEW = "view"
    ADD = "add"
    CHANGE = "change"
    DELETE = "delete"


def form_kind(document_or_id: object) -> OperationKind:
    """Return the kind of a form's operation, by its document or id (None: a new one)."""
    if document_or_id is None:
        return OperationKind.ADD
    return OperationKind.CHANGE


@dataclass
class FormChanges:
    """What a valid form changes: fields of its document, and inline rows to save and to delete.

    `before_and_after` has one entry per changed field: name -> [before, after], fit for JSON and
    free of secrets. `cleaned_data` may hold secrets, so a `repr` shows nothing of it.
    """

    cleaned_data: dict[str, Any] = field(default_factory=dict, repr=False)
    before_and_after: dict[str, list[Any]] = field(default_factory=dict)
    rows_to_save: list[Document] = field(default_factory=list)
    rows_to_delete: list[Document] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.before_and_after or self.rows_to_save or self.rows_to_delete)


@dataclass
class AdminOperation(Generic[D]):
    """One operation of an administrator, from the page that asks to the transaction."""

    kind: str
    """An `OperationKind`, or the kind of an action or a button of one ModelAdmin."""

    documents: Sequence[D] = ()
    """The documents that it concerns; none yet in the empty form for a new one."""

    given: dict[str, Any] = field(default_factory=dict, repr=False)
    """What was typed into the fields of `extra_form_fields`, such as a one-time code."""

    changes: FormChanges = field(default_factory=FormChanges)
    """What the form changes; nothing for an operation that has no form of a document."""

    prepared: Any = field(default=None, repr=False)
    """What `prepare` returned, for the hooks that come after it."""

    impact: list[str] = field(default_factory=list)
    """Who gains and who loses what, a line each, as `preview_impact` says."""

    is_previewed: bool = False
    """Whether the form is in its second step: what it does was computed, and is shown."""

    lost_secrets: list[str] = field(default_factory=list)
    """Fields whose content is not shown again, so that it has to be typed once more."""

    refusal: CooperError | None = None
    """Why it was not done; the form is then shown again and says so."""

    is_stale: bool = False
    """Whether somebody else changed the document since the form was shown."""

    authorized: bool = False
    """Whether `authorize_operation` was asked and refused nothing."""

    @property
    def document(self) -> D:
        """The one document that it concerns; ValueError where there are none or several."""
        [document] = self.documents
        return document

    @property
    def is_adding(self) -> bool:
        return self.kind == OperationKind.ADD

    @property
    def writes_anything(self) -> bool:
        """Whether saving the form writes anything: a new document always does."""
        return self.is_adding or bool(self.changes)

    def for_document(self, document: D) -> "AdminOperation[D]":
        """Return the same operation, on one of its documents."""
        return replace(self, documents=[document])

    def demand_authorized(self) -> None:
        """Raise StepUpRequired unless it was authorized: a safety net beneath what writes."""
        if not self.authorized:
            raise StepUpRequired(
                "This needs a one-time code from your device.",
                "no code was asked for",
                reason=StepUpReason.NO_CODE,
            )


class AdminRequest(CooperRequest):
    """A request to a page of the admin, which says what the administrator does there."""

    operation: AdminOperation[Any]


class NotSavedYet(Invalid):
    """The form is to be looked at before it is saved.

    That is no fault of what was typed: so it is shown with 200, and without the note that errors
    have to be corrected.
    """

    status = HTTPStatus.OK


class FormBroughtBack(NotSavedYet):
    """The form was sent after its web session had ended; it is shown as it was typed."""

    def __init__(self) -> None:
        super().__init__("Nothing was done yet.", "form brought back")


class ImpactNotConfirmed(NotSavedYet):
    """Who gains and who loses was not seen yet, or has changed: it is shown, to be confirmed."""

    def __init__(self) -> None:
        super().__init__(
            "This changes who may become it. Nothing is saved yet.", "impact not confirmed yet"
        )


def fingerprint(lines: Iterable[Any]) -> str:
    """Return what stands for lines that a page showed (nested ones too).

    A POST that has it proves that they were seen.
    """
    content = json.dumps(list(lines), default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:32]

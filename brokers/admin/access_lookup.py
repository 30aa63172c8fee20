"""What may somebody become, and why: for a person, or for any set of groups typed in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms

from accounts.identity import Group, Identity
from accounts.models import Person
from brokers import catalogue
from brokers.entitlements import Entitlement, entitlements_of
from brokers.models import State, Target
from core import admin, audit


class GroupsField(admin.LinesField):
    """Groups, one a line."""

    def clean(self, value: Any) -> list[str]:
        """Return the groups as they are written; raise ValidationError."""
        try:
            return [str(Group.parse(line)) for line in super().clean(value)]
        except ValueError as error:
            raise forms.ValidationError(f"This is no group: {error}.") from error


class ExplainForm(forms.Form):
    """Who is asked about."""

    person = forms.CharField(
        max_length=600,
        required=False,
        help_text="As provider:subject, such as local:alice; a bare name means local:",
    )
    groups = GroupsField(
        required=False, help_text="Or groups, one a line, such as okta:prod-admins."
    )

    def clean(self) -> dict[str, Any]:
        """Demand one of the two, and a person who is known; keep the person found."""
        found = super().clean() or self.cleaned_data
        key = str(found.get("person") or "").strip()
        if not key and not found.get("groups") and not self.errors:
            raise forms.ValidationError("Say a person, or at least one group.")
        if key:
            found["found"] = Person.find(key if ":" in key else f"local:{key}")
            if found["found"] is None:
                self.add_error(
                    "person",
                    "Nobody of this name has signed in yet. Type their groups below instead.",
                )
        return found


@dataclass(frozen=True)
class Answer:
    """One target that the groups lead to: through which, until when, and what stands in the way, if anything does."""

    target: Target
    account: str
    through: str
    until: datetime | None
    hindrance: str


def answers_for(groups: frozenset[Group]) -> list[Answer]:
    """Return what somebody in these groups may become now, by name."""
    held = catalogue.current()
    found = entitlements_of(
        Identity("cooper", "somebody", groups=groups), held.rules_for(groups), audit.now()
    )
    known = sorted(
        name for name in found if name in held.targets and held.targets[name].state != State.DELETED
    )
    return [_answer(held, found[name]) for name in known]


def _answer(held: catalogue.Catalogue, found: Entitlement) -> Answer:
    """Return the answer of one entitlement."""
    target = held.targets[found.target]
    account = held.accounts.get(str(target.aws_account))
    hindrance = "" if target.enabled else f"the target is {target.state}"
    if not hindrance and account is not None and account.stopped:
        hindrance = "its AWS account is stopped"
    through = ", ".join(str(group) for group in found.through)
    return Answer(target, str(account or target.aws_account), through, found.until, hindrance)

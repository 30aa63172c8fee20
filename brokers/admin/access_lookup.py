"""What may somebody become, and why: for a person, or for any set of groups typed in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpResponse
from django.template.response import TemplateResponse

from accounts.identity import Group, Identity, parse_groups
from accounts.models import Person
from brokers.admin.suggestions import SuggestingLines, groups_of_all_providers
from brokers.catalogue_rows import CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.entitlements import Entitlement, entitlements_of
from brokers.models import State
from brokers.request_catalogue import catalogue_of
from core import admin, audit

NOT_SEEN_YET = "Nobody with this name has signed in yet."
NOT_SEEN = f"{NOT_SEEN_YET} Enter their groups below instead."


class GroupsField(admin.LinesField):
    """Groups, one a line."""

    def clean(self, value: Any) -> list[str]:
        try:
            return [str(Group.parse(line)) for line in super().clean(value)]
        except ValueError as error:
            raise forms.ValidationError(f"Not a valid group: {error}.") from error


class LookupForm(forms.Form):
    """Who is asked about."""

    person = forms.CharField(
        max_length=600,
        required=False,
        help_text="As provider:subject, such as local:alice; a bare name means local:",
    )
    groups = GroupsField(
        required=False,
        help_text="Or groups, one per line, such as okta:prod-admins.",
        widget=SuggestingLines(groups_of_all_providers, {"rows": 4, "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        """Demand one of the two, and a person who is known; keep them as `stored_person`."""
        cleaned_data = super().clean() or self.cleaned_data
        name = str(cleaned_data.get("person") or "").strip()
        if not name:
            if not cleaned_data.get("groups") and not self.errors:
                raise forms.ValidationError("Enter a person, or at least one group.")
            return cleaned_data

        if ":" not in name:
            name = f"local:{name}"
        cleaned_data["stored_person"] = Person.find(name)
        if cleaned_data["stored_person"] is None:
            self.add_error("person", NOT_SEEN)
        return cleaned_data


@dataclass(frozen=True)
class Access:
    """One target that the groups lead to: through which, until when, and what is in the way."""

    target: CatalogueTarget
    account: str
    through: tuple[str, ...]
    until: datetime | None
    obstacle: str


def access_of(current: Catalogue, groups: frozenset[Group]) -> list[Access]:
    """Return what somebody in these groups may become now, by name."""
    # nobody in particular: only the groups count
    somebody = Identity("cooper", "somebody", groups=groups)
    entitlements = entitlements_of(somebody, current.associations_for(groups), audit.now())

    answers = []
    for name in sorted(entitlements):
        target = current.targets.get(name)
        if target is not None and target.state != State.DELETED:
            answers.append(_access(current, target, entitlements[name]))
    return answers


def _access(current: Catalogue, target: CatalogueTarget, entitlement: Entitlement) -> Access:
    account = current.accounts.get(str(target.aws_account))

    obstacle = ""
    if not target.enabled:
        obstacle = f"the target is {target.state}"
    elif account is not None and account.stopped:
        obstacle = "its AWS account is stopped"

    return Access(
        target,
        account=str(account or target.aws_account),
        through=tuple(str(group) for group in entitlement.through),
        until=entitlement.until,
        obstacle=obstacle,
    )


def lookup_page(model_admin: admin.ModelAdmin, request: admin.AdminRequest) -> HttpResponse:
    """Answer the page on which administrators ask."""
    form = LookupForm(request.GET or None)
    person: Person | None = None
    answers: list[Access] | None = None
    if form.is_valid():
        person = form.cleaned_data.get("stored_person")
        groups = form.cleaned_data["groups"]
        if person is not None:
            groups = person.groups
        answers = access_of(catalogue_of(request), parse_groups(groups))

    context = {
        **model_admin.admin_site.each_context(request),
        "title": "What may somebody become, and why?",
        "opts": model_admin.opts,
        "form": form,
        "person": person,
        "answers": answers,
        "free_count": _count_free(person, answers or []),
    }
    status = 400 if form.errors else 200
    return TemplateResponse(request, "admin/access_lookup.html", context, status=status)


def _count_free(person: Person | None, answers: Iterable[Access]) -> int:
    """Return how many targets nothing is in the way of."""
    if person is not None and person.disabled:
        return 0
    return sum(1 for access in answers if not access.obstacle)

"""Local accounts in the management plane."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.http import HttpRequest

from accounts import administrators, local_accounts
from accounts.models import LocalAccount, Person
from accounts.stepup import StepUpMixin
from core import admin, audit
from core.admin.document_writes import Build
from core.audit import AuditEvent, Event
from core.audit_search import history_for
from core.dynamo import Document, Stale, Transaction
from core.errors import Invalid

TRIES = 5
"""Times that a change is begun anew when a sign-in of the same person comes between."""


class UsernameField(forms.CharField):
    """A user name, in its one spelling."""

    def clean(self, value: Any) -> str:
        """Return the user name; raise ValidationError."""
        try:
            return local_accounts.parse_username(str(super().clean(value)))
        except Invalid as error:
            raise forms.ValidationError(error.message) from error


class LocalGroupsField(admin.LinesField):
    """Names of local groups, one a line."""

    def clean(self, value: Any) -> list[str]:
        """Return the names; raise ValidationError."""
        try:
            return local_accounts.parse_group_names(super().clean(value))
        except Invalid as error:
            raise forms.ValidationError(error.message) from error


class LocalAccountForm(admin.DocumentForm):
    """A local account; its password is given anew or left as it is."""

    secret_fields = frozenset({"password"})
    username = UsernameField(max_length=64, help_text="For signing in. It never changes.")
    name = forms.CharField(max_length=120, required=False, help_text="What people read.")
    groups = LocalGroupsField(required=False, help_text="Names of local groups, one a line.")
    password = forms.CharField(
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Empty: as it is. A new one ends the person's web sessions.",
    )
    disabled = forms.BooleanField(
        required=False, help_text="Ends web sessions at the next request; no sign-in works."
    )

    def clean(self) -> dict[str, Any]:
        """Demand a good password where one is given or needed."""
        found = super().clean() or self.cleaned_data
        password = found.get("password")
        if password or self.adding:
            username = str(found.get("username") or getattr(self.instance, "username", "") or "")
            try:
                local_accounts.validate_new_password(
                    password or "", username, found.get("name") or ""
                )
            except Invalid as error:
                self.add_error("password", error.message)
        return found


@admin.register(LocalAccount)
class LocalAccountAdmin(StepUpMixin, admin.ModelAdmin):
    """Local accounts."""

    step_up_strict = True
    form = LocalAccountForm
    list_display = ("username", "name", "groups_said", "disabled")
    search_fields = ("username", "name", "groups_said")
    ordering = ("username",)
    events = {  # noqa: RUF012 - as in Django's admin
        "add": Event.PERSON_ADDED,
        "change": Event.PERSON_CHANGED,
        "delete": Event.PERSON_DELETED,
    }

    @admin.display(description="Groups")
    def groups_said(self, account: LocalAccount) -> str:
        """Return the groups."""
        return ", ".join(account.groups)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep the user name."""
        return ("username",) if obj else ()

    def history_of(self, obj: Document) -> Iterable[AuditEvent]:
        """Return the newest events that name the account."""
        return history_for(f"local:{obj.key[0]}")

    def audit_facts(self, document: Document) -> dict[str, Any]:
        """Name the person that the account stands for."""
        return dict.fromkeys(("object", "target"), f"local:{document.key[0]}")

    def prepare(self, request: HttpRequest, outcome: admin.FormChanges) -> None:
        """Hash a new password; refuse to disable oneself."""
        account = outcome.document
        assert isinstance(account, LocalAccount)  # noqa: S101 - this admin is for local accounts alone
        if account.disabled and request.user.pk == f"local:{account.username}":
            raise Invalid("You cannot disable your own account.", field="disabled")
        administrators.refuse_removing_last_admin(f"local:{account.username}", **_standing(account))
        if outcome.cleaned["password"]:
            account.password = local_accounts.hash_password(outcome.cleaned["password"])
        account.changed_at = datetime.now(UTC)

    def write(self, request: HttpRequest, writes: Transaction, outcome: admin.FormChanges) -> None:
        """Keep the person in step with the account; a new password or disabling ends their web sessions."""
        super().write(request, writes, outcome)
        account = outcome.document
        administrators.guard_admin_change(writes, f"local:{account.key[0]}", **_standing(account))  # type: ignore[arg-type]
        ends = bool({"password", "disabled"} & set(outcome.before_and_after))
        local_accounts.sync_person(writes, account, ends_sessions=ends)  # type: ignore[arg-type]

    def commit(self, request: HttpRequest, outcome: admin.FormChanges, build: Build) -> None:
        """Write it; begin anew when the person signed in at this very moment."""
        for attempt in range(TRIES):
            try:
                return super().commit(request, outcome, build)
            except Stale as error:
                if attempt == TRIES - 1 or not isinstance(error.document, Person):
                    raise
        return None

    def remove(self, request: HttpRequest, obj: Any) -> None:
        """Delete the account; its person stays in the record, disabled."""
        if request.user.pk == f"local:{obj.username}":
            raise Invalid("You cannot delete your own account.")
        obj.disabled = True
        outcome = admin.FormChanges(obj, adding=False)

        def build(writes: Transaction) -> None:
            writes.delete(obj)
            administrators.guard_admin_change(writes, f"local:{obj.username}", **_standing(obj))
            local_accounts.sync_person(writes, obj, ends_sessions=True)
            writes.create(audit.event(Event.PERSON_DELETED, **self.audit_facts(obj)))

        self.commit(request, outcome, build)

    def consequences(self, request: HttpRequest, obj: Any) -> list[str]:
        """Say what goes with it."""
        return ["The person can no longer sign in, and their web sessions end. The record stays."]


def _standing(account: LocalAccount) -> dict[str, Any]:
    """Return whether the account administered as stored, and whether it will as it is about to be."""
    stored = LocalAccount.find(str(account.username))
    return {
        "was": administrators.can_administer(stored),
        "will": administrators.can_administer(account),
    }

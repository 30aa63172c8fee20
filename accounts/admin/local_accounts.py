"""Local accounts in the admin."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts import administrators, local_accounts, passwords
from accounts.admin import account_impact
from accounts.admin.step_up import StepUpMixin
from accounts.models import LocalAccount, Person
from accounts.roles import local_groups_with_role
from core import admin, audit
from core.admin import AdminOperation, AdminRequest
from core.admin.document_writes import Build
from core.audit import AuditEvent, Event
from core.audit_search import history_for
from core.dynamo import Document, Stale, Transaction
from core.errors import Invalid

ATTEMPTS = 5
"""Times that a change is begun anew when a sign-in of the same person comes between."""

DELETED_ACCOUNT = (
    "The person can no longer sign in, and their web sessions end. "
    "The audit log keeps their events."
)


class UsernameField(forms.CharField):
    """A user name, in its one spelling."""

    def clean(self, value: Any) -> str:
        try:
            return local_accounts.parse_username(str(super().clean(value)))
        except Invalid as error:
            raise forms.ValidationError(error.message) from error


class LocalGroupsField(admin.LinesField):
    """Names of local groups, one per line."""

    def clean(self, value: Any) -> list[str]:
        try:
            return local_accounts.parse_group_names(super().clean(value))
        except Invalid as error:
            raise forms.ValidationError(error.message) from error


def _groups_help() -> SafeString:
    """Return what to type for groups, with those that give a role, as the settings say now."""
    with_role = format_html_join("", " <code>{}</code> {}.", local_groups_with_role())
    return format_html("Names of local groups, one per line.{}", with_role)


groups_help = lazy(_groups_help, SafeString)


class LocalAccountForm(admin.DocumentForm):
    """A local account; its password is given anew or left as it is."""

    secret_fields = frozenset({"password"})
    username = UsernameField(max_length=64, help_text="For signing in. It cannot be changed.")
    name = admin.LineField(max_length=120, required=False, help_text="What people read.")
    groups = LocalGroupsField(required=False, help_text=groups_help())
    password = forms.CharField(
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Leave this empty to keep it. A new one ends the person's web sessions.",
    )
    disabled = forms.BooleanField(
        required=False, help_text="Ends web sessions at the next request and stops sign-in."
    )

    def clean(self) -> dict[str, Any]:
        """Demand a good password where one is given or needed."""
        cleaned_data = super().clean() or self.cleaned_data
        password = cleaned_data.get("password")
        if not password and not self.adding:
            return cleaned_data

        stored_username = getattr(self.instance, "username", "")
        username = str(cleaned_data.get("username") or stored_username or "")
        name = cleaned_data.get("name") or ""
        try:
            local_accounts.validate_new_password(password or "", username, name)
        except Invalid as error:
            self.add_error("password", error.message)
        return cleaned_data


@admin.register(LocalAccount)
class LocalAccountAdmin(StepUpMixin, admin.ModelAdmin):
    """Local accounts."""

    step_up_strict = True
    form = LocalAccountForm
    menu_rank = 45
    list_display = ("username", "name", "group_names", "disabled")
    search_fields = ("username", "name", "group_names")
    ordering = ("username",)
    events = {  # noqa: RUF012 - as in Django's admin
        "add": Event.PERSON_ADDED,
        "change": Event.PERSON_CHANGED,
        "delete": Event.PERSON_DELETED,
    }

    @admin.display(description="Groups")
    def group_names(self, account: LocalAccount) -> str:
        return ", ".join(local_accounts.shown_groups(account))

    def get_fields(self, request: AdminRequest, obj: Any = None) -> Any:
        # a read-only one is among them as well
        return list(LocalAccountForm.base_fields)

    def get_readonly_fields(self, request: AdminRequest, obj: Any = None) -> Any:
        # a user name is the key: it never changes
        return ("username",) if obj else ()

    def history_of(self, obj: Document) -> Iterable[AuditEvent]:
        return history_for(f"local:{obj.key[0]}")

    def audit_facts(self, document: Document) -> dict[str, Any]:
        """Name the person that the account stands for."""
        return dict.fromkeys(("object", "target"), f"local:{document.key[0]}")

    # -- saving
    def preview_impact(
        self, request: AdminRequest, operation: AdminOperation[LocalAccount]
    ) -> list[str]:
        """Whether the person becomes an administrator, and which targets they gain and lose."""
        account = operation.document
        stored = LocalAccount.find(account.username)
        return account_impact.impact_lines(stored, account)

    def prepare(self, request: AdminRequest, operation: AdminOperation[LocalAccount]) -> None:
        """Hash a new password; refuse to disable oneself, or the last administrator."""
        account = operation.document
        person_key = f"local:{account.username}"
        if account.disabled and request.user.pk == person_key:
            raise Invalid("You cannot disable your own account.", field="disabled")
        administrators.refuse_removing_last_admin(person_key, **_admin_before_and_after(account))

        password = operation.changes.cleaned_data["password"]
        if password:
            account.password = passwords.hash_password(password)
        account.changed_at = datetime.now(UTC)

    def write(
        self,
        request: AdminRequest,
        operation: AdminOperation[LocalAccount],
        writes: Transaction,
    ) -> None:
        """Keep the person in step; a new password or disabling ends their web sessions."""
        super().write(request, operation, writes)

        account = operation.document
        administrators.guard_admin_change(
            writes, f"local:{account.username}", **_admin_before_and_after(account)
        )
        changed_fields = set(operation.changes.before_and_after)
        ends_sessions = bool({"password", "disabled"} & changed_fields)
        local_accounts.sync_person(writes, account, ends_sessions=ends_sessions)

    def commit(
        self, request: AdminRequest, operation: AdminOperation[LocalAccount], build: Build
    ) -> None:
        """Write it; begin anew when the person signed in at this very moment."""
        for attempt in range(ATTEMPTS):
            try:
                return super().commit(request, operation, build)
            except Stale as error:
                # a sign-in writes the person too; `build` reads them anew
                is_last = attempt == ATTEMPTS - 1
                if is_last or not isinstance(error.document, Person):
                    raise
        return None

    # -- deleting
    def remove(self, request: AdminRequest, operation: AdminOperation[LocalAccount]) -> None:
        """Delete the account; its person stays, disabled: the audit log names them."""
        account = operation.document
        person_key = f"local:{account.username}"
        if request.user.pk == person_key:
            raise Invalid("You cannot delete your own account.")
        account.disabled = True

        def build(writes: Transaction) -> None:
            writes.delete(account)
            administrators.guard_admin_change(
                writes, person_key, **_admin_before_and_after(account)
            )
            local_accounts.sync_person(writes, account, ends_sessions=True)
            writes.create(audit.event(Event.PERSON_DELETED, **self.audit_facts(account)))

        self.commit(request, operation, build)

    def consequences(self, request: AdminRequest, obj: Any) -> list[str]:
        return [DELETED_ACCOUNT, *account_impact.impact_lines(obj, None)]


def _admin_before_and_after(account: LocalAccount) -> dict[str, Any]:
    """Return whether the account can administer as it is stored, and as it is about to be."""
    stored = LocalAccount.find(account.username)
    return {
        "was": administrators.could_administer(stored, account),
        "will": administrators.can_administer(account),
    }

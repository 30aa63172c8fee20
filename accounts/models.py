"""Documents of people, and the Django user that stands for one."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    ListAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from accounts.identity import Group, Identity
from core.dynamo import Document

READ_AUDIT_LOG = "cooper.view_auditevent"
"""All that auditors may."""


class Person(Document):
    """Somebody who has signed in, by `provider:subject`; groups are those of the newest sign-in or change."""

    purpose = "people who signed in"
    verbose_name = "person"
    verbose_name_plural = "people"

    class Meta:
        table = "people"

    person = UnicodeAttribute(hash_key=True)
    provider = UnicodeAttribute()
    subject = UnicodeAttribute()
    name = UnicodeAttribute(null=True)
    groups: ListAttribute[str] = ListAttribute(of=UnicodeAttribute, default=list)  # type: ignore[arg-type]
    epoch = NumberAttribute(default=1)
    disabled = BooleanAttribute(default=False)
    last_seen = UTCDateTimeAttribute(null=True)
    notice = UnicodeAttribute(null=True)
    administrators_seen = UnicodeAttribute(null=True)

    def __str__(self) -> str:
        """Name the person by key."""
        return str(self.person)

    def identity(self, authenticated_at: datetime | None = None) -> Identity:
        """Return the identity that this person has now."""
        groups = frozenset(Group.parse(group) for group in self.groups)
        return Identity(
            self.provider, self.subject, self.name or "", groups, authenticated_at, int(self.epoch)
        )


class LocalAccount(Document):
    """A local account: a name, a password's argon2 hash and its groups (names at the provider `local`)."""

    purpose = "local accounts"
    verbose_name = "local account"
    verbose_name_plural = "local accounts"

    class Meta:
        table = "local-accounts"

    username = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(null=True)
    password = UnicodeAttribute()
    groups: ListAttribute[str] = ListAttribute(of=UnicodeAttribute, default=list)  # type: ignore[arg-type]
    disabled = BooleanAttribute(default=False)
    changed_at = UTCDateTimeAttribute(default=lambda: datetime.now(UTC))

    def __str__(self) -> str:
        """Name the account."""
        return str(self.username)


class TotpDevice(Document):
    """A person's TOTP device; the seed is KMS ciphertext under the person's context."""

    purpose = "one-time-code devices"

    class Meta:
        table = "totp-devices"

    person = UnicodeAttribute(hash_key=True)
    seed = BinaryAttribute(legacy_encoding=False)
    key_arn = UnicodeAttribute()
    confirmed = BooleanAttribute(default=False)
    last_step = NumberAttribute(default=-1)
    failures = NumberAttribute(default=0)
    wait_until = NumberAttribute(null=True)
    recovery: ListAttribute[str] = ListAttribute(of=UnicodeAttribute, default=list)  # type: ignore[arg-type]
    created_at = UTCDateTimeAttribute(null=True)

    def __str__(self) -> str:
        """Name whose device it is."""
        return str(self.person)


class WebSession(Document):
    """A web session under the SHA-256 of its cookie's value, so that the table yields no usable cookie."""

    purpose = "web sessions"

    class Meta:
        table = "web-sessions"

    key_hash = UnicodeAttribute(hash_key=True)
    data = UnicodeAttribute()
    person = UnicodeAttribute(null=True)
    created_at = NumberAttribute()
    touched_at = NumberAttribute()
    ends_at = NumberAttribute(null=True)
    expires = TTLAttribute()

    @property
    def started(self) -> datetime:
        """Return when it began (UTC)."""
        return datetime.fromtimestamp(float(self.created_at), UTC)

    @property
    def last_used(self) -> datetime:
        """Return when it was last used, to the minute (UTC)."""
        return datetime.fromtimestamp(float(self.touched_at), UTC)


class Attempt(Document):
    """A counter of tries within a window of time, by what is tried from where."""

    purpose = "counted tries"

    class Meta:
        table = "attempts"

    what = UnicodeAttribute(hash_key=True)
    tries = NumberAttribute(default=0)
    expires = TTLAttribute()


class OnceRecord(Document):
    """Something that may happen once: its presence says that it has."""

    purpose = "once-only records"

    class Meta:
        table = "once"

    what = UnicodeAttribute(hash_key=True)
    expires = TTLAttribute()


class SamlIdp(Document):
    """A SAML identity provider under the provider id that it has for good; a removed one keeps the id's place."""

    purpose = "SAML identity providers"
    verbose_name = "SAML identity provider"
    verbose_name_plural = "SAML identity providers"

    class Meta:
        table = "saml-idps"

    name = UnicodeAttribute(hash_key=True)
    entity_id = UnicodeAttribute()
    label = UnicodeAttribute()
    sso = UnicodeAttribute()
    slo = UnicodeAttribute(null=True)
    certificates: ListAttribute[str] = ListAttribute(of=UnicodeAttribute, default=list)  # type: ignore[arg-type]
    group_attributes: ListAttribute[str] = ListAttribute(of=UnicodeAttribute, default=list)  # type: ignore[arg-type]
    separator = UnicodeAttribute(null=True)
    signs_response = BooleanAttribute(default=False)
    metadata_url = UnicodeAttribute(null=True)
    metadata_certificate = UnicodeAttribute(null=True)
    valid_until = UTCDateTimeAttribute(null=True)
    refreshed_at = UTCDateTimeAttribute(null=True)
    trouble = UnicodeAttribute(null=True)
    removed = BooleanAttribute(default=False)

    def __str__(self) -> str:
        """Name the identity provider."""
        return str(self.name)


class UserManager(models.Manager["User"]):
    """Finds Django's user by the person's key, in DynamoDB."""

    def get_by_natural_key(self, key: str) -> "User":
        """Return the user for `provider:subject`; raise User.DoesNotExist."""
        person = Person.find(key)
        if person is None:
            raise User.DoesNotExist(key)
        return User.from_person(person)


class User(AbstractBaseUser):
    """The Django user that stands for a person in a request; nothing of it is stored."""

    person = models.CharField(max_length=600, primary_key=True)
    identity: Identity
    stored_person: Person
    is_admin: bool = False
    is_auditor: bool = False
    password = None  # type: ignore[assignment]
    last_login = None

    USERNAME_FIELD = "person"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        managed = False

    @classmethod
    def from_person(cls, person: Person) -> "User":
        """Return the user for a person as read."""
        user = cls(person=person.person)
        user.stored_person, user.identity = person, person.identity()
        return user

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Return whether the person may come in."""
        return not self.stored_person.disabled

    @property
    def is_staff(self) -> bool:
        """Return whether Django's admin lets them in: administrators, and auditors to the record."""
        return self.is_active and (self.is_admin or self.is_auditor)

    is_superuser = False

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Return whether an administrator asks, or an auditor for the record; ModelAdmins narrow it."""
        return self.is_active and (self.is_admin or (self.is_auditor and perm == READ_AUDIT_LOG))

    def has_module_perms(self, app_label: str) -> bool:
        """Return whether an administrator asks, or an auditor for the app that holds the record."""
        return self.is_active and (
            self.is_admin or (self.is_auditor and READ_AUDIT_LOG.startswith(f"{app_label}."))
        )

    def get_session_auth_hash(self) -> str:
        """Return what binds web sessions to the person's epoch: a new epoch ends them."""
        return f"epoch:{int(self.stored_person.epoch)}"

    def __str__(self) -> str:
        """Name the person for people."""
        return str(self.identity)

"""Documents of the people side in DynamoDB, and the Django user that stands for a person."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from accounts.end_reasons import EndReason
from accounts.identity import Group, Identity
from core.dynamo import Document

READ_AUDIT_LOG = "cooper.view_auditevent"
"""The permission of auditors: they have no other."""


def _text_list() -> ListAttribute[str]:
    return ListAttribute(of=UnicodeAttribute, default=list)  # type: ignore[arg-type]


class Person(Document):
    """Somebody who has signed in, by `provider:subject`.

    `groups` are those of the newest sign-in or change. `epoch` counts up to end what was begun
    before: web sessions of an older epoch are not valid any more. The sign-in page says why by
    `epoch_reason`, which decides nothing. Sign-in and administration alone write a person: each
    grant rests on it. `notice` and `administrators_seen` are an earlier cooper's, and only read
    (`accounts.notices`).
    """

    purpose = "people who signed in"
    verbose_name = "person"
    verbose_name_plural = "people"
    danger_words: ClassVar = {"disabled": ("Disabled", "no")}

    class Meta:
        table = "people"

    person = UnicodeAttribute(hash_key=True)
    provider = UnicodeAttribute()
    subject = UnicodeAttribute()
    name = UnicodeAttribute(null=True)
    groups: ListAttribute[str] = _text_list()
    epoch = NumberAttribute(default=1)
    epoch_reason = UnicodeAttribute(null=True)
    disabled = BooleanAttribute(default=False)
    last_seen = UTCDateTimeAttribute(null=True)
    notice = UnicodeAttribute(null=True)
    administrators_seen = UnicodeAttribute(null=True)

    def __str__(self) -> str:
        return str(self.person)

    def identity(self) -> Identity:
        """Return the identity that this person has now."""
        return Identity(
            self.provider,
            self.subject,
            name=self.name or "",
            groups=frozenset(Group.from_stored(text) for text in self.groups),
            epoch=int(self.epoch),
        )

    def start_new_epoch(self, reason: EndReason) -> None:
        """End all web sessions of the person at their next request, once this is saved."""
        self.epoch = int(self.epoch) + 1
        self.epoch_reason = str(reason)


class PersonName(Document):
    """Who has a name, whatever its case and Unicode form: one person, unless the host allowed more.

    The key is made of the provider and the folded name (`accounts.person_names`), whose hash never
    grows too long. Whoever is not among `people`, and has never signed in, does not get the name.
    """

    purpose = "names that people have taken"

    class Meta:
        table = "person-names"

    folded = UnicodeAttribute(hash_key=True)
    people: ListAttribute[str] = _text_list()


class LocalAccount(Document):
    """A local account: a name, the argon2 hash of a password, groups.

    The groups are bare names, at the provider `local`.
    """

    purpose = "local accounts"
    verbose_name = "local account"
    verbose_name_plural = "local accounts"
    danger_words: ClassVar = {"disabled": ("Disabled", "no")}

    class Meta:
        table = "local-accounts"

    username = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(null=True)
    password = UnicodeAttribute()
    groups: ListAttribute[str] = _text_list()
    disabled = BooleanAttribute(default=False)
    changed_at = UTCDateTimeAttribute(default=lambda: datetime.now(UTC))

    def __str__(self) -> str:
        return str(self.username)


class TotpDevice(Document):
    """A person's TOTP device.

    `seed` is ciphertext by the KMS key `key_arn`, with the person in its encryption context.
    `last_step` is the time step of the newest code that was used: no older one counts. It is the
    device's own step, the counter of its code; `offset` are the steps that it is ahead of ours.
    `wait_until` (seconds since the epoch) ends the back-off after `failures` wrong codes in a row.
    `label` tells it from the person's other devices in their app.
    `recovery` holds the keyed hashes of the recovery codes that are left.
    """

    purpose = "one-time-code devices"

    class Meta:
        table = "totp-devices"

    person = UnicodeAttribute(hash_key=True)
    seed = BinaryAttribute(legacy_encoding=False)
    key_arn = UnicodeAttribute()
    # always True, and never read: a device is stored only once a code has proved it
    confirmed = BooleanAttribute(default=False)
    label = UnicodeAttribute(null=True)
    last_step = NumberAttribute(default=-1)
    offset = NumberAttribute(default=0)
    failures = NumberAttribute(default=0)
    wait_until = NumberAttribute(null=True)
    recovery: ListAttribute[str] = _text_list()
    created_at = UTCDateTimeAttribute(null=True)

    def __str__(self) -> str:
        return str(self.person)


class SessionsByPerson(GlobalSecondaryIndex["WebSession"]):  # type: ignore[no-untyped-call]
    """The keys of one person's web sessions, for showing (`accounts.own_sessions`)."""

    class Meta:
        index_name = "by-person"
        # nothing that changes while a session is used: each change would be a write here too
        projection = KeysOnlyProjection()

    person = UnicodeAttribute(hash_key=True)
    created_at = NumberAttribute(range_key=True)


class WebSession(Document):
    """A web session, under the SHA-256 of its cookie's value: the table yields no usable cookie.

    Its times are seconds since the epoch; `ends_at` is set where the provider limits the session.
    """

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
    by_person = SessionsByPerson()

    @property
    def started(self) -> datetime:
        return datetime.fromtimestamp(float(self.created_at), UTC)

    @property
    def last_used(self) -> datetime:
        """When it was last used, to the minute."""
        return datetime.fromtimestamp(float(self.touched_at), UTC)


class Attempt(Document):
    """A counter of tries within a window of time; `what` names what is tried, and by whom."""

    purpose = "counted tries"

    class Meta:
        table = "attempts"

    what = UnicodeAttribute(hash_key=True)
    tries = NumberAttribute(default=0)
    expires = TTLAttribute()


class OnceRecord(Document):
    """Something that may happen once, such as a code that is used up, or a notice that is shown."""

    purpose = "once-only records"

    class Meta:
        table = "once"

    what = UnicodeAttribute(hash_key=True)
    text = UnicodeAttribute(null=True)
    expires = TTLAttribute()


class StoredPreferences(OnceRecord):
    """How a person likes cooper to be (`accounts.preferences`), in the table of once-only records.

    `choices` are by target: what was chosen there last. `announcements` are by their id, and
    `announcements_put_away` says which were put away last, and where (`accounts.announcements`).
    """

    theme = UnicodeAttribute(null=True)
    new_tab = BooleanAttribute(null=True)
    credentials_format = UnicodeAttribute(null=True)
    starred = UnicodeSetAttribute(null=True)
    folded = UnicodeSetAttribute(null=True)
    choices: MapAttribute[str, Any] = MapAttribute(null=True)  # type: ignore[no-untyped-call]
    announcements: MapAttribute[str, Any] = MapAttribute(null=True)  # type: ignore[no-untyped-call]
    announcements_put_away: MapAttribute[str, Any] = MapAttribute(  # type: ignore[no-untyped-call]
        null=True
    )


class SamlIdp(Document):
    """A SAML identity provider, by its provider id.

    The id is its own for good: a removed one stays here, marked, so that no other can take it.
    """

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
    certificates: ListAttribute[str] = _text_list()
    group_attributes: ListAttribute[str] = _text_list()
    separator = UnicodeAttribute(null=True)
    signs_response = BooleanAttribute(default=False)
    metadata_url = UnicodeAttribute(null=True)
    metadata_certificate = UnicodeAttribute(null=True)
    valid_until = UTCDateTimeAttribute(null=True)
    refreshed_at = UTCDateTimeAttribute(null=True)
    trouble = UnicodeAttribute(null=True)
    removed = BooleanAttribute(default=False)

    def __str__(self) -> str:
        return str(self.name)


class UserManager(models.Manager["User"]):
    """Finds users where they are: in DynamoDB."""

    def get_by_natural_key(self, key: str) -> "User":
        """Return the user with the person's key `provider:subject`; raise User.DoesNotExist."""
        person = Person.find(key)
        if person is None:
            raise User.DoesNotExist(key)
        return User.from_person(person)


class User(AbstractBaseUser):
    """The Django user that stands for a person in a request; nothing of it is stored.

    The backend sets `is_admin` and `is_auditor` from the groups of the settings.
    """

    person = models.CharField(max_length=600, primary_key=True)
    identity: Identity
    stored_person: Person
    is_admin: bool = False
    is_auditor: bool = False
    # Django's base class has these; nothing of either is kept with a person
    password = None  # type: ignore[assignment]
    last_login = None

    USERNAME_FIELD = "person"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        managed = False

    @classmethod
    def from_person(cls, person: Person) -> "User":
        user = cls(person=person.person)
        user.stored_person = person
        user.identity = person.identity()
        return user

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return not self.stored_person.disabled

    @property
    def is_staff(self) -> bool:
        """Whether Django's admin lets them in: administrators, and auditors to the audit log."""
        return self.is_active and (self.is_admin or self.is_auditor)

    is_superuser = False

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Administrators may everything, auditors read the audit log; ModelAdmins narrow it."""
        if not self.is_active:
            return False
        return self.is_admin or (self.is_auditor and perm == READ_AUDIT_LOG)

    def has_module_perms(self, app_label: str) -> bool:
        """Administrators see every app, auditors the one of the audit log."""
        if not self.is_active:
            return False
        holds_audit_log = READ_AUDIT_LOG.startswith(f"{app_label}.")
        return self.is_admin or (self.is_auditor and holds_audit_log)

    def get_session_auth_hash(self) -> str:
        """Return what binds a web session to the person's epoch: a new epoch ends it."""
        return f"epoch:{int(self.stored_person.epoch)}"

    def __str__(self) -> str:
        return str(self.identity)

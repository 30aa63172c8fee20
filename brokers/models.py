"""Documents of AWS access.

Targets, associations, AWS accounts, and the change log of the catalogue.
"""

from typing import Any, ClassVar

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.expressions.condition import Condition

from brokers.choices import ONE_HOUR, Kind, State
from core.dynamo import Document, TextAttribute

__all__ = [
    "Association",
    "AwsAccount",
    "Change",
    "Import",
    "ImportPart",
    "Kind",
    "State",
    "Target",
]


Texts = ListAttribute[str]

KEPT_WHEN_DELETED = {"name", "kind", "version", "aws_account", "partition"}
"""Attributes that a deleted target keeps."""


class Target(Document):
    """What one may become: an IAM role or a federated user, by a name that never changes."""

    purpose = "what one may become"
    verbose_name = "target"
    verbose_name_plural = "targets"
    danger_words: ClassVar = {"sensitive": ("Sensitive", "no")}

    class Meta:
        table = "targets"

    name = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute()
    title = UnicodeAttribute(null=True)
    description = TextAttribute(null=True)
    aws_account = UnicodeAttribute(null=True)
    partition = UnicodeAttribute(default="aws")
    labels: Texts = ListAttribute(of=UnicodeAttribute, default=list)  # type: ignore[arg-type]
    colour = UnicodeAttribute(null=True)
    region = UnicodeAttribute(null=True)
    destination = UnicodeAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    rank = NumberAttribute(null=True)
    role_name = UnicodeAttribute(null=True)
    reason_pattern = UnicodeAttribute(null=True)
    reason_example = UnicodeAttribute(null=True)
    command_lines = UnicodeAttribute(null=True)
    state = UnicodeAttribute(default=str(State.PENDING))
    sensitive = BooleanAttribute(default=False)
    max_seconds = NumberAttribute(default=ONE_HOUR)
    session_policy = TextAttribute(null=True)
    policy_arns: Texts = ListAttribute(of=UnicodeAttribute, default=list)  # type: ignore[arg-type]
    role_arn = UnicodeAttribute(null=True)
    federation_keys = BinaryAttribute(null=True, legacy_encoding=False)
    federation_keys_kms_arn = UnicodeAttribute(null=True)
    access_key_id = UnicodeAttribute(null=True)
    source_identity = BooleanAttribute(default=False)
    tag_session = BooleanAttribute(default=False)
    external_id_enforced = BooleanAttribute(default=False)
    weaker_mode_accepted = BooleanAttribute(default=False)
    probe: JSONAttribute = JSONAttribute(null=True)
    effective_max_seconds = NumberAttribute(null=True)

    def __str__(self) -> str:
        return str(self.title or self.name)

    @classmethod
    def emptied(cls) -> dict[str, Any]:
        """Return what a deleted target has instead of its settings.

        The rest keeps its name reserved for ever.
        """
        attributes: dict[str, Any] = {}
        for name, attribute in cls.get_attributes().items():
            if name in KEPT_WHEN_DELETED:
                continue
            default = attribute.default
            attributes[name] = default() if callable(default) else default

        attributes["state"] = str(State.DELETED)
        return attributes

    @classmethod
    def still_exists(cls) -> Condition:
        """Return the condition that the target is stored, and is more than a reserved name."""
        # DynamoDB's `<>` alone holds for a missing item too
        condition: Condition = cls.name.exists() & (cls.state != str(State.DELETED))
        return condition

    @property
    def enabled(self) -> bool:
        """Whether people can become it now."""
        return self.state == State.ENABLED

    @property
    def is_role(self) -> bool:
        """Whether it is an IAM role; otherwise it is a federated user."""
        return self.kind == Kind.ROLE

    @property
    def kind_in_words(self) -> str:
        return "role" if self.is_role else "federated user"


class Association(Document):
    """Stored rule: this group may become this target, until a moment if there is one."""

    purpose = "which group may become what"
    verbose_name = "association"
    verbose_name_plural = "associations"

    class Meta:
        table = "associations"

    target = UnicodeAttribute(hash_key=True)
    group = UnicodeAttribute(range_key=True)
    until = UTCDateTimeAttribute(null=True)

    def __str__(self) -> str:
        return f"{self.group} may become {self.target}"


class AwsAccount(Document):
    """An AWS account that targets are in.

    Its ExternalId (kept for ever), its name, whether it is stopped.
    """

    purpose = "AWS accounts and ExternalIds"
    verbose_name = "AWS account"
    verbose_name_plural = "AWS accounts"
    danger_words: ClassVar = {"stopped": ("Stopped", "Running")}

    class Meta:
        table = "aws-accounts"

    account_id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(null=True)
    external_id = UnicodeAttribute()
    stopped = BooleanAttribute(default=False)

    def __str__(self) -> str:
        if self.name:
            return f"{self.name} ({self.account_id})"
        return str(self.account_id)


class Change(Document):
    """The change log of the catalogue: numbered changes, and behind them the stamp.

    A change has `touched` (`target:NAME`, `aws-account:ID`) and `expires`; the stamp has `latest`,
    the number of the latest change. `brokers.catalogue` says how they work together.
    """

    purpose = "changes of the catalogue"

    class Meta:
        table = "changes"

    log = UnicodeAttribute(hash_key=True)
    number = NumberAttribute(range_key=True)
    latest = NumberAttribute(null=True)
    touched: ListAttribute[Any] = ListAttribute(default=list)
    expires = TTLAttribute(null=True)


class Import(Document):
    """The newest import.

    Whose it is, of which file, and how many of its steps are applied. There is one at a time.
    """

    purpose = "the newest import and how far it is"

    class Meta:
        table = "imports"

    slot = UnicodeAttribute(hash_key=True)
    number = UnicodeAttribute()
    state = UnicodeAttribute()
    person = UnicodeAttribute()
    file_digest = UnicodeAttribute()
    plan_digest = UnicodeAttribute()
    total = NumberAttribute()
    applied = NumberAttribute(default=0)
    begun = UTCDateTimeAttribute()


class ImportPart(Document):
    """A numbered part of an import: a piece of a file that waits to be confirmed, or a step."""

    purpose = "files and steps of imports"

    class Meta:
        table = "import-parts"

    batch = UnicodeAttribute(hash_key=True)
    number = NumberAttribute(range_key=True)
    body = BinaryAttribute(legacy_encoding=False)
    expires = TTLAttribute()

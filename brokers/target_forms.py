"""The forms of targets, one a kind."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms

from brokers import arns
from brokers.choices import ONE_HOUR
from brokers.form_fields import (
    COLOURS,
    CommandLinesField,
    ContactField,
    LabelsField,
    NameField,
    PolicyArnsField,
    RankField,
    ReasonPatternField,
    RegionField,
    RoleArnField,
    RoleNameField,
    SecondsField,
    SessionPolicyField,
    check_policy_length,
    check_reason_example,
)
from brokers.grants import CEILINGS
from brokers.models import AwsAccount, Kind, State, Target
from brokers.policies import POLICY_LIMIT
from brokers.reason_patterns import LONGEST_REASON
from core import admin, aws
from core.dynamo import Document
from core.partitions import PARTITIONS, check_region
from core.typed_text import sentence

WEAKER_MODE_REFUSED = "A sensitive target cannot use weaker mode."

WIDE = {"size": 70, "autocomplete": "off", "spellcheck": "false"}

COUNTED = {"data-limit": str(POLICY_LIMIT), "data-with": "policy_arns"}
"""For the script that counts characters: the ARNs of managed policies count too."""


class CiphertextArea(forms.Textarea):
    """An input for ciphertext that does not repeat what looks like the plaintext of keys."""

    def format_value(self, value: Any) -> str | None:
        """Return what to show again."""
        if "|" in str(value or ""):
            return None
        text: str | None = super().format_value(value)
        return text


def check_region_of(partition: str, region: str) -> None:
    """Raise ValidationError for a region of another partition."""
    if not region:
        return
    try:
        check_region(region, partition)
    except ValueError as error:
        raise forms.ValidationError(sentence(error)) from error


def check_destination(partition: str, region: str, destination: str) -> None:
    """Raise ValidationError for a destination outside the partition's console."""
    try:
        arns.console_destination(partition, region, destination)
    except ValueError as error:
        raise forms.ValidationError(sentence(error)) from error


def check_partition(arn: arns.RoleArn) -> None:
    """Raise ValidationError for a role of another partition than cooper's own."""
    own_partition = aws.own_partition()
    if arn.partition != own_partition:
        raise forms.ValidationError(
            f"cooper is in the partition {own_partition}, "
            "and roles are assumed within one partition only. "
            f"Reach {arn.partition} by a federated user with Federation Keys of that partition."
        )


def text_area(rows: int, **attributes: Any) -> forms.Textarea:
    """Return an input of several lines."""
    return forms.Textarea(attrs={"rows": rows, "spellcheck": "false", **attributes})


class TargetForm(admin.DocumentForm):
    """What targets of both kinds have."""

    kind: ClassVar[Kind]
    name = NameField(
        max_length=64,
        help_text="For URLs and commands. It never changes, and no other target ever gets it.",
    )
    title = admin.LineField(
        max_length=120, required=False, help_text="What people read. It may change."
    )
    description = admin.TextField(max_length=1000, required=False, widget=text_area(2))
    account_name = admin.LineField(
        label="Name of the AWS account",
        max_length=80,
        required=False,
        help_text="Kept for all targets in that AWS account.",
    )
    labels = LabelsField(required=False, help_text="One a line, such as env=prod.")
    colour = forms.ChoiceField(
        choices=[(colour, colour or "none") for colour in COLOURS], required=False
    )
    region = RegionField(
        required=False,
        max_length=32,
        label="Default region",
        help_text="Such as eu-central-1.",
    )
    destination = forms.CharField(
        max_length=2000,
        required=False,
        label="Console destination",
        help_text="Where people land: a path such as /s3/home, or a console address.",
        widget=forms.TextInput(attrs=WIDE),
    )
    role_name = RoleNameField(
        required=False,
        label="Role name in links",
        max_length=64,
        help_text=(
            "What links call it: once in an AWS account, whatever the case. "
            "Empty: the last part of the role's ARN."
        ),
    )
    owner = ContactField(
        required=False,
        help_text="Whom people ask about it: a person, a team or an address.",
    )
    rank = RankField(
        required=False,
        help_text="0 to 999: links offer the least powerful first. Empty: after all others.",
    )
    reason_pattern = ReasonPatternField(
        required=False,
        label="Pattern of the reason",
        widget=forms.TextInput(attrs=WIDE),
        help_text=(
            r"Such as OPS-\d{1,6}: then becoming it takes a reason that matches as a whole. "
            r"Characters, classes such as [A-Z] and \d, repeats such as {1,6}. "
            "Empty: a reason is free and optional."
        ),
    )
    reason_example = admin.LineField(
        required=False,
        label="Example of a reason",
        max_length=LONGEST_REASON,
        help_text="Shown where people type theirs, such as OPS-42.",
    )
    command_lines = CommandLinesField(
        label="Command lines",
        help_text=(
            "For a target that takes a one-time code or a reason; the others are open to them. "
            "Closed: people become it in the portal alone. With a permit: a command line that asks "
            "for it prints a link. Its person opens that, gives reason and code there, and permits "
            "one set of credentials."
        ),
    )
    enabled = forms.BooleanField(
        required=False,
        help_text="People can become it. A test that finds nothing lacking enables a new target.",
    )
    accept_weaker = forms.BooleanField(
        required=False,
        label="Accept the weaker mode",
        help_text=(
            "Enable it although the test found something lacking. "
            "Kept in the audit log, and shown as a badge."
        ),
    )
    sensitive = forms.BooleanField(
        required=False,
        help_text=(
            "Becoming it takes a one-time code each time. "
            "So does every other target of the same role or Federation Keys."
        ),
    )
    session_policy = SessionPolicyField(required=False, widget=text_area(8, **COUNTED))
    policy_arns = PolicyArnsField(
        required=False, label="Managed session policies", help_text="ARNs, one a line, ten at most."
    )

    @classmethod
    def _blank(cls) -> Document:
        """Return a new target of this kind."""
        return Target(kind=str(cls.kind), state=str(State.PENDING))

    def initial_values(self, document: Document) -> dict[str, Any]:
        """Return the initial values.

        The AWS account's name and the switches come from elsewhere.
        """
        assert isinstance(document, Target)  # noqa: S101 - the form is for targets alone
        values = super().initial_values(document)
        if "account_name" in self.base_fields:
            account = AwsAccount.find(document.aws_account) if document.aws_account else None
            values["account_name"] = account.name if account else ""
        if "enabled" in self.base_fields:
            values["enabled"] = document.state == State.ENABLED
        if "accept_weaker" in self.base_fields:
            values["accept_weaker"] = document.weaker_mode_accepted
        return values

    def clean(self) -> dict[str, Any]:
        """Check what concerns several fields."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("sensitive") and cleaned.get("accept_weaker"):
            self.add_error("accept_weaker", WEAKER_MODE_REFUSED)

        self._check("region", check_region_of, self.partition(), cleaned.get("region") or "")
        # a region that was refused is not cleaned any more
        region = cleaned.get("region") or ""
        destination = cleaned.get("destination") or ""
        self._check("destination", check_destination, self.partition(), region, destination)

        if "reason_pattern" in cleaned:
            pattern = cleaned["reason_pattern"]
            example = cleaned.get("reason_example") or ""
            self._check("reason_example", check_reason_example, pattern, example)

        session_policy = cleaned.get("session_policy") or ""
        policy_arns = cleaned.get("policy_arns") or []
        self._check("policy_arns", check_policy_length, session_policy, policy_arns)
        return cleaned

    def _check(self, field: str, check: Callable[..., None], *arguments: Any) -> None:
        """Put what a check raises on the field."""
        try:
            check(*arguments)
        except forms.ValidationError as error:
            self.add_error(field, error)

    def partition(self) -> str:
        """Return the partition of the target as typed."""
        return aws.own_partition()


class RoleForm(TargetForm):
    """A target that is an IAM role."""

    kind = Kind.ROLE
    role_arn = RoleArnField(
        label="Role ARN",
        max_length=700,
        widget=forms.TextInput(attrs=WIDE),
        help_text=(
            "As in arn:aws:iam::123456789012:role/path/name. "
            "It may be saved before the role exists."
        ),
    )
    max_seconds = SecondsField(CEILINGS[Kind.ROLE], label="Longest session", initial=ONE_HOUR)

    def clean_role_arn(self) -> str:
        """Refuse roles of another partition: STS AssumeRole does not cross it."""
        check_partition(arns.role_arn(self.cleaned_data["role_arn"]))
        return str(self.cleaned_data["role_arn"])


class FederatedUserForm(TargetForm):
    """A target that is a federated user, by the Federation Keys of an IAM user."""

    kind = Kind.FEDERATED_USER
    secret_fields = frozenset({"federation_keys"})
    federation_keys = admin.TextField(
        label="Federation Keys",
        max_length=9000,
        strip=True,
        widget=CiphertextArea(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
        help_text=(
            "What cooper -encrypt printed (base64). "
            "It is tested, kept for this target alone, never shown again."
        ),
    )
    target_partition = forms.ChoiceField(
        label="Partition",
        choices=[(name, name) for name in PARTITIONS],
        help_text="Where these keys are valid.",
    )
    confirm_keys = forms.BooleanField(
        required=False,
        label="Use these keys all the same",
        help_text=(
            "Only if cooper asks for it: keys that another target has, "
            "or that were encrypted without context."
        ),
    )
    max_seconds = SecondsField(
        CEILINGS[Kind.FEDERATED_USER], label="Longest session", initial=ONE_HOUR
    )
    session_policy = SessionPolicyField(
        widget=text_area(8, **COUNTED),
        help_text=(
            "Required: without one AWS grants nothing "
            "but what resource policies give this federated user."
        ),
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Ask for keys only where there are none yet."""
        super().__init__(*arguments, **named)
        assert isinstance(self.instance, Target)  # noqa: S101 - the form is for targets alone
        keys = self.fields.get("federation_keys")
        if keys is not None and self.instance.federation_keys:
            keys.required = False
            keys.help_text = (
                f"Stored: {self.instance.access_key_id}. Leave this empty to keep them."
            )

        partition = str(self.instance.partition or self.partition())
        self.initial.setdefault("target_partition", partition)

    def partition(self) -> str:
        """Return the chosen partition."""
        # there is no cleaned data before the form is validated
        cleaned = getattr(self, "cleaned_data", None) or {}
        return str(cleaned.get("target_partition") or super().partition())

"""A target as a file describes it, checked by the fields of the admin's forms."""

import base64
import binascii
import re
from typing import Any

from django import forms

from brokers import arns
from brokers.choices import Kind, State
from brokers.form_fields import NameField, check_policy_length, check_reason_example
from brokers.import_export.complaints import Complaints
from brokers.import_export.node_reader import NodeReader
from brokers.import_export.snapshot import DEFAULTS, FORMAT, OLDEST_FORMAT, SINCE_FORMAT_2
from brokers.nodes import Key, Node
from brokers.probing import is_coopers_own
from brokers.readiness import PROBE_FLAGS, attributes_from
from brokers.target_forms import (
    WEAKER_MODE_REFUSED,
    FederatedUserForm,
    RoleForm,
    check_destination,
    check_partition,
    check_region_of,
)
from core.partitions import PARTITIONS, partition_of

Entries = dict[str, Node]
"""What the file says of a target, by its known keys."""

FORM_FIELDS = {Kind.ROLE: RoleForm.base_fields, Kind.FEDERATED_USER: FederatedUserForm.base_fields}

SHARED_KEYS = (
    "title",
    "description",
    "max_seconds",
    "labels",
    "colour",
    "region",
    "destination",
    "role_name",
    "owner",
    "rank",
    "reason_pattern",
    "reason_example",
    "command_lines",
    "session_policy",
    "policy_arns",
)
"""Keys of a target that its form has as fields, whatever its kind."""

OTHER_KEYS = ("kind", "sensitive", "weaker_mode_accepted", "state", "tried")

KNOWN_KEYS = {
    Kind.ROLE: {*SHARED_KEYS, *OTHER_KEYS, "role_arn"},
    Kind.FEDERATED_USER: {
        *SHARED_KEYS,
        *OTHER_KEYS,
        "aws_account",
        "partition",
        "federation_keys",
    },
}

LIST_KEYS = ("labels", "policy_arns")

STATES = (State.PENDING, State.ENABLED, State.DISABLED)
"""States that a file may say."""

PROBE_KEYS = {"works", *PROBE_FLAGS, "longest_seconds", "findings"}

LONGEST_SESSION = 129_600
"""Seconds of a session at most: 36 hours, of a federated user.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
"""

MOST_FINDINGS = 20
LONGEST_FINDING = 1_000

KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[\w-]{1,128}", re.ASCII)
ACCESS_KEY_ID = re.compile(r"AKIA[A-Z0-9]{16}")

CIPHERTEXT_BYTES = range(16, 6145)
"""How long a ciphertext can be; KMS gives 6,144 bytes at most.

https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
"""

_NAME = NameField(max_length=64)


class TargetReader(NodeReader):
    """Reads the targets of one file; `caller_arn` is the ARN that cooper calls AWS as."""

    def __init__(self, complaints: Complaints, caller_arn: str, file_format: int = FORMAT) -> None:
        super().__init__(complaints)
        self._caller_arn = caller_arn
        self._file_format = file_format

    def read_target(self, name: Key, node: Node) -> dict[str, Any] | None:
        """Return a target's values; None when its kind is missing or unknown."""
        self.cleaned(_NAME, name, str(name))

        kind = self._read_kind(name, node)
        if kind is None:
            return None
        entries = self.known_entries(node, KNOWN_KEYS[kind])

        target = {**DEFAULTS, **self._read_settings(kind, entries, name)}
        target["kind"] = str(kind)
        if self._file_format == OLDEST_FORMAT:
            # to take this for empty would drop what a newer cooper demands
            target["unsaid"] = [key for key in SINCE_FORMAT_2 if key not in entries]
        target["sensitive"] = self.flag(entries.get("sensitive"))
        target["weaker_mode_accepted"] = self.flag(entries.get("weaker_mode_accepted"))
        self._check_settings(target, entries, name)

        target["state"] = self._read_state(entries.get("state"))
        if "tried" in entries:
            target["facts"] = self._read_probe(entries["tried"], is_role=kind == Kind.ROLE)

        if kind == Kind.ROLE:
            self._read_role(target, entries)
        else:
            self._read_federated_user(target, entries)
        self._check_places(target, entries, name)
        return target

    def _read_kind(self, name: Key, node: Node) -> Kind | None:
        kind = self.entries(node).get("kind")
        if kind is None or kind.value not in list(Kind):
            self.complain(kind or name, f"A target needs a kind: {' or '.join(Kind)}.")
            return None
        return Kind(kind.value)

    def _read_settings(self, kind: Kind, entries: Entries, name: Key) -> dict[str, Any]:
        """Return what the fields of the target's form make of the entries."""
        keys = [*SHARED_KEYS, "role_arn"] if kind == Kind.ROLE else SHARED_KEYS
        settings: dict[str, Any] = {}

        for key in keys:
            field = FORM_FIELDS[kind][key]
            if key in entries:
                settings[key] = self._read_setting(key, field, entries[key])
            elif field.required and key != "max_seconds":
                self.complain(name, f"{name} needs {key}.")
        return settings

    def _read_setting(self, key: str, field: forms.Field, node: Node) -> Any:
        if key in LIST_KEYS:
            # the form takes one a line
            text = "\n".join(self.texts(node))
        else:
            text = self.text(node)

        cleaned = self.cleaned(field, node, text)
        if cleaned in ("", None):
            return DEFAULTS[key]
        return cleaned

    def _check_settings(self, target: dict[str, Any], entries: Entries, name: Key) -> None:
        if target["sensitive"] and target["weaker_mode_accepted"]:
            self.complain(entries["weaker_mode_accepted"], WEAKER_MODE_REFUSED)

        pattern = target["reason_pattern"] or ""
        example = target["reason_example"] or ""
        place = entries.get("reason_example") or name
        self.check(place, check_reason_example, pattern, example)

        session_policy = target["session_policy"] or ""
        policy_arns = target["policy_arns"] or []
        place = entries.get("policy_arns") or name
        self.check(place, check_policy_length, session_policy, policy_arns)

    def _read_state(self, node: Node | None) -> str | None:
        """Return the requested state; None when the file has none."""
        if node is None:
            return None
        if node.value not in STATES:
            self.complain(node, "The state must be pending, enabled or disabled.")
        return str(node.value)

    def _read_probe(self, node: Node, *, is_role: bool) -> dict[str, Any]:
        """Return what the target would keep of the probe that the file tells of."""
        entries = self.known_entries(node, PROBE_KEYS)
        result: dict[str, Any] = {}

        for flag in ("works", *PROBE_FLAGS):
            if flag in entries:
                result[flag] = self.flag(entries[flag])

        if "longest_seconds" in entries:
            field = forms.IntegerField(min_value=0, max_value=LONGEST_SESSION)
            node = entries["longest_seconds"]
            seconds = self.cleaned(field, node, self.text(node))
            result["longest_seconds"] = seconds or 0

        if "findings" in entries:
            result["findings"] = self._read_findings(entries["findings"])
        return attributes_from(result, is_role=is_role)

    def _read_findings(self, node: Node) -> list[str]:
        findings = self.texts(node)
        longest = max(map(len, findings), default=0)
        if len(findings) > MOST_FINDINGS or longest > LONGEST_FINDING:
            self.complain(
                node,
                f"At most {MOST_FINDINGS} findings of at most {LONGEST_FINDING:,} characters.",
            )
        return findings

    # -- where the target is -----------------------------------------------------------------------
    def _read_role(self, target: dict[str, Any], entries: Entries) -> None:
        """Set AWS account and partition by the ARN, which cooper has to be able to assume."""
        if not target["role_arn"]:
            return
        node = entries["role_arn"]
        arn = arns.role_arn(target["role_arn"])
        target["partition"] = arn.partition
        target["aws_account"] = arn.account_id

        self.check(node, check_partition, arn)
        if is_coopers_own(arn, self._caller_arn):
            self.complain(node, "cooper itself runs as this role, so it cannot be a target.")

    def _read_federated_user(self, target: dict[str, Any], entries: Entries) -> None:
        target["aws_account"] = self.matching(
            entries.get("aws_account"), arns.ACCOUNT_ID, "an AWS account of 12 digits"
        )

        if "partition" in entries:
            target["partition"] = self.text(entries["partition"])
            if target["partition"] not in PARTITIONS:
                partitions = ", ".join(PARTITIONS)
                self.complain(
                    entries["partition"], f"cooper supports these partitions: {partitions}."
                )

        if "federation_keys" in entries:
            self._read_keys(target, entries["federation_keys"])

    def _read_keys(self, target: dict[str, Any], node: Node) -> None:
        parts = self.known_entries(node, {"access_key_id", "kms_key", "ciphertext"})
        if not parts:
            return
        if len(parts) < 3:
            self.complain(node, "Federation Keys need access_key_id, kms_key and ciphertext.")

        target["access_key_id"] = self.matching(
            parts.get("access_key_id"), ACCESS_KEY_ID, "an access key id"
        )
        target["federation_keys_kms_arn"] = self.matching(
            parts.get("kms_key"), KEY_ARN, "the ARN of a KMS key"
        )
        target["federation_keys"] = self._read_ciphertext(parts.get("ciphertext"))

        if target["aws_account"] is None:
            self.complain(node, "Federation Keys need the aws_account that they belong to.")

    def _read_ciphertext(self, node: Node | None) -> str:
        """Return base64 as cooper writes it."""
        text = self.text(node)
        try:
            ciphertext = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            ciphertext = b""

        if node is not None and len(ciphertext) not in CIPHERTEXT_BYTES:
            # the text is not repeated: it may be the keys themselves
            self.complain(node, "This is not a ciphertext in base64 as an export writes it.")
        return base64.b64encode(ciphertext).decode()

    def _check_places(self, target: dict[str, Any], entries: Entries, name: Key) -> None:
        """Check region and console destination against the target's partition."""
        partition = target["partition"]
        if partition not in PARTITIONS:
            return
        region = target["region"] or ""
        self.check(entries.get("region") or name, check_region_of, partition, region)

        if not region or partition_of(region) == partition:
            destination = target["destination"] or ""
            place = entries.get("destination") or name
            self.check(place, check_destination, partition, region, destination)

"""What a file says, checked by the same fields as the admin's forms, each complaint at its place."""

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from brokers import arns
from brokers.form_fields import GroupField, NameField, UntilField, check_room
from brokers.import_export.complaints import Complaints, Unusable, shortened
from brokers.import_export.snapshot import DEFAULTS, FORMAT, SECTIONS, Contents
from brokers.import_export.yaml_reader import Node
from brokers.models import Kind
from brokers.probing import is_coopers_own
from brokers.readiness import PROBE_FLAGS, attributes_from
from brokers.target_forms import (
    NEVER_WEAKER,
    FederatedUserForm,
    RoleForm,
    check_destination,
    check_partition,
)

MOST_GROUPS = 1_000
"""Groups of one target in a file at most."""

EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
"""https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""

STATES = ("pending", "enabled", "disabled")
KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[\w-]{1,128}", re.ASCII)
ACCESS_KEY_ID = re.compile(r"AKIA[A-Z0-9]{16}")

_SHARED = (
    *("title", "description", "max_seconds", "labels", "colour", "region", "destination"),
    *("session_policy", "policy_arns"),
)
_BESIDES = ("kind", "sensitive", "weaker_mode_accepted", "state", "tried")
KNOWN = {
    Kind.ROLE: {*_SHARED, *_BESIDES, "role_arn"},
    Kind.FEDERATED_USER: {*_SHARED, *_BESIDES, "aws_account", "partition", "federation_keys"},
}
"""Keys of a target by its kind."""

TRIED = {"works", *PROBE_FLAGS, "longest_seconds", "findings"}
FORMS = {Kind.ROLE: RoleForm.base_fields, Kind.FEDERATED_USER: FederatedUserForm.base_fields}
_NAME, _GROUP, _UNTIL = (
    NameField(max_length=64),
    GroupField(max_length=560),
    UntilField(required=False),
)


def contents_of(root: Node, complaints: Complaints, caller: str) -> Contents:
    """Return what a file says; complain of all that is wrong. `caller` is the ARN that cooper calls AWS as.

    Raise Unusable when it is no file of cooper's, or of a newer format.
    """
    if not isinstance(root.value, dict) or "cooper" not in root.value:
        complaints.add(
            root, f"This is no file of cooper's: it begins with the line cooper: {FORMAT}"
        )
        raise Unusable
    _check_format(root.value["cooper"], complaints)
    check = _Check(complaints, caller)
    sections = {
        name: node
        for name, node in check.entries(root, {"cooper", *SECTIONS}).items()
        if name != "cooper"
    }
    return Contents(
        {
            number: check.account(number, node)
            for number, node in check.listed(sections.get("accounts"))
        },
        {
            name: found
            for name, node in check.listed(sections.get("targets"))
            if (found := check.target(name, node))
        },
        {
            name: check.groups(name, node)
            for name, node in check.listed(sections.get("associations"))
        },
        frozenset(sections),
    )


def _check_format(node: Node, complaints: Complaints) -> None:
    """Raise Unusable for a format that this cooper does not know."""
    text = node.value if isinstance(node.value, str) else ""
    if re.fullmatch(r"[0-9]{1,9}", text) and int(text) > FORMAT:
        complaints.add(
            node,
            f"This file is of format {text}; this cooper reads format {FORMAT}. Install a newer one.",
        )
        raise Unusable
    if text != str(FORMAT):
        complaints.add(node, f"The format is a number, {FORMAT} today.")
        raise Unusable


class _Check:
    """Reads the sections of one file."""

    def __init__(self, complaints: Complaints, caller: str) -> None:
        """Take where to complain, and who cooper is."""
        self._complaints = complaints
        self._caller = caller

    # -- forms of YAML
    def entries(self, node: Node | None, known: set[str] | None = None) -> dict[Any, Node]:
        """Return a mapping's entries, without those whose key is not `known`; {} for nothing."""
        if node is None or node.value is None:
            return {}
        if not isinstance(node.value, dict):
            self._complaints.add(node, "Here belong lines of the form name: value.")
            return {}
        if known is None:
            return node.value
        for key in node.value:
            if key not in known:
                self._complaints.add(
                    key, f"{shortened(key)} is not known here; known: {', '.join(sorted(known))}."
                )
        return {key: value for key, value in node.value.items() if key in known}

    def listed(self, node: Node | None) -> Iterator[tuple[Any, Node]]:
        """Yield the entries of a section."""
        yield from self.entries(node).items()

    def text(self, node: Node) -> str:
        """Return a text; complain of a list or entries."""
        if isinstance(node.value, (dict, list)):
            self._complaints.add(node, "Here belongs a text.")
            return ""
        return node.value or ""

    def texts(self, node: Node) -> list[str]:
        """Return a list of texts."""
        if node.value is None:
            return []
        if not isinstance(node.value, list):
            self._complaints.add(node, "Here belongs a list.")
            return []
        return [self.text(each) for each in node.value]

    def flag(self, node: Node | None) -> bool:
        """Return true or false; complain of anything else."""
        if node is None:
            return False
        if node.value not in ("true", "false"):
            self._complaints.add(node, "Here belongs true or false.")
        return bool(node.value == "true")

    def cleaned(self, field: forms.Field, place: Any, value: Any) -> Any:
        """Return what a form's field makes of a value; complain where it refuses it."""
        try:
            return field.clean(value)
        except ValidationError as error:
            self._complaints.add(place, " ".join(error.messages))
            return None

    def matching(self, node: Node | None, pattern: re.Pattern[str], what: str) -> str | None:
        """Return a text of a form; complain of another, or of none."""
        text = self.text(node) if node is not None else ""
        if node is not None and not pattern.fullmatch(text):
            self._complaints.add(node, f"This is not {what}.")
        return text or None

    # -- sections
    def account(self, number: Any, node: Node) -> dict[str, Any]:
        """Return what is said of an AWS account."""
        if not arns.ACCOUNT_ID.fullmatch(number):
            self._complaints.add(
                number, f"{shortened(number)} is no AWS account: it has 12 digits, best in quotes."
            )
        said = self.entries(node, {"name", "external_id", "stopped"})
        found: dict[str, Any] = {}
        if "name" in said:
            name = self.cleaned(
                FORMS[Kind.ROLE]["account_name"], said["name"], self.text(said["name"])
            )
            found["name"] = name or None
        if "external_id" in said:
            found["external_id"] = self.matching(
                said["external_id"], EXTERNAL_ID, "an ExternalId that AWS takes"
            )
        if "stopped" in said:
            found["stopped"] = self.flag(said["stopped"])
        return found

    def target(self, name: Any, node: Node) -> dict[str, Any] | None:
        """Return all that is said of a target; None when it cannot be told what it is."""
        self.cleaned(_NAME, name, str(name))
        kind = self.entries(node).get("kind")
        if kind is None or kind.value not in list(Kind):
            self._complaints.add(kind or name, f"A target has a kind: {' or '.join(Kind)}.")
            return None
        said = self.entries(node, KNOWN[Kind(kind.value)])
        found = {**DEFAULTS, **self._settings(Kind(kind.value), said, name)}
        found["kind"] = kind.value
        for flag in ("sensitive", "weaker_mode_accepted"):
            found[flag] = self.flag(said.get(flag))
        if found["sensitive"] and found["weaker_mode_accepted"]:
            self._complaints.add(said["weaker_mode_accepted"], NEVER_WEAKER)
        room = found["session_policy"] or "", found["policy_arns"] or []
        self._checked(said.get("policy_arns") or name, lambda: check_room(*room))
        found["state"] = self._state(said.get("state"))
        if "tried" in said:
            found["facts"] = self._facts(said["tried"], is_role=kind.value == Kind.ROLE)
        self._place(Kind(kind.value), found, said, name)
        return found

    def _settings(self, kind: Kind, said: dict[Any, Node], name: Any) -> dict[str, Any]:
        """Return what the fields of the target's form make of what is said."""
        found: dict[str, Any] = {}
        for attribute in (*_SHARED, *(("role_arn",) if kind == Kind.ROLE else ())):
            field, node = FORMS[kind][attribute], said.get(attribute)
            if node is None:
                if field.required and attribute != "max_seconds":
                    self._complaints.add(name, f"{name} lacks {attribute}.")
                continue
            value: Any = (
                "\n".join(self.texts(node))
                if attribute in ("labels", "policy_arns")
                else self.text(node)
            )
            cleaned = self.cleaned(field, node, value)
            found[attribute] = DEFAULTS[attribute] if cleaned in ("", None) else cleaned
        return found

    def _place(self, kind: Kind, found: dict[str, Any], said: dict[Any, Node], name: Any) -> None:
        """Settle in which AWS account and partition a target is, and check what hangs on it."""
        if kind == Kind.ROLE:
            self._role(found, said.get("role_arn"))
        else:
            self._federated_user(found, said)
        if found["partition"] in arns.PARTITIONS:
            node = said.get("destination") or name
            parts = found["partition"], found["region"] or "", found["destination"] or ""
            self._checked(node, lambda: check_destination(*parts))

    def _role(self, found: dict[str, Any], node: Any) -> None:
        """Take AWS account and partition from the ARN; complain of cooper's own role and of other partitions."""
        if not found["role_arn"]:
            return
        arn = arns.role_arn(found["role_arn"])
        found["partition"], found["aws_account"] = arn.partition, arn.account_id
        self._checked(node, lambda: check_partition(arn))
        if is_coopers_own(arn, self._caller):
            self._complaints.add(
                node, "This is the role that cooper itself runs as; it is never a target."
            )

    def _federated_user(self, found: dict[str, Any], said: dict[Any, Node]) -> None:
        """Read AWS account, partition and, where they come along, Federation Keys."""
        found["aws_account"] = self.matching(
            said.get("aws_account"), arns.ACCOUNT_ID, "an AWS account of 12 digits"
        )
        if "partition" in said:
            found["partition"] = self.text(said["partition"])
            if found["partition"] not in arns.PARTITIONS:
                known = ", ".join(arns.PARTITIONS)
                self._complaints.add(
                    said["partition"], f"cooper reaches these partitions: {known}."
                )
        node: Any = said.get("federation_keys")
        keys = self.entries(node, {"access_key_id", "kms_key", "ciphertext"})
        if not keys:
            return
        if len(keys) < 3:
            self._complaints.add(
                node, "Federation Keys have access_key_id, kms_key and ciphertext."
            )
        found["access_key_id"] = self.matching(
            keys.get("access_key_id"), ACCESS_KEY_ID, "an access key id"
        )
        found["federation_keys_kms_arn"] = self.matching(
            keys.get("kms_key"), KEY_ARN, "the ARN of a KMS key"
        )
        found["federation_keys"] = self._ciphertext(keys.get("ciphertext"))
        if found["aws_account"] is None:
            self._complaints.add(
                node, "With Federation Keys belongs the aws_account that they are of."
            )

    def _ciphertext(self, node: Node | None) -> str | None:
        """Return base64 as cooper writes it; complain of anything else, without repeating it."""
        text = self.text(node) if node is not None else ""
        try:
            plain = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            plain = b""
        if node is not None and not 16 <= len(plain) <= 6144:
            self._complaints.add(node, "This is no ciphertext, in base64, as an export writes it.")
        return base64.b64encode(plain).decode()

    def _state(self, node: Node | None) -> str | None:
        """Return the state that is asked for; None when nothing is said."""
        if node is None:
            return None
        if node.value not in STATES:
            self._complaints.add(node, f"A state is {', '.join(STATES[:-1])} or {STATES[-1]}.")
        return str(node.value)

    def _facts(self, node: Node, *, is_role: bool) -> dict[str, Any]:
        """Return what a try found, as far as the file tells."""
        said = self.entries(node, TRIED)
        tried: dict[str, Any] = {
            name: self.flag(said[name]) for name in ("works", *PROBE_FLAGS) if name in said
        }
        if "longest_seconds" in said:
            seconds = forms.IntegerField(min_value=0, max_value=129_600)
            cleaned = self.cleaned(
                seconds, said["longest_seconds"], self.text(said["longest_seconds"])
            )
            tried["longest_seconds"] = cleaned or 0
        if "findings" in said:
            tried["findings"] = self.texts(said["findings"])
            if len(tried["findings"]) > 20 or any(len(each) > 1000 for each in tried["findings"]):
                self._complaints.add(
                    said["findings"], "At most 20 findings of at most 1,000 characters."
                )
        return attributes_from(tried, is_role=is_role)

    def groups(self, name: Any, node: Node) -> dict[str, str | None]:
        """Return the groups that may become a target, with their ends."""
        said, found = self.entries(node), dict[str, str | None]()
        if len(said) > MOST_GROUPS:
            self._complaints.add(
                name, f"{len(said):,} groups; a target has {MOST_GROUPS:,} in a file at most."
            )
            return {}
        for key, end in said.items():
            group = self.cleaned(_GROUP, key, str(key))
            until = self.cleaned(_UNTIL, end, self.text(end))
            if group in found:
                self._complaints.add(key, f"{shortened(group)} is here twice.")
            elif group:
                found[group] = moment(until) if until else None
        return found

    def _checked(self, place: Any, check: Any) -> None:
        """Complain when a check raises ValidationError."""
        try:
            check()
        except ValidationError as error:
            self._complaints.add(place, " ".join(error.messages))


def moment(at: datetime) -> str:
    """Write a moment (UTC) as files have it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")

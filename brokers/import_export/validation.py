"""What a file says, checked by the fields of the admin's forms, each complaint at its place."""

import re
from typing import Any

from brokers import arns
from brokers.choices import Kind
from brokers.form_fields import ContactField, GroupField, UntilField
from brokers.import_export.complaints import Complaints, Unusable, shortened
from brokers.import_export.node_reader import NodeReader
from brokers.import_export.snapshot import (
    FORMAT,
    OLDEST_FORMAT,
    SECTIONS,
    Contents,
    Ends,
    Values,
    format_end,
)
from brokers.import_export.target_reader import FORM_FIELDS, TargetReader
from brokers.nodes import Key, Node

MOST_GROUPS = 1_000
"""Groups of one target in a file at most."""

EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
"""https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""

CONTACT = ContactField(required=False)
_ACCOUNT_NAME = FORM_FIELDS[Kind.ROLE]["account_name"]
_GROUP = GroupField(max_length=560)
_UNTIL = UntilField(required=False)


def read_contents(root: Node, complaints: Complaints, caller_arn: str) -> Contents:
    """Return what a file says; complain of all that is wrong.

    `caller_arn` is the ARN that cooper calls AWS as. Raise Unusable when this is not a file of
    cooper's, or one of a newer format.
    """
    if not isinstance(root.value, dict) or "cooper" not in root.value:
        complaints.add(
            root, f"This is not a cooper file: it has to begin with the line cooper: {FORMAT}"
        )
        raise Unusable
    file_format = _read_format(root.value["cooper"], complaints)

    reader = TargetReader(complaints, caller_arn, file_format)
    sections = reader.known_entries(root, {"cooper", "default_contact", *SECTIONS})
    del sections["cooper"]
    contact = _read_contact(reader, sections.pop("default_contact", None))

    return Contents(
        _read_accounts(reader, sections.get("accounts")),
        _read_targets(reader, sections.get("targets")),
        _read_associations(reader, sections.get("associations")),
        frozenset(sections),
        contact,
    )


def _read_contact(reader: NodeReader, node: Node | None) -> str | None:
    """Return the default contact, "" for none any more; None where the file says nothing."""
    if not node:
        return None
    contact = reader.cleaned(CONTACT, node, reader.text(node))
    return str(contact or "")


def _read_format(node: Node, complaints: Complaints) -> int:
    """Return the file's format; raise Unusable for one that this cooper does not know."""
    text = node.value if isinstance(node.value, str) else ""

    # a newer format is told from a wrong one: it takes a newer cooper, not another file
    is_number = re.fullmatch(r"[0-9]{1,9}", text)
    if is_number and int(text) > FORMAT:
        complaints.add(
            node,
            f"This file has the format {text}; this cooper reads format {FORMAT} and older. "
            "Install a newer one.",
        )
        raise Unusable
    if not is_number or int(text) < OLDEST_FORMAT:
        complaints.add(node, f"The format must be {FORMAT}, or {OLDEST_FORMAT} in an older file.")
        raise Unusable
    return int(text)


def _read_accounts(reader: NodeReader, section: Node | None) -> dict[str, Values]:
    accounts: dict[str, Values] = {}
    for account_id, node in reader.entries(section).items():
        accounts[account_id] = _read_account(reader, account_id, node)
    return accounts


def _read_targets(reader: TargetReader, section: Node | None) -> dict[str, Values]:
    targets: dict[str, Values] = {}
    for name, node in reader.entries(section).items():
        target = reader.read_target(name, node)
        if target is not None:
            targets[name] = target
    return targets


def _read_associations(reader: NodeReader, section: Node | None) -> dict[str, Ends]:
    associations: dict[str, Ends] = {}
    for name, node in reader.entries(section).items():
        associations[name] = _read_ends(reader, name, node)
    return associations


def _read_account(reader: NodeReader, account_id: Key, node: Node) -> Values:
    if not arns.ACCOUNT_ID.fullmatch(account_id):
        reader.complain(
            account_id,
            f"{shortened(account_id)} is not an AWS account: write its 12 digits, in quotes.",
        )

    entries = reader.known_entries(node, {"name", "external_id", "stopped"})
    account: dict[str, Any] = {}
    if "name" in entries:
        name = reader.cleaned(_ACCOUNT_NAME, entries["name"], reader.text(entries["name"]))
        account["name"] = name or None
    if "external_id" in entries:
        account["external_id"] = reader.matching(
            entries["external_id"], EXTERNAL_ID, "an ExternalId that AWS takes"
        )
    if "stopped" in entries:
        account["stopped"] = reader.flag(entries["stopped"])
    return account


def _read_ends(reader: NodeReader, name: Key, node: Node) -> Ends:
    """Return the groups that may become a target, with their ends."""
    entries = reader.entries(node)
    if len(entries) > MOST_GROUPS:
        reader.complain(
            name, f"{len(entries):,} groups; a target can have at most {MOST_GROUPS:,} in a file."
        )
        return {}

    ends: dict[str, str | None] = {}
    for key, end_node in entries.items():
        group = reader.cleaned(_GROUP, key, str(key))
        until = reader.cleaned(_UNTIL, end_node, reader.text(end_node))

        if group in ends:
            # two spellings of one group: x and local:x
            reader.complain(key, f"{shortened(group)} is here twice.")
        elif group:
            ends[group] = format_end(until)
    return ends

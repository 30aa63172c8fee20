"""Contents as a file: in a stable order, one fact a line, without secrets. Pure."""

from typing import Any

import yaml

from brokers.choices import Kind
from brokers.import_export.snapshot import DEFAULTS, FORMAT, Contents, Values
from brokers.readiness import result_from

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

ACCOUNT_KEYS = ("name", "external_id", "stopped")

TARGET_KEYS = (
    "kind",
    "title",
    "description",
    "role_arn",
    "aws_account",
    "partition",
    "max_seconds",
    "labels",
    "colour",
    "region",
    "destination",
    "role_name",
    "owner",
    "rank",
    "sensitive",
    "reason_pattern",
    "reason_example",
    "command_lines",
    "session_policy",
    "policy_arns",
    "state",
    "weaker_mode_accepted",
)
"""A target's keys in the order of a file."""


class _Dumper(_DUMPER):  # type: ignore[misc]
    """Writes None as nothing at all, and texts of several lines in several lines."""

    def ignore_aliases(self, data: Any) -> bool:
        # the reader takes no aliases
        return True


def _represent_none(dumper: Any, value: None) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:null", "")


def _represent_text(dumper: Any, value: str) -> Any:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(type(None), _represent_none)
_Dumper.add_representer(str, _represent_text)


def write(contents: Contents, *, with_keys: bool = False) -> str:
    """Return the file that says this; `with_keys`: with the ciphertexts of Federation Keys."""
    accounts = {}
    for account_id, account in sorted(contents.accounts.items()):
        accounts[account_id] = {key: account[key] for key in ACCOUNT_KEYS if account[key]}

    targets = {}
    for name, target in sorted(contents.targets.items()):
        targets[name] = _target_entries(target, with_keys)

    associations = {}
    for name, ends in sorted(contents.associations.items()):
        associations[name] = dict(sorted(ends.items()))

    document: dict[str, Any] = {"cooper": FORMAT}
    if contents.default_contact:
        document["default_contact"] = contents.default_contact
    document |= {"accounts": accounts, "targets": targets, "associations": associations}
    # a width that no line reaches: each value stays in its line
    text = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)
    return str(text)


def _target_entries(target: Values, with_keys: bool) -> dict[str, Any]:
    """Return what a file says of a target: its state, and what differs from the defaults."""
    entries = {}
    for key in TARGET_KEYS:
        if key == "state" or target[key] != DEFAULTS[key]:
            entries[key] = target[key]

    if target["kind"] == Kind.ROLE:
        # its ARN says both
        entries.pop("aws_account", None)
        entries.pop("partition", None)

    probe_result = result_from(target)
    if probe_result:
        entries["tried"] = probe_result

    if with_keys and target["federation_keys"]:
        entries["federation_keys"] = {
            "access_key_id": target["access_key_id"],
            "kms_key": target["federation_keys_kms_arn"],
            "ciphertext": target["federation_keys"],
        }
    return entries

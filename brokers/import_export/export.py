"""What is held, as a file: in a stable order, one fact a line, without secrets."""

import base64
from collections.abc import Mapping
from typing import Any

import yaml

from brokers import catalogue
from brokers.catalogue import Catalogue
from brokers.import_export.snapshot import (
    DEFAULTS,
    FORMAT,
    Contents,
    CurrentState,
    Values,
)
from brokers.import_export.validation import moment
from brokers.models import Association, AwsAccount, State, Target
from brokers.readiness import NOT_PROBED, result_from
from core import audit
from core.audit import Event

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

ORDER = (
    *(
        "kind",
        "title",
        "description",
        "role_arn",
        "aws_account",
        "partition",
        "max_seconds",
        "labels",
        "colour",
    ),
    *(
        "region",
        "destination",
        "sensitive",
        "session_policy",
        "policy_arns",
        "state",
        "weaker_mode_accepted",
    ),
)
"""A target's keys as a file has them."""


class _Writer(_DUMPER):  # type: ignore[misc]
    """Writes nothing as nothing, and texts of several lines as such."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out."""
        return True


def _nothing(writer: Any, value: None) -> Any:
    """Write nothing."""
    return writer.represent_scalar("tag:yaml.org,2002:null", "")


def _text(writer: Any, value: str) -> Any:
    """Write a text, in lines where it has some."""
    return writer.represent_scalar(
        "tag:yaml.org,2002:str", value, style="|" if "\n" in value else None
    )


_Writer.add_representer(type(None), _nothing)
_Writer.add_representer(str, _text)


# -- what is held -----------------------------------------------------------------------------------------------------
def held(known: Catalogue) -> CurrentState:
    """Return the catalogue in a file's form, with what a plan builds on."""
    living = {str(each.name): each for each in catalogue.living(known.targets.values())}
    rules = {name: known.rules.get(name, ()) for name in living}
    versions: dict[tuple[str, ...], int] = {
        ("account", number): int(each.version or 0) for number, each in known.accounts.items()
    }
    versions |= {("target", name): int(each.version or 0) for name, each in living.items()}
    versions |= {
        (name, str(rule.group)): int(rule.version or 0)
        for name, found in rules.items()
        for rule in found
    }
    return CurrentState(
        {number: _account(each) for number, each in known.accounts.items()},
        {name: _target(each) for name, each in living.items()},
        {
            name: {str(rule.group): _end(rule) for rule in found}
            for name, found in rules.items()
            if found
        },
        versions=versions,
        deleted=frozenset(
            name for name, each in known.targets.items() if each.state == State.DELETED
        ),
    )


def _account(account: AwsAccount) -> dict[str, Any]:
    """Return an AWS account's values."""
    return {
        "name": account.name or None,
        "external_id": account.external_id,
        "stopped": bool(account.stopped),
    }


def _target(target: Target) -> dict[str, Any]:
    """Return a target's values."""
    found = {name: getattr(target, name) for name in (*DEFAULTS, *NOT_PROBED, "state")}
    found = {name: None if value == "" else value for name, value in found.items()}
    if found["federation_keys"] is not None:
        found["federation_keys"] = base64.b64encode(bytes(found["federation_keys"])).decode()
    return found | {name: list(found[name]) for name in ("labels", "policy_arns")}


def _end(rule: Association) -> str | None:
    """Return when an association ends."""
    return moment(rule.until) if rule.until is not None else None


# -- the file ---------------------------------------------------------------------------------------------------------
def written(contents: Contents, *, with_keys: bool = False) -> str:
    """Return the file that says this; `with_keys`: with the ciphertexts of Federation Keys."""
    document = {
        "cooper": FORMAT,
        "accounts": {
            number: _named(contents.accounts[number]) for number in sorted(contents.accounts)
        },
        "targets": {
            name: _said(contents.targets[name], with_keys) for name in sorted(contents.targets)
        },
        "associations": {
            name: dict(sorted(contents.associations[name].items()))
            for name in sorted(contents.associations)
        },
    }
    return str(
        yaml.dump(document, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=1_000_000)
    )


def _named(account: Values) -> dict[str, Any]:
    """Return what a file says of an AWS account."""
    return {name: account[name] for name in ("name", "external_id", "stopped") if account[name]}


def _said(target: Values, with_keys: bool) -> dict[str, Any]:
    """Return what a file says of a target: what differs from the defaults, and always its kind and state."""
    said = {
        name: target[name] for name in ORDER if name == "state" or target[name] != DEFAULTS[name]
    }
    if target["kind"] == "role":
        said.pop("aws_account", None)
        said.pop("partition", None)
    if tried := result_from(target):
        said["tried"] = tried
    if with_keys and target["federation_keys"]:
        kms_arn, access_key_id = target["federation_keys_kms_arn"], target["access_key_id"]
        ciphertext = target["federation_keys"]
        said["federation_keys"] = {
            "access_key_id": access_key_id,
            "kms_key": kms_arn,
            "ciphertext": ciphertext,
        }
    return said


def export(*, with_keys: bool = False) -> tuple[str, Mapping[str, int]]:
    """Return the file of all that is held and how much is in it; recorded before it is handed out."""
    contents = held(catalogue.current())
    count = {
        "targets": len(contents.targets),
        "associations": sum(len(groups) for groups in contents.associations.values()),
        "accounts": len(contents.accounts),
    }
    text = written(contents, with_keys=with_keys)
    audit.record(Event.EXPORT_DONE, **count, with_keys=with_keys or None)
    return text, count

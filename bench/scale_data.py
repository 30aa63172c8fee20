"""Very many targets, associations and people, as DynamoDB's items."""

from collections.abc import Iterator
from typing import Any

Row = tuple[str, dict[str, dict[str, Any]]]
"""The name of a table, and an item of it."""

ACCOUNTS = 200
GROUPS = 6_000
NOW = "2026-11-26T05:30:00.000000+0000"


def items(targets: int, people: int) -> Iterator[Row]:
    """Yield everything that an installation of this size has in its catalogue and of its people."""
    yield "changes", {"log": _text("catalogue"), "number": _number(10**15), "latest": _number(0)}
    for number in range(ACCOUNTS):
        yield "aws-accounts", _account(number)
    for number in range(targets):
        yield "targets", target(number)
        for group in (f"okta:team-{number % 500}", f"okta:unit-{number % GROUPS}"):
            yield "associations", association(f"target-{number:06}", group)
    for number in range(people):
        yield "people", _person(number)


def target(number: int, title: str = "") -> dict[str, dict[str, Any]]:
    """Return a target as cooper stores one: an IAM role with labels and a region."""
    name = f"target-{number:06}"
    account_id = _account_id(number % ACCOUNTS)
    return {
        "name": _text(name),
        "kind": _text("role"),
        "title": _text(title or f"Target number {number}"),
        "aws_account": _text(account_id),
        "partition": _text("aws"),
        "labels": {"L": [_text(f"env={number % 7}"), _text(f"team={number % 50}")]},
        "colour": _text(("red", "green", "blue")[number % 3]),
        "region": _text("eu-central-1"),
        "state": _text("enabled" if number % 11 else "disabled"),
        "sensitive": {"BOOL": number % 1_000 == 0},
        "max_seconds": _number(3600),
        "policy_arns": {"L": []},
        "role_arn": _text(f"arn:aws:iam::{account_id}:role/{name}"),
        "source_identity": {"BOOL": True},
        "tag_session": {"BOOL": True},
        "external_id_enforced": {"BOOL": True},
        "weaker_mode_accepted": {"BOOL": False},
        "probe": _text('{"works": true, "findings": [], "at": "2026-11-01T10:00:00+00:00"}'),
        "effective_max_seconds": _number(3600),
        "version": _number(3),
    }


def association(name: str, group: str) -> dict[str, dict[str, Any]]:
    """Return an association without an end."""
    return {"target": _text(name), "group": _text(group), "version": _number(1)}


def _account(number: int) -> dict[str, dict[str, Any]]:
    return {
        "account_id": _text(_account_id(number)),
        "name": _text(f"account-{number}"),
        "external_id": _text(f"cooper-{number:040x}"),
        "stopped": {"BOOL": False},
        "version": _number(1),
    }


def _person(number: int) -> dict[str, dict[str, Any]]:
    subject = f"person-{number}@example.com"
    groups = [f"okta:unit-{(number * 7 + step * 997) % GROUPS}" for step in range(11)]
    groups.append(f"okta:team-{number % 500}")
    return {
        "person": _text(f"okta:{subject}"),
        "provider": _text("okta"),
        "subject": _text(subject),
        "name": _text(f"Person {number}"),
        "groups": {"L": [_text(group) for group in groups]},
        "epoch": _number(1),
        "disabled": {"BOOL": number % 100 == 0},
        "last_seen": _text(NOW),
        "version": _number(4),
    }


def _account_id(number: int) -> str:
    return f"{100_000_000_000 + number}"


def _text(value: str) -> dict[str, str]:
    return {"S": value}


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}

"""A wrong file is refused whole, before anything is written, each mistake at its place."""

import re

import pytest

from brokers.import_export.complaints import MOST_COMPLAINTS
from brokers.models import Association, Import, ImportPart, Target
from core import aws
from core.audit import Event
from demo.seed import READ_S3
from tests.support.events import all_events
from tests.support.import_files import HEAD, ROLE, USER, A, T, U, exported, imported, refused

MANAGED = "arn:aws:iam::444444444444:policy/a-managed-one-of-ours"
DOUBLED_POLICY = READ_S3.replace("{", '{"Statement": [], ', 1)
LONG_POLICY = READ_S3.replace("{", "{" + " " * (2000 - len(READ_S3)), 1)


def everything() -> list[tuple[str, int]]:
    """Return all items of the tables that an import writes."""
    tables = (Target, Association, Import, ImportPart)
    return sorted((each.pk, int(each.version)) for table in tables for each in table.everything())


# -- what a file says ------------------------------------------------------------------------------
WRONG = {
    "another file": ("a: 1\n", "line 1, column 1: This is not a cooper file"),
    "a list": ("- a\n", "line 1, column 1: This is not a cooper file"),
    "a newer format": ("cooper: 3\n", "line 1, column 9: This file has the format 3; this cooper reads format 2 and older"),
    "no format": ("cooper: x\n", "line 1, column 9: The format must be 2, or 1 in an older file"),
    "the format 0": ("cooper: 0\n", "line 1, column 9: The format must be 2"),
    "an unknown section": (HEAD + "people:\n  a: 1\n", "line 2, column 1: people is not known here"),
    "a section that is a list": (HEAD + "targets:\n- a\n", "line 3, column 1: This must be lines of the form"),
    "an unknown key": (A + "titel: x\n", "line 6, column 5: titel is not known here"),
    "a key of the other kind": (U + "role_arn: x\n", "line 7, column 5: role_arn is not known"),
    "a target twice": (T + ROLE + ROLE, "line 6, column 3: a is here twice"),
    "a key twice": (A + "kind: role\n", "line 6, column 5: kind is here twice"),
    "no kind": (T + "  a:\n    title: x\n", "line 3, column 3: A target needs a kind"),
    "another kind": (T + "  a:\n    kind: user\n", "line 4, column 11: A target needs a kind"),
    "no ARN": (T + "  a:\n    kind: role\n", "line 3, column 3: a needs role_arn"),
    "a bad ARN": (T + "  a:\n    kind: role\n    role_arn: nonsense\n", "line 5, column 15: This is not the ARN"),
    "AWS's own role": (
        T + "  a:\n    kind: role\n    role_arn: arn:aws:iam::444444444444:role/aws-reserved/x\n",
        "AWS keeps roles",
    ),
    "another partition": (
        T + "  a:\n    kind: role\n    role_arn: arn:aws-cn:iam::444444444444:role/x\n",
        "line 5, column 15: cooper is in the partition aws",
    ),
    "a bad name": (T + ROLE.replace("  a:", "  -a b:"), "line 3, column 3: 1 to 64 of A-Z"),
    "too long a name": (T + ROLE.replace("  a:", f"  {'a' * 65}:"), "at most 64 characters"),
    "seconds in words": (A + "max_seconds: an hour\n", "line 6, column 18: Enter a whole number"),
    "too many seconds": (A + "max_seconds: 43201\n", "less than or equal to 43200"),
    "no boolean": (A + "sensitive: yes\n", "line 6, column 16: This must be true or false"),
    "a sensitive weaker one": (
        A + "sensitive: true\n    weaker_mode_accepted: true\n",
        "line 7, column 27: A sensitive target cannot use weaker mode",
    ),
    "no JSON": (A + "session_policy: '{'\n", "line 6, column 21: This is not JSON: line 1"),
    "a policy with a key twice": (
        A + f"session_policy: '{DOUBLED_POLICY}'\n",
        'line 6, column 21: Line 1, column 44: "Statement" is here twice, first at line 1, column 2',
    ),
    "a policy in lower case": (
        A + f"session_policy: '{READ_S3.replace('Effect', 'effect')}'\n",
        'Write "Effect", not "effect": case counts',
    ),
    "too deep a policy": (A + f"session_policy: '{'[' * 2000}'\n", "nested deeper than 12 levels"),
    "too long a policy": (A + f"session_policy: '{'x' * 2049}'\n", "2,049 characters; AWS takes"),
    "no session policy": (
        T + "  u:\n    kind: federated_user\n    aws_account: '444444444444'\n",
        "line 3, column 3: u needs session_policy",
    ),
    "policies that are too long together": (
        A + f"session_policy: '{LONG_POLICY}'\n    policy_arns: [{MANAGED}]\n",
        f"line 7, column 18: {2000 + len(MANAGED):,} characters with the session policy (2,000)",
    ),
    "a bad policy ARN": (A + "policy_arns: [x]\n", "line 6, column 18: x is not the ARN"),
    "a text for a list": (A + "labels: x\n", "line 6, column 13: This must be a list"),
    "a list for a text": (A + "title: [x]\n", "line 6, column 12: This must be a text"),
    "a bad label": (A + "labels: ['a b']\n", "a b is not a label"),
    "a bad colour": (A + "colour: pink\n", "line 6, column 13: Select a valid choice"),
    "a bad region": (A + "region: nowhere\n", "line 6, column 13: This is not a region"),
    "a host before a region": (A + "region: x.example/us-east-1\n", "column 13: This is not a region"),
    "a program after a region": (
        A + "region: 'x\" & calc & \"us-east-1'\n",
        "line 6, column 13: This is not a region",
    ),
    "a line after a region": (
        A + 'region: "us-east-1\\ncredential_process=/x"\n',
        "line 6, column 13: This is not a region",
    ),
    "an availability zone": (A + "region: eu-west-1a\n", "column 13: This is not a region"),
    "a region of another partition": (
        A + "region: cn-north-1\n",
        "line 6, column 13: The region cn-north-1 is one of the partition aws-cn, not of aws",
    ),
    "a destination elsewhere": (
        A + "destination: https://evil.example/\n",
        "line 6, column 18: This is not an address of the AWS console",
    ),
    "a state that is none": (A + "state: deleted\n", "line 6, column 12: The state must be pending"),
    "a try of odd parts": (A + "tried:\n      x: 1\n", "line 7, column 7: x is not known here"),
    "a try that is not yes or no": (
        A + "tried:\n      works: maybe\n",
        "line 7, column 14: This must be true or false",
    ),
    "no AWS account": (HEAD + "accounts:\n  '123':\n    name: x\n", "line 3, column 3: 123 is not an AWS account"),
    "a bad ExternalId": (
        HEAD + "accounts:\n  '123456789012':\n    external_id: 'a b'\n",
        "line 4, column 18: This is not an ExternalId",
    ),
    "another ExternalId": (
        HEAD + "accounts:\n  '222222222222':\n    external_id: other\n",
        "line 4, column 5: This AWS account has another ExternalId here",
    ),
    "another kind than it has": (
        T + USER.replace("  u:", "  dev-read:"),
        "line 4, column 5: dev-read has the kind role here",
    ),
    "a bad group": (HEAD + "associations:\n  dev-read:\n    Okta:x:\n", "line 4, column 5: Not a valid group"),
    "a group of 10,000 characters": (
        HEAD + f"associations:\n  dev-read:\n    ? local:{'x' * 10_000}\n    :\n",
        "line 4, column 7: Ensure this value has at most 560",
    ),
    "one group twice": (
        HEAD + "associations:\n  dev-read:\n    x:\n    local:x:\n",
        "line 5, column 5: local:x is here twice",
    ),
    "10,000 groups": (
        HEAD + "associations:\n  dev-read:\n" + "".join(f"    g{n}:\n" for n in range(10_000)),
        "line 3, column 3: 10,000 groups; a target can have at most 1,000",
    ),
    "a bad end": (HEAD + "associations:\n  dev-read:\n    x: never\n", "line 4, column 8: Enter a valid date/time"),
    "an unknown target": (HEAD + "associations:\n  nowhere:\n    x:\n", "line 3, column 3: There is no target nowhere"),
    "keys that are not whole": (
        U + "federation_keys:\n      ciphertext: QUJD\n",
        "Federation Keys need access_key_id, kms_key and ciphertext",
    ),
    "keys in plain text": (
        U + "federation_keys:\n      ciphertext: AKIAIOSFODNN7EXAMPLE|wJalrXUtnFEMI\n",
        "This is not a ciphertext",
    ),
    "keys that do not open": (
        U
        + "federation_keys:\n      access_key_id: AKIAIOSFODNN7EXAMPLE\n"
        + f"      kms_key: arn:aws:kms:us-east-1:111111111111:key/x\n      ciphertext: {'QUJD' * 50}\n",
        "line 7, column 5: These Federation Keys do not open here",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_it_refuses_a_file_with(store, name):
    text, said = WRONG[name]
    before = everything()
    lines = refused(text)
    assert any(said in line for line in lines), lines
    assert (
        all(re.match(r"line \d+, column \d+: ", line) for line in lines) and everything() == before
    )


def test_it_does_not_repeat_keys_in_plain_text(store):
    lines = refused(WRONG["keys in plain text"][0])
    events = [each for each in all_events() if each.event == Event.IMPORT_REFUSED]
    assert "wJalr" not in " ".join(lines) and "wJalr" not in f"{events[0].why}{events[0].details}"


def test_it_refuses_coopers_own_role(store, monkeypatch):
    mine = "arn:aws:sts::444444444444:assumed-role/a/i-1"
    monkeypatch.setattr(
        "core.aws.caller_identity", lambda: aws.CallerIdentity(mine, account_id="444444444444")
    )
    assert refused(T + ROLE) == [
        "line 5, column 15: cooper itself runs as this role, so it cannot be a target."
    ]


def test_it_refuses_a_name_that_was_deleted_once(store):
    imported(exported().replace("  dev-read:", "  dev-read-2:"), prune=True)
    assert Target.find("dev-read").state == "deleted"
    assert refused(T + ROLE.replace("  a:", "  dev-read:")) == [
        "line 3, column 3: A target named dev-read was deleted. Names are never used again."
    ]


def test_it_says_all_that_is_wrong_at_once_in_the_order_of_the_file(store):
    text = (
        HEAD
        + "associations:\n  dev-read:\n    Okta:x:\ntargets:\n"
        + ROLE
        + "    colour: pink\n    sensitive: 1\n"
    )
    assert [line.split(":")[0] for line in refused(text)] == [
        "line 4, column 5",
        "line 9, column 13",
        "line 10, column 16",
    ]


def test_it_counts_what_it_does_not_show(store):
    lines = refused(T + "".join(f"  a{n}:\n    kind: x\n" for n in range(500)))
    assert len(lines) == MOST_COMPLAINTS + 1 and lines[-1] == f"and {500 - MOST_COMPLAINTS} more"


def test_it_records_a_refused_file_by_its_digest(store):
    refused(WRONG["a bad ARN"][0])
    [event] = [each for each in all_events() if each.event == Event.IMPORT_REFUSED]
    assert event.why == "1 wrong, first at line 5, column 15" and len(event.facts["file"]) == 64

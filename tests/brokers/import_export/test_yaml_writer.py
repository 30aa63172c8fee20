"""Contents are written as a file that says the same again, in the same order each time."""

import pytest

from brokers.import_export import yaml_reader, yaml_writer
from brokers.import_export.complaints import Complaints
from brokers.import_export.snapshot import DEFAULTS, Contents
from brokers.readiness import NOT_PROBED
from tests.support.import_plans import ACCOUNT, KEYS, LACKING, UNTIL, role, stored, user


def written(**parts: dict) -> str:
    return yaml_writer.write(Contents(**parts))


def lines_of(target: dict, *, with_keys: bool = False) -> list[str]:
    """Return the lines that are written for one target, without their indentation."""
    text = yaml_writer.write(Contents(targets={"a": target}), with_keys=with_keys)
    section = text.split("targets:\n  a:\n")[1].split("associations:")[0]
    return [line.strip() for line in section.splitlines()]


def test_it_writes_all_sections_even_when_they_are_empty():
    assert written() == "cooper: 2\naccounts: {}\ntargets: {}\nassociations: {}\n"


def test_it_writes_sections_and_names_in_order():
    accounts = {
        "2": {"name": "B", "external_id": "e2", "stopped": False},
        "1": {"name": None, "external_id": "e1", "stopped": True},
    }
    associations = {"b": {"local:y": UNTIL, "local:x": None}, "a": {"local:x": None}}
    assert written(accounts=accounts, associations=associations) == (
        "cooper: 2\n"
        "accounts:\n"
        "  '1':\n"
        "    external_id: e1\n"
        "    stopped: true\n"
        "  '2':\n"
        "    name: B\n"
        "    external_id: e2\n"
        "targets: {}\n"
        "associations:\n"
        "  a:\n"
        "    local:x:\n"
        "  b:\n"
        "    local:x:\n"
        f"    local:y: '{UNTIL}'\n"
    )


def test_it_leaves_out_what_is_as_usual():
    target = {**role(), **NOT_PROBED, "state": "pending"}
    assert lines_of(target) == [
        "kind: role",
        f"role_arn: {target['role_arn']}",
        "state: pending",
    ]


@pytest.mark.parametrize(
    ("setting", "value", "line"),
    [
        ("title", "A", "title: A"),
        ("title", "null", "title: 'null'"),
        ("title", "yes", "title: 'yes'"),
        ("title", "007", "title: '007'"),
        ("title", "a: b", "title: 'a: b'"),
        ("max_seconds", 7200, "max_seconds: 7200"),
        ("sensitive", True, "sensitive: true"),
        ("title", "x" * 2000, f"title: {'x' * 2000}"),
        ("title", "a b " * 200 + "c", f"title: {'a b ' * 200}c"),
    ],
)
def test_it_writes_what_differs_each_in_a_line(setting, value, line):
    assert line in lines_of(stored(role(**{setting: value})))


def test_it_writes_a_text_of_several_lines_in_several_lines():
    lines = lines_of(stored(role(session_policy='{\n  "Version": 1\n}')))
    start = lines.index("session_policy: |-")
    assert lines[start + 1 : start + 4] == ["{", '"Version": 1', "}"]


def test_it_writes_no_alias_for_a_list_that_occurs_twice():
    labels = ["env=dev"]
    targets = {name: stored(role(labels=labels)) for name in ("a", "b")}
    text = written(targets=targets)
    assert text.count("- env=dev") == 2
    assert "&" not in text


def test_a_role_has_its_place_in_its_arn_alone():
    lines = lines_of(stored(role()))
    assert not [line for line in lines if line.startswith(("aws_account", "partition"))]


def test_a_federated_user_says_its_place():
    lines = lines_of(stored(user(partition="aws-cn")))
    assert f"aws_account: '{ACCOUNT}'" in lines
    assert "partition: aws-cn" in lines


def test_it_tells_of_a_probe():
    lines = lines_of(stored(role(), LACKING))
    tried = lines[lines.index("tried:") :]
    assert "tag_session: false" in tried
    assert "- no tags" in tried


def test_it_writes_ciphertexts_only_when_asked_to():
    target = stored(user(**KEYS))
    without = " ".join(lines_of(target))
    for value in KEYS.values():
        assert value not in without

    lines = lines_of(target, with_keys=True)
    assert lines[lines.index("federation_keys:") :] == [
        "federation_keys:",
        "access_key_id: AKIA",
        "kms_key: arn:kms",
        "ciphertext: QUJD",
    ]


def test_the_reader_reads_what_it_writes():
    target = stored(user(title="ümlaut ☃", description="two\n\nlines", **KEYS))
    text = yaml_writer.write(
        Contents(targets={"a": target}, associations={"a": {"x": None}}), with_keys=True
    )

    complaints = Complaints()
    root = yaml_reader.read(text.encode(), complaints)
    entries = root.value["targets"].value["a"].value
    assert complaints.lines() == []
    assert entries["title"].value == "ümlaut ☃"
    assert entries["description"].value == "two\n\nlines"
    assert root.value["associations"].value["a"].value["x"].value is None


def test_it_knows_every_setting_that_a_file_can_say():
    by_other_keys = {"federation_keys", "federation_keys_kms_arn", "access_key_id"}
    assert set(yaml_writer.TARGET_KEYS) == {*DEFAULTS, "state"} - by_other_keys

"""A wrong file is refused whole, before anything is written, each mistake with its line and column."""

import re
from contextlib import suppress
from typing import Any

import pytest
import yaml

from brokers import catalogue
from brokers.import_export import jobs
from brokers.import_export.complaints import MOST_COMPLAINTS, Complaints, Unusable
from brokers.import_export.drafts import FileRefused, draft
from brokers.import_export.yaml_reader import LARGEST, Node, read
from brokers.models import Association, Import, ImportPart, Target
from core import aws
from core.audit import AuditEvent, Event
from demo.seed import READ_S3
from tests.support.import_files import exported, imported
from tests.support.paths import ROOT

HEAD = "cooper: 1\n"
ROLE = "  a:\n    kind: role\n    role_arn: arn:aws:iam::444444444444:role/a\n"
USER = (
    "  u:\n    kind: federated_user\n    aws_account: '444444444444'\n    session_policy: '"
    + READ_S3
    + "'\n"
)

T = HEAD + "targets:\n"
A, U = T + ROLE + "    ", T + USER + "    "


MANAGED = "arn:aws:iam::444444444444:policy/a-managed-one-of-ours"
LONG_POLICY = READ_S3.replace("{", "{" + " " * (2000 - len(READ_S3)), 1)


def refused(text: str | bytes, **options: bool) -> list[str]:
    """Return what is said of a file that must be refused."""
    with pytest.raises(FileRefused) as caught:
        draft(text.encode() if isinstance(text, str) else text, **options)
    return caught.value.lines


def everything() -> list[tuple[str, int]]:
    """Return all items of the tables that an import writes."""
    tables = (Target, Association, Import, ImportPart)
    return sorted((each.pk, int(each.version)) for table in tables for each in table.everything())


# -- YAML, as far as it is taken
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "line 1, column 1: The file is empty."),
        (b"# nothing\n", "line 1, column 1: The file is empty."),
        (b"a: [1\n", "line 2, column 1: This is not YAML"),
        (b"a: 1\n b: 2\n", "line 2, column 3: This is not YAML"),
        (b"a: 'x\n", "This is not YAML"),
        (b"a: 1\nb: \xff\n", "line 2, column 4: This is not UTF-8."),
        (b"a: 1\nb: \x00\n", "line 2, column 4: YAML does not allow this character."),
        (b"a: &x 1\n", "line 1, column 4: Anchors"),
        (b"a: 1\nb: *x\n", "line 2, column 4: Aliases"),
        (b"a: !!python/object/apply:os.system [x]\n", "line 1, column 4: Tags"),
        (b"a: !x 1\n", "line 1, column 4: Tags"),
        (b"<<: {a: 1}\na: 1\n? [x]\n: y\n", "line 3, column 3: A key must be a text."),
        (b"a: 1\n---\nb: 1\n", "line 2, column 1: A file can have only one document"),
        (b"a: 1\nb: 2\na: 3\n", "line 3, column 1: a is here twice."),
        (b"[" * 5000, "nested deeper"),
        (b"{a: " * 5000, "nested deeper"),
    ],
)
def test_it_takes_a_small_part_of_yaml(text, said):
    complaints = Complaints()
    with suppress(Unusable):
        read(text, complaints)
    assert said in complaints.lines()[0]


def test_it_takes_no_bomb():
    bomb = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [*%c,*%c]\n" % (n + 1, n + 1, n, n) for n in range(97, 120)
    )
    complaints = Complaints()
    with pytest.raises(Unusable):
        read(bomb, complaints)
    assert "Anchors" in complaints.lines()[0]


def parsed(text: str | bytes) -> tuple[Node, list[str]]:
    """Return the document of a file that is taken, and the complaints about it."""
    complaints = Complaints()
    data = text if isinstance(text, bytes) else text.encode()
    return read(data, complaints), complaints.lines()


def stopped_at(text: str) -> str:
    """Return the last complaint about a file that cannot be read further."""
    complaints = Complaints()
    with pytest.raises(Unusable):
        read(text.encode(), complaints)
    return complaints.lines()[-1]


def plain(node: Node) -> Any:
    """Return a node's values without their places."""
    if isinstance(node.value, dict):
        return {str(key): plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [plain(item) for item in node.value]
    return node.value


def test_it_reads_entries_lists_and_texts():
    root, complaints = parsed("a: x\nb:\n- y\n- {c: z}\nd: [1, 2]\n")
    assert plain(root) == {"a": "x", "b": ["y", {"c": "z"}], "d": ["1", "2"]}
    assert complaints == []


@pytest.mark.parametrize("text", ["yes", "123", "1e3", "0x1F", "2030-01-01", ".inf", "=", "1_000"])
def test_it_makes_no_number_date_or_flag_of_a_text(text):
    root, _ = parsed(f"a: {text}\n")
    assert root.value["a"].value == text


@pytest.mark.parametrize("text", ["", "~", "null"])
def test_it_reads_nothing_where_nothing_is_written(text):
    root, _ = parsed(f"a: {text}\n")
    assert root.value["a"].value is None


@pytest.mark.parametrize("text", ["''", "'~'", '"null"', "|-\n  null"])
def test_it_reads_a_quoted_null_as_a_text(text):
    root, _ = parsed(f"a: {text}\n")
    assert root.value["a"].value in ("", "~", "null")


def test_it_takes_the_tag_that_says_nothing():
    root, _ = parsed("a: ! x\n")
    assert root.value["a"].value == "x"


def test_it_knows_the_place_of_each_value_and_key():
    root, _ = parsed("a: x\nb:\n  - y\n  - é: z\n")
    [a, b] = root.value
    assert (root.line, root.column) == (1, 1)
    assert (a.line, a.column, b.line, b.column) == (1, 1, 2, 1)
    first, second = root.value["b"].value
    assert (first.line, first.column, second.line, second.column) == (3, 5, 4, 5)
    assert (second.value["é"].line, second.value["é"].column) == (4, 8)


def test_it_goes_on_after_a_key_that_is_there_twice():
    root, complaints = parsed("a: 1\na: 2\nb: 3\nb: 4\n")
    assert complaints == [
        "line 2, column 1: a is here twice.",
        "line 4, column 1: b is here twice.",
    ]
    assert plain(root) == {"a": "2", "b": "4"}


def test_it_takes_the_same_key_in_different_places():
    assert parsed("a: {x: 1}\nb: {x: 1}\n")[1] == []


def test_it_reads_eight_levels_and_no_ninth():
    parsed("[" * 8 + "x" + "]" * 8)
    assert stopped_at("[" * 9 + "]" * 9) == "line 1, column 9: This is nested deeper than 8 levels."
    assert (
        stopped_at("{a: " * 9 + "}" * 9)
        == "line 1, column 33: This is nested deeper than 8 levels."
    )


def test_it_counts_keys_values_lists_and_entries(monkeypatch):
    monkeypatch.setattr("brokers.import_export.yaml_reader.MOST_VALUES", 5)
    parsed("a: [x, y]\n")
    assert "More than 5 values" in stopped_at("a: [x, y, z]\n")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("? *x\n: 1\n", "line 1, column 3: Aliases (*name) are not supported; write the value out."),
        ("&x a: 1\n", "line 1, column 1: Anchors (&name) are not supported."),
        ("- &x [1]\n", "line 1, column 3: Anchors (&name) are not supported."),
        ("- !!map {}\n", "line 1, column 3: Tags (!name) are not supported."),
        ("? {a: 1}\n: 1\n", "line 1, column 3: A key must be a text."),
        ("--- a\n--- b\n", "line 2, column 1: A file can have only one document; a second one begins here."),
        ("---\n---\n", "line 2, column 1: A file can have only one document; a second one begins here."),
        ("~", "line 1, column 1: The file is empty."),
    ],
)  # fmt: skip
def test_it_stops_at_what_it_does_not_take(text, complaint):
    assert stopped_at(text) == complaint


def test_it_says_what_was_wrong_before_it_stopped():
    complaints = Complaints()
    with pytest.raises(Unusable):
        read(b"a: 1\na: 2\nb: *x\n", complaints)
    assert [line.split(":")[0] for line in complaints.lines()] == [
        "line 2, column 1",
        "line 3, column 4",
    ]


def test_it_stops_before_it_builds_what_a_file_repeats_without_end():
    complaints = Complaints()
    with pytest.raises(Unusable):
        read(b"a: &a [*a, *a]\n", complaints)
    assert complaints.lines() == ["line 1, column 4: Anchors (&name) are not supported."]


@pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
def test_it_finds_a_forbidden_character_behind_letters_of_several_bytes(monkeypatch, loader):
    monkeypatch.setattr("brokers.import_export.yaml_reader._LOADER", loader)
    assert stopped_at("# ümlaut ☃\na: é\x07\n") == (
        "line 2, column 5: YAML does not allow this character."
    )


def test_it_takes_a_file_of_the_largest_size():
    begin = b"a: 1\n#"
    root, _ = parsed(begin + b"x" * (LARGEST - len(begin)))
    assert plain(root) == {"a": "1"}


def test_it_reads_utf_8_with_a_mark_at_its_beginning(store):
    assert not draft(b"\xef\xbb\xbf" + HEAD.encode()).plan


@pytest.mark.parametrize("size", [LARGEST + 1, 50_000_000])
def test_it_refuses_a_file_that_is_too_large_without_reading_it(store, size):
    assert refused(b"x" * size) == [
        f"line 1, column 1: {size:,} bytes; a file can have at most 20,000,000."
    ]


def test_it_refuses_a_file_of_too_many_values(store, monkeypatch):
    monkeypatch.setattr("brokers.import_export.yaml_reader.MOST_VALUES", 1000)
    assert "More than 1,000 values" in refused(T + "".join(f"  a{n}:\n" for n in range(1001)))[0]


# -- what a file says
WRONG = {
    "another file": ("a: 1\n", "line 1, column 1: This is not a cooper file"),
    "a list": ("- a\n", "line 1, column 1: This is not a cooper file"),
    "a newer format": ("cooper: 2\n", "line 1, column 9: This file has the format 2; this cooper reads format 1"),
    "no format": ("cooper: x\n", "line 1, column 9: The format must be 1"),
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
    "a destination elsewhere": (
        A + "destination: https://evil.example/\n",
        "line 6, column 18: A destination has to be a path",
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
    events = [each for each in AuditEvent.everything() if each.event == Event.IMPORT_REFUSED]
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
    [event] = [each for each in AuditEvent.everything() if each.event == Event.IMPORT_REFUSED]
    assert event.why == "1 wrong, first at line 5, column 15" and len(event.facts["file"]) == 64


# -- what a file may say
def test_it_takes_a_file_written_by_hand(store):
    text = A + "labels: [env=dev, env=dev]\nassociations:\n  a: {visitors: 2030-01-02}\n"
    imported(text)
    target, [rule] = Target.find("a"), Association.under("a")
    assert (target.state, target.aws_account, list(target.labels)) == (
        "pending",
        "444444444444",
        ["env=dev"],
    )
    assert (rule.group, f"{rule.until:%Y-%m-%d %H:%M}") == ("local:visitors", "2030-01-02 00:00")


def test_it_takes_the_example_of_the_paper(store):
    paper = (ROOT / "docs/import-export.md").read_text()
    example = re.findall(r"```yaml\n(.*?)```", paper, re.DOTALL)[0]
    external_id = str(catalogue.current().accounts["222222222222"].external_id)
    imported(re.sub(r"external_id: .*", f"external_id: {external_id}", example))
    assert (
        Target.find("sandbox-uploads").state == "pending"
        and len(list(Association.under("sandbox-read"))) == 2
    )


def test_it_keeps_texts_as_they_are(store):
    titles = [
        "null",
        "~",
        "yes",
        "123",
        "1e3",
        "a: b",
        "# x",
        "'quoted'",
        "ümlaut ☃",
        "- x",
        "0x1F",
        "2030-01-01",
        "x" * 120,
    ]
    for title in titles:
        target = Target.find("dev-read")
        target.title, target.description = title, f"{title}\r\nsecond line\n\nfourth"
        catalogue.edit(lambda writes, target=target: writes.save(target), "dev-read")
        assert not draft(exported().encode()).plan


def test_it_keeps_policies_readable(store):
    target = Target.find("dev-uploads")
    target.session_policy = '{\n  "Version": "2012-10-17",\n  "Statement": []\n}'
    catalogue.edit(lambda writes: writes.save(target), "dev-uploads")
    assert '    session_policy: |-\n      {\n        "Version"' in exported()


def test_it_puts_no_secret_in_a_file_unless_asked_for(store):
    target = Target.find("dev-uploads")
    assert "ciphertext" not in exported() and str(target.access_key_id) not in exported()
    assert exported(with_keys=True).count("ciphertext:") == 3 and READ_S3 in exported()


def test_it_writes_the_same_file_each_time(store):
    assert exported() == exported() and exported().startswith(
        "cooper: 1\naccounts:\n  '222222222222':\n    name: Dev"
    )


def test_it_records_an_export_before_it_hands_it_out(store):
    exported(with_keys=True)
    [event] = [each for each in AuditEvent.everything() if each.event == Event.EXPORT_DONE]
    assert event.facts["targets"] == 12 and event.facts["with_keys"] is True


# -- what an import does
def events_of(target: str) -> list[AuditEvent]:
    return [each for each in AuditEvent.by_target.query(target) if "imported" in each.facts]


def test_it_records_each_target_with_its_changes_and_its_step(store):
    done = imported(
        exported()
        .replace("title: Development, read only", "title: Look")
        .replace("local:finance", "local:x")
    )
    [event] = events_of("dev-read")
    assert event.event == Event.TARGET_CHANGED and event.facts["imported"] == done.number
    assert (
        event.facts["changes"] == {"title": ["Development, read only", "Look"]}
        and event.facts["step"] == "1 of 1"
    )
    [event] = events_of("prod-reports")
    assert event.facts["associations"] == {"added": ["local:x"]}
    kinds = [each.event for each in AuditEvent.everything() if "catalogue" in each.event]
    assert sorted(kinds) == [Event.EXPORT_DONE, Event.IMPORT_BEGUN, Event.IMPORT_DONE]


def test_it_removes_what_the_file_lacks_when_asked_to(store):
    text = exported()
    begin, end = text.index("  staging-db:"), text.index("  staging-deploy:")
    without = (text[:begin] + text[end:]).replace("  staging-db:\n    local:database-team:\n", "")
    assert not draft(without.encode()).plan
    imported(without, prune=True)
    assert (
        Target.find("staging-db").state == "deleted" and list(Association.under("staging-db")) == []
    )
    assert (
        Target.find("staging-db").role_arn is None
        and events_of("staging-db")[0].event == Event.TARGET_DELETED
    )
    assert exported() == without


def test_it_marks_associations_by_which_somebody_entitles_themself(store):
    text = HEAD + "associations:\n  dev-read:\n    local:admins:\n    local:x:\n"
    jobs.begin(draft(text.encode()), "local:carol", {"local:admins", "local:y"})
    jobs.resume()
    assert events_of("dev-read")[0].facts["self_entitled"] == ["local:admins"]
    jobs.begin(
        draft(text.replace("admins:", "admins: 2040-01-01").encode()),
        "local:carol",
        {"local:admins"},
    )
    jobs.resume()
    assert len(events_of("dev-read")) == 2
    assert all(each.facts["self_entitled"] == ["local:admins"] for each in events_of("dev-read"))


def test_it_gives_a_new_aws_account_an_external_id_of_its_own(store):
    imported(T + ROLE.replace("444444444444", "666666666666"))
    held = catalogue.current().accounts
    assert re.fullmatch(r"cooper-[0-9a-f]{40}", held["666666666666"].external_id)


def test_it_lets_one_import_run_at_a_time_and_says_whose(store):
    wanted = draft((HEAD + "associations:\n  dev-read:\n    local:x:\n").encode())
    jobs.begin(wanted, "local:carol")
    with pytest.raises(jobs.ImportUnfinished, match=r"by local:carol.*0 of 1 steps"):
        jobs.begin(wanted, "local:dan")
    jobs.resume()
    jobs.begin(draft((HEAD + "associations:\n  dev-read:\n    local:y:\n").encode()), "local:dan")
    assert jobs.give_up().state == jobs.GIVEN_UP and jobs.unfinished() is None
    assert jobs.resume().state == jobs.GIVEN_UP
    assert {str(rule.group) for rule in Association.under("dev-read")} == {
        "local:developers",
        "local:x",
    }


def test_it_stops_where_somebody_changed_what_a_step_builds_on(store):
    jobs.begin(draft((HEAD + "associations:\n  dev-read:\n    local:x:\n").encode()), "local:carol")
    target = Target.find("dev-read")
    target.title = "Mine"
    catalogue.edit(lambda writes: writes.save(target), "dev-read")
    with pytest.raises(
        Exception, match="dev-read was changed by somebody else after this import was planned"
    ):
        jobs.resume()
    assert jobs.unfinished().applied == 0 and [
        str(r.group) for r in Association.under("dev-read")
    ] == ["local:developers"]


def test_it_makes_open_forms_stale_whose_associations_change(store):
    before = Target.find("dev-read").version
    imported(HEAD + "associations:\n  dev-read:\n    local:x:\n")
    assert Target.find("dev-read").version == before + 1


def test_it_reads_everything_anew_after_many_changes(store, monkeypatch):
    catalogue.current()
    monkeypatch.setattr(catalogue, "MOST_TOUCHED", 0)
    imported(HEAD + "associations:\n  dev-read:\n    local:x:\n")
    assert "local:x" in catalogue.current().by_group


def test_it_counts_what_an_import_grants_at_once(store, identity):
    imported(HEAD + "associations:\n  staging-db:\n    local:visitors:\n")
    assert [rule.target for rule in catalogue.current().rules_for(["local:visitors"])] == [
        "staging-db"
    ]

"""YAML is read with places, and only a small part of it."""

from contextlib import suppress
from typing import Any

import pytest
import yaml

from brokers.import_export.complaints import Complaints, Unusable
from brokers.import_export.drafts import draft
from brokers.import_export.yaml_reader import LARGEST, read
from brokers.nodes import Node
from tests.support.import_files import HEAD, T, refused


# -- YAML, as far as it is taken -------------------------------------------------------------------
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

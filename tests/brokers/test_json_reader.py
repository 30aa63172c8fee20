"""JSON with places, held to Python's own reader."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers import json_reader
from brokers.json_reader import JsonRefused
from brokers.nodes import Node

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def plain(node: Node) -> Any:
    """Return a node's value without places."""
    if isinstance(node.value, dict):
        return {str(key): plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [plain(item) for item in node.value]
    return node.value


@given(VALUES, st.sampled_from([None, 0, 2, "\t"]), st.booleans())
def test_it_reads_what_python_reads(value: Any, indent: int | str | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only, allow_nan=False)
    assert plain(json_reader.read(f" \r\n{text}\n")) == json.loads(text)


@given(st.text(alphabet='{}[]",:\\ntruefalsu0123456789eE+-. \n', max_size=30))
def test_it_takes_nothing_that_python_does_not(text: str) -> None:
    try:
        node = json_reader.read(text)
    except JsonRefused:
        return
    assert plain(node) == json.loads(text)


def test_every_value_and_key_knows_its_place() -> None:
    root = json_reader.read('{\n  "a": [1,\n   "x"],\n  "b": {}\n}')
    assert (root.line, root.column) == (1, 1)
    first, second = root.value
    assert [(key, key.line, key.column) for key in (first, second)] == [("a", 2, 3), ("b", 4, 3)]
    places = [(item.line, item.column) for item in root.value["a"].value]
    assert places == [(2, 9), (3, 4)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "This is not JSON: line 1, column 1: a value is missing."),
        ("{", "line 1, column 2: a name in double quotes is missing."),
        ('{"a"\n 1}', "line 2, column 2: a : is missing."),
        ("[1 2]", "line 1, column 4: a , is missing."),
        ("[1,]", "line 1, column 4: a value is missing."),
        ("{'a': 1}", "line 1, column 2: a name in double quotes is missing."),
        ("1 x", "line 1, column 3: nothing can follow the value."),
        ("NaN", "a value is missing"),
        ("01", "nothing can follow"),
        ('"a\nb"', "a value is missing"),
        ("\N{NO-BREAK SPACE}1", "a value is missing"),
        (
            '{"a": {"b": 1,\n"b": 2}}',
            'Line 2, column 1: "b" is here twice, first at line 1, column 8.',
        ),
        ('{"a": 1, "\\u0061": 2}', '"a" is here twice'),
        ("[" * 2000, "nested deeper than 12 levels"),
        ('{"a":' * 2000, "nested deeper than 12 levels"),
    ],
)
def test_it_says_where_and_why(text: str, message: str) -> None:
    with pytest.raises(JsonRefused) as caught:
        json_reader.read(text)
    assert message in str(caught.value)

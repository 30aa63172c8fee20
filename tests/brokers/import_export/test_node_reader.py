"""Nodes are read as the values that they should be, and complained of where they are not."""

import re
from typing import Any

import pytest
from django import forms

from brokers.import_export import yaml_reader
from brokers.import_export.complaints import Complaints
from brokers.import_export.node_reader import NodeReader
from brokers.nodes import Node


class Reading:
    """A reader with its complaints, and the node of a small file to read."""

    def __init__(self, text: str) -> None:
        self.complaints = Complaints()
        self.reader = NodeReader(self.complaints)
        root = yaml_reader.read(f"a: {text}\n".encode(), Complaints())
        self.node: Node = root.value["a"]

    @property
    def lines(self) -> list[str]:
        return self.complaints.lines()


# what each method makes of values of another form
FORMS = [
    ("entries", "{x: 1}", None),
    ("entries", "", None),
    ("entries", "x", "This must be lines of the form name: value."),
    ("entries", "[x]", "This must be lines of the form name: value."),
    ("text", "x", None),
    ("text", "", None),
    ("text", "[x]", "This must be a text."),
    ("text", "{x: 1}", "This must be a text."),
    ("texts", "[x, y]", None),
    ("texts", "", None),
    ("texts", "x", "This must be a list."),
    ("texts", "{x: 1}", "This must be a list."),
    ("texts", "[[x]]", "This must be a text."),
    ("flag", "true", None),
    ("flag", "false", None),
    ("flag", "True", "This must be true or false."),
    ("flag", "yes", "This must be true or false."),
    ("flag", "", "This must be true or false."),
    ("flag", "[true]", "This must be true or false."),
]


@pytest.mark.parametrize(("method", "text", "complaint"), FORMS)
def test_a_value_of_another_form_is_complained_of(method, text, complaint):
    reading = Reading(text)
    getattr(reading.reader, method)(reading.node)
    messages = [line.split(": ", 1)[1] for line in reading.lines]
    assert messages == ([complaint] if complaint else [])


@pytest.mark.parametrize(
    ("method", "text", "value"),
    [
        ("text", "x", "x"),
        ("text", "", ""),
        ("text", "[x]", ""),
        ("texts", "[x, y]", ["x", "y"]),
        ("texts", "", []),
        ("texts", "x", []),
        ("texts", "[x, [y]]", ["x", ""]),
        ("flag", "true", True),
        ("flag", "false", False),
        ("flag", "yes", False),
        ("entries", "x", {}),
        ("entries", "", {}),
    ],
)
def test_what_is_returned_is_of_the_right_type(method, text, value):
    reading = Reading(text)
    assert getattr(reading.reader, method)(reading.node) == value


@pytest.mark.parametrize(("method", "value"), [("text", ""), ("flag", False), ("entries", {})])
def test_what_is_not_in_the_file_is_read_as_nothing(method, value):
    reading = Reading("")
    assert getattr(reading.reader, method)(None) == value
    assert reading.lines == []


def test_unknown_entries_are_complained_of_and_left_out():
    reading = Reading("{x: 1, y: 2, z: 3}")
    entries = reading.reader.known_entries(reading.node, {"x", "w"})
    assert list(entries) == ["x"]
    assert reading.lines == [
        "line 1, column 11: y is not known here; known: w, x.",
        "line 1, column 17: z is not known here; known: w, x.",
    ]


@pytest.mark.parametrize(
    ("text", "value", "complains"), [("12", "12", False), ("12x", "12x", True), ("", None, True)]
)
def test_a_text_has_to_match_as_a_whole(text, value, complains):
    reading = Reading(text)
    assert reading.reader.matching(reading.node, re.compile("[0-9]+"), "a number") == value
    assert bool(reading.lines) == complains
    assert all("This is not a number." in line for line in reading.lines)


def test_a_text_that_is_not_there_need_not_match():
    reading = Reading("")
    assert reading.reader.matching(None, re.compile("[0-9]+"), "a number") is None
    assert reading.lines == []


@pytest.mark.parametrize(
    ("text", "value", "complaint"),
    [("7", 7, ""), ("x", None, "Enter a whole number."), ("99", None, "Ensure this value")],
)
def test_a_field_of_a_form_cleans_a_value(text, value, complaint):
    reading = Reading(text)
    field = forms.IntegerField(max_value=10)
    assert reading.reader.cleaned(field, reading.node, reading.node.value) == value
    assert bool(reading.lines) == bool(complaint)
    assert complaint in "".join(reading.lines)


def test_a_check_is_complained_of_where_it_fails():
    def check(*values: Any) -> None:
        if sum(values) > 10:
            raise forms.ValidationError("Too much.")

    reading = Reading("x")
    reading.reader.check(reading.node, check, 5, 5)
    assert reading.lines == []
    reading.reader.check(reading.node, check, 5, 6)
    assert reading.lines == ["line 1, column 4: Too much."]

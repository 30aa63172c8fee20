"""Tests have the same names in every worker: no parameter is of the moment, or drawn."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.paths import ROOT

CHANGING = re.compile(
    r"\b(now|today|monotonic|time\.time|token_\w+|uuid\d|random|urandom|randint)\("
    r"|gzip\.compress\((?![^)]*mtime=)"
)
"""What comes out otherwise each time."""


def parameters_in(source: str) -> Iterator[str]:
    """Yield the text of every list of parameters that names tests by its values."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith(".parametrize"):
            continue
        if not any(keyword.arg == "ids" for keyword in node.keywords):
            yield ast.unparse(node)


def changing_in(files: list[Path]) -> list[str]:
    return [
        f"{file.relative_to(ROOT)}: {text[:80]}"
        for file in files
        for text in parameters_in(file.read_text())
        if CHANGING.search(text)
    ]


def test_no_parameter_is_another_one_each_time() -> None:
    files = sorted((ROOT / "tests").rglob("*.py"))
    assert len(files) > 300
    assert changing_in(files) == []


def test_it_notices_one() -> None:
    source = '@pytest.mark.parametrize("content", [gzip.compress(b"x")])\ndef test(): ...'
    [text] = parameters_in(source)
    assert CHANGING.search(text)
    assert not CHANGING.search(text.replace('b"x"', "x").replace("b'x'", "b'x', mtime=0"))

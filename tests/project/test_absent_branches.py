"""Each branch on `is None` has been judged: what happens if a value is absent by a cut read."""

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.paths import PACKAGES, ROOT

TABLE = "tests/data/absent_branches.toml"

EFFECTS = {"closed", "open", "neutral"}
KEYS = {"file", "function", "test", "count", "effect", "opens", "why", "todo"}
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

Branch = tuple[str, str, str]
"""File, qualified name of the function, and the comparison as `ast` writes it."""


# -- the branches of the code
def product_files() -> list[str]:
    """Return the paths of the product's Python files below the checkout."""
    files = {"cooper"}
    for package in PACKAGES:
        files.update(path.relative_to(ROOT).as_posix() for path in (ROOT / package).rglob("*.py"))
    return sorted(files)


def is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def asks_for_absence(node: ast.AST) -> bool:
    """Return whether this is a comparison with None by `is` or `is not`."""
    if not isinstance(node, ast.Compare):
        return False
    by_identity = any(isinstance(operator, ast.Is | ast.IsNot) for operator in node.ops)
    return by_identity and any(is_none(side) for side in [node.left, *node.comparators])


def branches_below(node: ast.AST, scope: str) -> Iterator[tuple[str, str]]:
    """Yield function and comparison of each branch below a node that is in the scope."""
    for child in ast.iter_child_nodes(node):
        if asks_for_absence(child):
            yield scope or "<module>", ast.unparse(child)

        inner_scope = scope
        if isinstance(child, SCOPES):
            inner_scope = f"{scope}.{child.name}".removeprefix(".")
        yield from branches_below(child, inner_scope)


def branches_in_code() -> Counter[Branch]:
    """Return how often each branch is there."""
    branches: Counter[Branch] = Counter()
    for file in product_files():
        tree = ast.parse((ROOT / file).read_text())
        branches.update((file, function, test) for function, test in branches_below(tree, ""))
    return branches


# -- the table
@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    table = tomllib.loads((ROOT / TABLE).read_text())
    return list(table["branch"])


def branch_of(row: dict[str, Any]) -> Branch:
    # from Python 3.12 on, quotes in f-strings are written in another way
    test = ast.unparse(ast.parse(row["test"], mode="eval"))
    return row["file"], row["function"], test


def text(branches: Counter[Branch]) -> str:
    lines = [f"{' | '.join(branch)} ({count} times)" for branch, count in branches.items()]
    return "\n".join(sorted(lines))


def test_each_branch_on_absence_is_judged(rows: list[dict[str, Any]]) -> None:
    judged = Counter({branch_of(row): row["count"] for row in rows})
    in_code = branches_in_code()

    new = in_code - judged
    assert not new, f"a new branch on absence: say in {TABLE} what it opens:\n{text(new)}"

    gone = judged - in_code
    assert not gone, f"no such branch any more: remove it from {TABLE}:\n{text(gone)}"


def test_no_branch_is_judged_twice(rows: list[dict[str, Any]]) -> None:
    counts = Counter(branch_of(row) for row in rows)
    twice = [branch for branch, count in counts.items() if count > 1]
    assert not twice, f"judged twice in {TABLE}: write one row with a count"


def test_each_judgement_says_what_happens(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert row["effect"] in EFFECTS, f"write closed, open or neutral: {row}"
        assert row["opens"], f"say what happens if the value is absent: {row}"
        assert row.keys() <= KEYS, f"an unknown key: {row}"


def test_each_open_branch_is_accepted_or_to_be_mended(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        is_accepted = bool(row.get("why"))
        is_to_be_mended = row.get("todo", False)
        if row["effect"] == "open":
            assert is_accepted != is_to_be_mended, f"say why it is accepted, or todo = true: {row}"
        else:
            assert not is_accepted, f"`why` is for open branches: {row}"
            assert not is_to_be_mended, f"`todo` is for open branches: {row}"

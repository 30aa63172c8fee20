"""Connections of tests are closed however the test ends: one left open fails a later test."""

import ast

import pytest

from tests.support.paths import ROOT

OPENING = {"HTTPConnection", "HTTPSConnection", "create_connection", "urlopen"}

SAMPLE = """
def send(address):
    {}
"""


def is_closed_in_any_case(call: ast.Call, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a block closes it, it is closed on the spot, or handed to whoever asked."""
    node: ast.AST = call
    while not isinstance(node, ast.stmt):
        parent = parents[node]
        if isinstance(parent, (ast.withitem, ast.Return)):
            return True
        if isinstance(parent, ast.Attribute) and parent.attr == "close":
            return True
        if isinstance(parent, ast.Call) and ast.unparse(parent.func).endswith(".enter_context"):
            return True
        node = parent
    return _is_in_block(node, parents)


def _is_in_block(statement: ast.stmt, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether the statement gives it a name, and the next one begins the block that closes it."""
    if not isinstance(statement, ast.Assign):
        return False

    siblings = getattr(parents[statement], "body", [])
    following = siblings[siblings.index(statement) + 1 :] if statement in siblings else []
    name = ast.unparse(statement.targets[0])
    return bool(
        following
        and isinstance(following[0], ast.With)
        and f"closing({name})" in ast.unparse(following[0].items[0])
    )


def left_open(source: str) -> list[str]:
    """Return the calls whose connection stays open where a line after them fails."""
    if not any(name in source for name in OPENING):
        return []

    tree = ast.parse(source)
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in OPENING
        and not is_closed_in_any_case(node, parents)
    ]


def test_no_test_leaves_a_connection_open_when_it_fails() -> None:
    faults = {}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        calls = left_open(path.read_text())
        if calls:
            faults[str(path.relative_to(ROOT))] = calls
    assert faults == {}


@pytest.mark.parametrize(
    "line",
    [
        "connection = HTTPConnection(address); connection.close()",
        "connection = socket.create_connection(address); connection.sendall(b'x')",
        "assert urllib.request.urlopen(address).status == 200",
    ],
)
def test_it_sees_one_that_is_left_open(line: str) -> None:
    assert left_open(SAMPLE.format(line))


@pytest.mark.parametrize(
    "line",
    [
        "with closing(HTTPConnection(address)) as connection: connection.connect()",
        "exits.enter_context(socket.create_connection(address))",
        "urllib.request.urlopen(address).close()",
        "return HTTPConnection(address)",
    ],
)
def test_it_leaves_the_rest_alone(line: str) -> None:
    assert left_open(SAMPLE.format(line)) == []

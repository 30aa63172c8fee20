"""What outlives a test begins with the seed: it never takes what the test before it left."""

import ast

from tests.support.paths import ROOT

TESTS = ROOT / "tests"
MAKER = TESTS / "conftest.py"
"""It starts the AWS that all tests share, and gives the blocks that begin anew."""

LEAKY = """
@pytest.fixture(scope="module")
def stage(aws):
    yield aws
"""


def fixtures_on_leftovers(source: str) -> list[str]:
    """Return the fixtures that outlive a test and use the shared AWS as it happens to be."""
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    if any(function.name == "aws" for function in functions):
        # it starts one of its own
        return []

    found = []
    for function in functions:
        decorators = [ast.unparse(each) for each in function.decorator_list]
        outlives_a_test = any("fixture(" in each and "scope=" in each for each in decorators)
        names = [argument.arg for argument in function.args.args]
        if outlives_a_test and "aws" in names:
            found.append(function.name)
    return found


def test_it_notices_one() -> None:
    assert fixtures_on_leftovers(LEAKY) == ["stage"]
    assert fixtures_on_leftovers(LEAKY.replace('(scope="module")', "")) == []


def test_no_fixture_that_outlives_a_test_uses_what_is_left() -> None:
    found = {}
    for file in TESTS.rglob("*.py"):
        if file != MAKER:
            found[str(file.relative_to(TESTS))] = fixtures_on_leftovers(file.read_text())
    assert len(found) > 300
    assert {name: fixtures for name, fixtures in found.items() if fixtures} == {}

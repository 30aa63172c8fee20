"""`tools/readability` counts what it says that it counts."""

import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from textwrap import dedent
from types import ModuleType

import pytest

from tests.support.paths import ROOT

SCRIPT = ROOT / "tools" / "readability"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    loader = SourceFileLoader("readability", str(SCRIPT))
    spec = spec_from_loader("readability", loader)
    assert spec
    module = module_from_spec(spec)
    sys.modules["readability"] = module
    loader.exec_module(module)
    return module


def figures(tool: ModuleType, source: str) -> dict[str, float]:
    return tool.measure(dedent(source)).figures()


def test_it_counts_code_lines_and_tokens_without_docstrings_comments_and_blank_lines(tool):
    counted = figures(
        tool,
        '''
        """A docstring
        of two lines."""

        # a comment
        limit = 3
        """What it is for."""
        total = limit + 1
        ''',
    )
    assert counted["lines"] == 2
    assert counted["tokens"] == (3 + 5) / 2


def test_it_counts_blank_lines_within_functions_alone(tool):
    source = """
        def first():
            value = 1

            return value


        def second():
            return 2
        """
    assert figures(tool, source)["blank"] == pytest.approx(100 / 6)


def test_it_takes_the_median_and_the_longest_of_functions_and_modules(tool):
    both = tool.measure("def a():\n    return 1\n")
    both.add(tool.measure("def b():\n    x = 1\n    y = 2\n    return x + y\n"))
    counted = both.figures()
    assert (counted["fn"], counted["fn max"]) == (3, 4)
    assert (counted["mod"], counted["mod max"]) == (3, 4)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("a, b = 1, 2", "pairs"),
        ("a = 1 if b else 2", "if_else"),
        ("a = [b for b in c]", "compr"),
        ("a = {b: 1 for b in c}", "compr"),
        ("a = sum(b for b in c)", "compr"),
        ("a = 1  # because", "comment"),
        ("a = 1  # noqa: S101 # because", "comment"),
        ("a = '" + "x" * 100 + "'", "wide"),
    ],
)
def test_it_counts(tool, line, name):
    plain = figures(tool, "a = 1\nb = 2\n")
    with_line = figures(tool, f"{line}\nb = 2\n")
    assert plain[name] == 0
    assert with_line[name] > 0


@pytest.mark.parametrize("line", ["a = 1  # noqa: S101", "a = 1  # type: ignore[misc]", "a, b = c"])
def test_it_does_not_count_what_is_for_tools_or_no_pair(tool, line):
    counted = figures(tool, f"{line}\n")
    assert counted["comment"] == counted["pairs"] == 0


def test_it_names_each_limit_that_is_not_kept(tool):
    counted = dict.fromkeys({*tool.AT_MOST, *tool.AT_LEAST}, 0.0) | {"tokens": 99.0}
    missed = list(tool.missed_limits(counted))
    assert missed[0].startswith("tokens is 99.0")
    assert len(missed) == 1 + len(tool.AT_LEAST)


def test_the_project_keeps_its_limits_and_the_table_has_a_row_for_each_package():
    command = [sys.executable, str(SCRIPT), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0] for line in done.stdout.splitlines()[1:]}
    assert rows >= {
        "all",
        "core",
        "sso_portal",
        "brokers",
        "accounts",
        "shipping",
        "cooper_project",
        "demo",
        "embedded_aws",
    }

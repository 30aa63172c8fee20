"""docs/asvs.md: no requirement lacks, and each evidence exists."""

import re
from collections import Counter
from functools import cache

import pytest

from tests.support.served import ROOT

PAPER = (ROOT / "docs/asvs.md").read_text()
ROW = re.compile(
    r"\| V(?P<number>[\d.]+) \| (?P<status>[^|]+) \| (?P<what>[^|]*) \|(?P<shown>[^|]*)\|"
)
ROWS = [match.groupdict() for match in map(ROW.fullmatch, PAPER.splitlines()) if match]

LEVEL_1 = [
    "1.2.1",
    "1.2.2",
    "1.2.3",
    "1.2.4",
    "1.2.5",
    "1.3.1",
    "1.3.2",
    "1.5.1",
    "2.1.1",
    "2.2.1",
    "2.2.2",
    "2.3.1",
    "3.2.1",
    "3.2.2",
    "3.3.1",
    "3.4.1",
    "3.4.2",
    "3.5.1",
    "3.5.2",
    "3.5.3",
    "4.1.1",
    "4.4.1",
    "5.2.1",
    "5.2.2",
    "5.3.1",
    "5.3.2",
    "6.1.1",
    "6.2.1",
    "6.2.2",
    "6.2.3",
    "6.2.4",
    "6.2.5",
    "6.2.6",
    "6.2.7",
    "6.2.8",
    "6.3.1",
    "6.3.2",
    "6.4.1",
    "6.4.2",
    "7.2.1",
    "7.2.2",
    "7.2.3",
    "7.2.4",
    "7.4.1",
    "7.4.2",
    "8.1.1",
    "8.2.1",
    "8.2.2",
    "8.3.1",
    "9.1.1",
    "9.1.2",
    "9.1.3",
    "9.2.1",
    "10.4.1",
    "10.4.2",
    "10.4.3",
    "10.4.4",
    "10.4.5",
    "11.3.1",
    "11.3.2",
    "11.4.1",
    "12.1.1",
    "12.2.1",
    "12.2.2",
    "13.4.1",
    "14.2.1",
    "14.3.1",
    "15.1.1",
    "15.2.1",
    "15.3.1",
]
"""All of level 1; the standard's own list, 5.0.0."""

LEVEL_2 = [
    "6.1.2",
    "6.1.3",
    "6.2.9",
    "6.2.10",
    "6.2.11",
    "6.2.12",
    "6.3.3",
    "6.3.4",
    "6.4.3",
    "6.4.4",
    "6.5.1",
    "6.5.2",
    "6.5.3",
    "6.5.4",
    "6.5.5",
    "6.6.1",
    "6.6.2",
    "6.6.3",
    "6.8.1",
    "6.8.2",
    "6.8.3",
    "6.8.4",
    "7.1.1",
    "7.1.2",
    "7.1.3",
    "7.3.1",
    "7.3.2",
    "7.4.3",
    "7.4.4",
    "7.4.5",
    "7.5.1",
    "7.5.2",
    "7.6.1",
    "7.6.2",
    "8.1.2",
    "8.2.3",
    "8.4.1",
    "9.2.2",
    "9.2.3",
    "9.2.4",
    "10.1.1",
    "10.1.2",
    "10.2.1",
    "10.2.2",
    "10.3.1",
    "10.3.2",
    "10.3.3",
    "10.3.4",
    "10.4.6",
    "10.4.7",
    "10.4.8",
    "10.4.9",
    "10.4.10",
    "10.4.11",
    "10.5.1",
    "10.5.2",
    "10.5.3",
    "10.5.4",
    "10.5.5",
    "10.6.1",
    "10.6.2",
    "10.7.1",
    "10.7.2",
    "10.7.3",
    "13.1.1",
    "13.2.1",
    "13.2.2",
    "13.2.3",
    "13.2.4",
    "13.2.5",
    "13.3.1",
    "13.3.2",
    "13.4.2",
    "13.4.3",
    "13.4.4",
    "13.4.5",
    "16.1.1",
    "16.2.1",
    "16.2.2",
    "16.2.3",
    "16.2.4",
    "16.2.5",
    "16.3.1",
    "16.3.2",
    "16.3.3",
    "16.3.4",
    "16.4.1",
    "16.4.2",
    "16.4.3",
    "16.5.1",
    "16.5.2",
    "16.5.3",
]
"""Level 2 of the chapters 6 to 10, 13 and 16."""


def test_level_1_has_seventy_requirements() -> None:
    assert len(LEVEL_1) == 70


def test_each_requirement_has_one_row() -> None:
    assert Counter(row["number"] for row in ROWS) == Counter(LEVEL_1 + LEVEL_2)


def test_the_first_lines_count_right() -> None:
    counts = Counter(row["status"] for row in ROWS)
    assert set(counts) == {"met", "deviation", "n/a"}
    assert (
        f"{len(ROWS)} requirements: {counts['met']} met, {counts['deviation']} deviations, "
        f"{counts['n/a']} n/a."
    ) in PAPER


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["number"])
def test_it_is_shown_or_has_its_reason(row: dict[str, str]) -> None:
    tests = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row["shown"])
    papers = re.findall(r"\]\(([^)]+)\)", row["shown"])
    if row["status"] != "met":
        assert row["what"].strip()
    if row["status"] != "n/a":
        assert tests or papers

    for path, name in tests:
        assert f"def {name}(" in (ROOT / path).read_text(), (path, name)
        assert not is_soak((ROOT / path).read_text(), name), f"{name} does not run in make test"
    for paper in papers:
        path, _, anchor = paper.partition("#")
        assert (ROOT / "docs" / path).exists(), paper
        assert not anchor or anchor in anchors(path), paper


def is_soak(source: str, name: str) -> bool:
    """Whether the test runs in `make soak` alone."""
    before = source.split(f"def {name}(", maxsplit=1)[0].rsplit("\n\n", 1)[-1]
    return "pytest.mark.soak" in before


@cache
def anchors(path: str) -> set[str]:
    """Return the headings of a paper as links write them."""
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs" / path).read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

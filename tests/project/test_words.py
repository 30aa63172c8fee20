"""The project speaks the field's language: words that it does not use are in `words.toml`."""

import ast
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import PACKAGES, ROOT

WORDS = tomllib.loads((ROOT / "tests/project/words.toml").read_text())
READ = re.compile(r"\.(py|html|md|toml|js|css|in|service)$|^(cooper|Makefile)$|^tools/")
LEFT_ALONE = ("CHANGELOG.md", "tests/project/words.toml", "tests/project/test_words.py")
PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
"""A word of plain text, or a part of a snake_case or CamelCase name."""


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each tracked file that people read."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listing.splitlines():
        path = ROOT / name
        if READ.search(name) and name not in LEFT_ALONE and path.is_file():
            yield name, path.read_text()


def lines() -> Iterator[tuple[str, str]]:
    """Yield the place and the text of each line."""
    for name, text in texts():
        for number, line in enumerate(text.splitlines(), 1):
            yield f"{name}:{number}", line


@pytest.fixture(scope="module")
def words_by_line() -> list[tuple[str, set[str]]]:
    split = []
    for place, line in lines():
        if any(fragment in line for fragment in WORDS["interfaces"]):
            continue
        split.append((place, {part.lower() for part in PARTS.findall(line)}))
    return split


@pytest.mark.parametrize("word", WORDS["words"])
def test_it_does_not_say(words_by_line, word):
    hits = [place for place, parts in words_by_line if word in parts]
    assert hits == [], f"write {WORDS['words'][word]!r} instead"


@pytest.mark.parametrize("phrase", WORDS["phrases"])
def test_no_page_and_no_paper_says(phrase):
    spoken = re.compile(rf"\b{re.escape(phrase)}\b", re.IGNORECASE)
    hits = [name for name, text in texts() if spoken.search(" ".join(text.split()))]
    assert hits == [], f"write {WORDS['phrases'][phrase]!r} instead"


def is_there(dotted: str) -> bool:
    """Return whether a module, or a class in one, has this path."""
    path = ROOT / dotted.replace(".", "/")
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    module, _, name = dotted.rpartition(".")
    source = (ROOT / module.replace(".", "/")).with_suffix(".py")
    if not source.is_file():
        return False
    nodes = ast.walk(ast.parse(source.read_text()))
    return any(isinstance(node, ast.ClassDef) and node.name == name for node in nodes)


@pytest.mark.parametrize("path", WORDS["paths"])
def test_its_old_path_is_gone(path):
    assert not is_there(path), f"it is {WORDS['paths'][path]} now"


@pytest.mark.parametrize("path", WORDS["paths"])
def test_its_new_path_is_there(path):
    assert is_there(WORDS["paths"][path]), "words.toml names something that is no more"


def local_names(path: Path) -> Iterator[str]:
    """Yield each name that a module binds: parameters, variables, loop variables."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_its_local_names_say_what_a_value_is():
    counts: Counter[str] = Counter()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            counts.update(local_names(path))
    limits = WORDS["local_names"]
    assert {name: counts[name] for name in limits if counts[name] > limits[name]} == {}

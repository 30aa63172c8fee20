r"""What is trusted later is matched whole: no pattern finds its text somewhere, or in any script.

Django's regex validators search; `match` leaves the end open; `$` lets a newline through; `\d` and
`\w` take digits and letters of every script unless they are told to keep to ASCII.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import PACKAGES, ROOT

SEARCHING_VALIDATORS = {
    "RegexField",
    "RegexValidator",
    "SlugField",
    "URLValidator",
    "validate_slug",
    "validate_unicode_slug",
}

NO_VALIDATION = {
    "cooper: re.match('-[^-]', word)": "asks how an option is written, and lets all of them pass",
    "brokers/console_urls.py: _REFUSED.search(text)": "looks for what is refused",
    "brokers/prefilled_actions.py: action.pattern.search(reading)": "looks for what is refused",
    "accounts/providers/saml/safe_xml.py: XML_DECLARATION.match(text)": "takes the start off",
    "accounts/providers/saml/metadata.py: re.match(...)": "words an error",
    "accounts/providers/saml/status.py: pattern.search(status.message)": "words an error",
    "brokers/json_reader.py: _SCALAR.match(self._text, self._position)": "reads on",
    "brokers/json_reader.py: _STRING.match(self._text, self._position)": "reads on",
    "cooper_project/outside/http_probe.py: _TITLE.search(self.body.decode(errors='replace'))": (
        "words an error"
    ),
    "core/kms.py: re.search(...)": "words an error",
    "core/dynamo/table_manager.py: re.search(...)": "words an error",
    "demo/example_idp.py: re.search(...)": "a part of the demo, whose answers cooper validates",
}
"""Every other use of `match` and `search`, and why nothing that it finds is trusted."""

PATTERN_FUNCTIONS = {"compile", "fullmatch", "match", "search", "sub", "split", "findall"}

SHORTHAND = re.compile(r"\\[dw]")
OPEN_END = re.compile(r"(?<!\\)\$(?![^\[]*\])")


def sources() -> Iterator[Path]:
    """Return all source of the product."""
    yield ROOT / "cooper"
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def calls(tree: ast.AST, names: set[str]) -> Iterator[ast.Call]:
    """Return the calls of methods or functions of these names that are given something."""
    for node in ast.walk(tree):
        is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if is_method and node.args and node.func.attr in names:
            yield node


def searches_in(source: str) -> list[str]:
    """Return the uses of `match` and `search`; long ones are cut."""
    uses = []
    for call in calls(ast.parse(source), {"match", "search"}):
        text = ast.unparse(call)
        uses.append(text if len(text) <= 50 else f"{ast.unparse(call.func)}(...)")
    return uses


def validators_in(source: str) -> set[str]:
    """Return the validators and fields of Django's that search, of those that are used."""
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}
    return names & SEARCHING_VALIDATORS


def patterns_in(source: str) -> Iterator[tuple[str, str]]:
    """Return the patterns of a module as written, each with the rest of the call."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield from _patterns_of_call(node)
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "regex":
            yield ast.unparse(node.value), ""


def _patterns_of_call(call: ast.Call) -> Iterator[tuple[str, str]]:
    function = ast.unparse(call.func)
    if function in {f"re.{name}" for name in PATTERN_FUNCTIONS}:
        rest = " ".join(ast.unparse(part) for part in [*call.args[1:], *call.keywords])
        yield ast.unparse(call.args[0]), rest
    for keyword in call.keywords:
        if keyword.arg == "matching":
            yield ast.unparse(keyword.value), ""


def faults_in(source: str) -> list[str]:
    """Return the patterns that leave the end open or take characters of any script."""
    faults = []
    for pattern, rest in patterns_in(source):
        literal = ast.literal_eval(pattern) if _is_literal(pattern) else pattern
        text = literal.decode() if isinstance(literal, bytes) else str(literal)
        is_ascii = isinstance(literal, bytes) or "re.ASCII" in rest
        if OPEN_END.search(text) or (SHORTHAND.search(text) and not is_ascii):
            faults.append(pattern)
    return faults


def _is_literal(text: str) -> bool:
    return isinstance(ast.parse(text, mode="eval").body, ast.Constant)


def test_no_validator_searches() -> None:
    uses = {str(path.relative_to(ROOT)): validators_in(path.read_text()) for path in sources()}
    assert {path: names for path, names in uses.items() if names} == {}


def test_every_search_is_listed_and_validates_nothing() -> None:
    uses = set()
    for path in sources():
        uses |= {f"{path.relative_to(ROOT)}: {use}" for use in searches_in(path.read_text())}
    assert uses == NO_VALIDATION.keys()


def test_every_pattern_is_closed_and_keeps_to_ascii() -> None:
    faults = {str(path.relative_to(ROOT)): faults_in(path.read_text()) for path in sources()}
    assert {path: patterns for path, patterns in faults.items() if patterns} == {}


@pytest.mark.parametrize(
    "source",
    [
        "forms.RegexField(regex='[a-z]+-[0-9]')",
        "CharField(validators=[RegexValidator('[a-z]+')])",
        "REGION.match(region)",
        "re.search('[a-z]+', region)",
        "REGION = re.compile('^[a-z]+$')",
        "ACCOUNT = re.compile('\\\\d{12}')",
        "env.text('COOPER_X', matching='\\\\w+')",
        "regex = '[\\\\w]+'",
    ],
)
def test_it_sees_what_leaves_a_value_half_checked(source: str) -> None:
    assert validators_in(source) or searches_in(source) or faults_in(source)


@pytest.mark.parametrize(
    "source",
    [
        "REGION.fullmatch(region)",
        "re.compile('[0-9]{12}')",
        "re.compile('\\\\w+', re.ASCII)",
        "re.compile('[$]x')",
        "self.form.search()",
    ],
)
def test_it_leaves_the_rest_alone(source: str) -> None:
    assert not (validators_in(source) or searches_in(source) or faults_in(source))

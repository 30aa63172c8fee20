"""The structure holds: layers, one way in to AWS, short functions, pinned requirements."""

import ast
import inspect
import itertools
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import botocore.session
import pytest
from botocore.credentials import AssumeRoleProvider
from pynamodb.connection import Connection  # noqa: TID251 - for the names to keep from
from pynamodb.connection.table import TableConnection  # noqa: TID251 - likewise
from pynamodb.models import Model

from demo.management.commands import cooper_demo
from tests.support.paths import PACKAGES, ROOT

NAMELESS = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "services",
    "lib",
    "tools",
    "base_utils",
}
FUNCTION_LINES, MODULE_LINES, MEDIAN_FUNCTION = 50, 350, 8


def modules() -> Iterator[Path]:
    """Return the modules of all packages."""
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return the functions and methods of a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_a_name_that_asks_is_answered_by_yes_or_no() -> None:
    others = set()
    for path in modules():
        for node in functions(path):
            answer = ast.unparse(node.returns) if node.returns else ""
            if node.name.lstrip("_").startswith(("is_", "has_", "can_")) and answer != "bool":
                others.add(f"{path.relative_to(ROOT)}:{node.name} returns {answer}")
    assert others == set()


def lint_imports(where: Path) -> subprocess.CompletedProcess[str]:
    """Check the import contracts of the copy at `where`."""
    linter = Path(sys.executable).with_name("lint-imports")
    command = [linter, "--no-cache", "--no-logo", "--config", where / "pyproject.toml"]
    return subprocess.run(
        command, cwd=where, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the packages to break rules in."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            tmp_path / package,
            ignore=shutil.ignore_patterns("__pycache__", "static"),
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_it_keeps_the_layers_apart(copy: Path) -> None:
    found = lint_imports(copy)
    assert found.returncode == 0, found.stdout


VIOLATIONS = {
    "accounts knowing brokers": (
        "accounts/login.py",
        "import brokers.models",
        "between the top-level packages",
    ),
    "core knowing accounts": (
        "core/audit.py",
        "import accounts.models",
        "between the top-level packages",
    ),
    "an import that goes up": (
        "core/dynamo/documents.py",
        "import core.audit",
        "Inside core",
    ),
    "a model that knows grants": ("brokers/models.py", "import brokers.grants", "Inside brokers"),
    "a model that knows a view": ("accounts/models.py", "import accounts.views", "Inside accounts"),
    "a second way to STS": ("brokers/views.py", "import brokers.sts", "One way in"),
    "a second way to sign-in": (
        "brokers/trust_policy.py",
        "import brokers.console_signin",
        "One way in",
    ),
    "boto outside its packages": (
        "brokers/grants/issue.py",
        "import botocore.exceptions",
        "touch boto",
    ),
    "boto in the audit log": ("core/audit.py", "import boto3", "touch boto"),
    "Django in a pure module": ("accounts/identity.py", "import django.conf", "are pure"),
    "Django in a plan": ("brokers/import_export/planner.py", "import django.conf", "are pure"),
    "a request behind the cards of home": (
        "brokers/home_cards.py",
        "import core.requests",
        "The cards of home know no person",
    ),
    "a person behind the cards of home": (
        "brokers/home_cards.py",
        "import accounts.models",
        "The cards of home know no person",
    ),
    "AWS behind a pure module": ("brokers/formats.py", "import core.aws", "are pure"),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_it_refuses(copy: Path, name: str) -> None:
    file, line, contract = VIOLATIONS[name]
    with (copy / file).open("a") as module:
        module.write(f"\n{line}\n")
    found = lint_imports(copy)
    broken = [text for text in found.stdout.splitlines() if " BROKEN" in text]
    assert found.returncode != 0
    assert any(contract in text for text in broken), found.stdout


@pytest.mark.parametrize("package", PACKAGES)
def test_it_refuses_a_module_that_is_in_no_layer(copy: Path, package: str) -> None:
    (copy / package / "utils.py").write_text('"""A drawer."""\n')
    found = lint_imports(copy)
    assert found.returncode != 0
    assert f"{package}.utils" in found.stdout


def test_it_lets_nobody_but_the_storage_hold_a_pynamodb_connection(copy: Path) -> None:
    line = "from pynamodb.connection import Connection\n\nMADE = Connection()\n"
    for file in ("brokers/elsewhere.py", "core/dynamo/here.py"):
        (copy / file).write_text(f'"""A try."""\n\n{line}')
    ruff = Path(sys.executable).with_name("ruff")
    command = [
        ruff,
        "check",
        "--no-cache",
        "--select",
        "TID251",
        "--output-format",
        "concise",
        *PACKAGES,
    ]
    found = subprocess.run(
        command, cwd=copy, capture_output=True, text=True, timeout=60, check=False
    )
    complaints = [text for text in found.stdout.splitlines() if "TID251" in text]
    assert [text.split(":")[0] for text in complaints] == ["brokers/elsewhere.py"]


def private_names(*classes: type) -> set[str]:
    """Return the private attributes of classes: those of the class, and those it sets on itself."""
    names: set[str] = set()
    for owner in classes:
        names |= {name for name in dir(owner) if re.match(r"_[a-z]", name)}
        names |= set(re.findall(r"\bself\.(_[a-z]\w*)", inspect.getsource(owner)))
    return names


PRIVATE_NAMES = {
    "core/dynamo": private_names(Model, Connection, TableConnection),
    "core/aws": private_names(AssumeRoleProvider, boto3.Session, botocore.session.Session),
}
"""Private names of PynamoDB and botocore, by the one package that may use them."""

BOTOCORE_NAMES_IN_USE = {"_prompter"}
"""What cooper cannot do without; a test of core.aws fails when botocore loses it."""


def private_uses(path: Path, names: set[str]) -> set[str]:
    """Return the names that a module uses of other objects than its own."""
    return {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in names
        and ast.unparse(node.value) not in ("self", "cls")
    }


@pytest.mark.parametrize("package", PRIVATE_NAMES)
def test_it_uses_private_names_of_storage_and_clients_in_one_package(package: str) -> None:
    uses = {
        str(path.relative_to(ROOT)): private_uses(path, PRIVATE_NAMES[package])
        for path in modules()
        if not path.is_relative_to(ROOT / package) and "embedded_aws" not in path.parts
    }
    assert {path: names for path, names in uses.items() if names} == {}


def test_it_uses_no_more_private_names_of_botocore_than_are_listed() -> None:
    uses = [
        private_uses(path, PRIVATE_NAMES["core/aws"]) for path in (ROOT / "core/aws").rglob("*.py")
    ]
    assert set().union(*uses) == BOTOCORE_NAMES_IN_USE


def test_it_sees_a_private_name_in_use(tmp_path: Path) -> None:
    module = tmp_path / "elsewhere.py"
    module.write_text("Target._get_connection().update_item('x')\nself._get_connection()\n")
    assert private_uses(module, PRIVATE_NAMES["core/dynamo"]) == {"_get_connection"}


def test_it_has_no_nameless_drawer() -> None:
    assert [
        path for path in modules() if path.stem in NAMELESS or path.parent.name in NAMELESS
    ] == []


def test_it_keeps_functions_short() -> None:
    lengths = {
        f"{path.relative_to(ROOT)}:{node.name}": length(node)
        for path in modules()
        for node in functions(path)
    }
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES} == {}
    assert statistics.median(lengths.values()) <= MEDIAN_FUNCTION


def test_it_keeps_modules_short() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules()
    }
    assert {name: lines for name, lines in lengths.items() if lines > MODULE_LINES} == {}


def test_it_says_what_every_module_is_for() -> None:
    texts = {path: path.read_text() for path in modules()}
    assert [
        path
        for path, text in texts.items()
        if text.strip() and not ast.get_docstring(ast.parse(text))
    ] == []


def test_it_names_a_reason_for_every_broad_except() -> None:
    broad = re.compile(r"except (BaseException|Exception)\b(?!.*# (noqa: BLE001 - )?\w+ \w+ \w+)")
    lines = [(path, line) for path in modules() for line in path.read_text().splitlines()]
    assert [(path, line) for path, line in lines if broad.search(line)] == []


def test_it_names_a_reason_for_every_silenced_rule() -> None:
    bare = re.compile(r"# noqa(?!: [A-Z0-9, ]+ - \w+)")
    lines = [(path.name, line) for path in modules() for line in path.read_text().splitlines()]
    assert [(name, line) for name, line in lines if bare.search(line)] == []


def third_party(package: str) -> set[str]:
    """Return the top-level names that a package imports from elsewhere."""
    names: set[str] = set()
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add((node.module or "").split(".")[0])
    return names - set(sys.stdlib_module_names) - set(PACKAGES)


OTHER_NAMES = {"saml2": "pysaml2", "yaml": "pyyaml", "pythonjsonlogger": "python-json-logger"}
"""Packages that are imported by another name than they are installed by."""


def required(file: str) -> set[str]:
    """Return the packages that a requirements*.in names."""
    lines = (ROOT / file).read_text().splitlines()
    return {re.split(r"[\[<>=~ #]", line)[0] for line in lines if re.match("[a-z]", line)}


REQUIREMENTS = {
    "core": ["requirements.in"],
    "accounts": ["requirements.in"],
    "shipping": ["requirements.in"],
    "brokers": ["requirements.in"],
    "sso_portal": ["requirements.in"],
    "cooper_project": ["requirements.in"],
    "embedded_aws": ["requirements.in", "requirements-demo.in"],
    "demo": ["requirements.in", "requirements-demo.in"],
}
"""What each package may import from: a server in production installs requirements.in alone."""


@pytest.mark.parametrize("package", PACKAGES)
def test_it_requires_by_name_what_it_imports(package: str) -> None:
    imported = {OTHER_NAMES.get(name, name.replace("_", "-")) for name in third_party(package)}
    named = set().union(*(required(file) for file in REQUIREMENTS[package]))
    assert imported
    assert imported - named == set()


def test_production_does_without_the_packages_of_the_demo() -> None:
    only_demo = required("requirements-demo.in") - required("requirements.in")
    assert only_demo == {"moto", "waitress"}
    assert only_demo & pins((ROOT / "requirements.txt").read_text()).keys() == set()


def test_the_demos_command_looks_for_the_packages_of_the_demo() -> None:
    only_demo = required("requirements-demo.in") - required("requirements.in")
    assert set(cooper_demo.DEMO_PACKAGES) == only_demo


@pytest.mark.parametrize("file", ["requirements.in", "requirements-demo.in", "requirements-dev.in"])
def test_it_gives_a_reason_for_every_requirement(file: str) -> None:
    lines = [line for line in (ROOT / file).read_text().splitlines() if line]
    requirements = [line for line in lines if not line.startswith("#")]
    assert requirements
    assert [line for line in requirements if not re.search(r" # \w+", line)] == []


PINNED = ("requirements.txt", "requirements-demo.txt", "requirements-dev.txt")


@pytest.mark.parametrize("file", PINNED)
def test_it_pins_every_requirement_with_hashes_and_names_no_registry(file: str) -> None:
    text = (ROOT / file).read_text()
    pins = [line for line in text.splitlines() if re.match(r"[a-z0-9]", line)]
    assert pins
    assert [pin for pin in pins if "==" not in pin or not pin.endswith("\\")] == []
    assert not re.search(r"https?://|--(extra-)?index|--find-links", text)


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(PINNED, 2)))
def test_it_pins_the_same_versions_for_the_demo_and_tests_as_for_production(
    first: str, second: str
) -> None:
    versions = pins((ROOT / first).read_text())
    others = pins((ROOT / second).read_text())
    shared = versions.keys() & others.keys()
    assert {name for name in shared if versions[name] != others[name]} == set()


def pins(text: str) -> dict[str, str]:
    """Return the pinned versions by package."""
    return dict(re.findall(r"^([a-z0-9.-]+)(?:\[[^]]*\])?==([^ ]+)", text, re.MULTILINE))


def test_make_alone_lists_what_a_newcomer_needs() -> None:
    said = subprocess.run(
        ["make"], cwd=ROOT, capture_output=True, text=True, timeout=10, check=True
    ).stdout
    targets = re.findall(r"^  make ([a-z-]+) +\S", said, re.MULTILINE)
    assert {"demo", "demo-reset", "test"} <= set(targets)


def test_the_gate_is_the_test_command_of_the_readme() -> None:
    assert (ROOT / ".ci/run").read_text().rstrip().endswith("exec make test")
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def tracked() -> Iterator[tuple[str, str]]:
    """Return the files of the repository with their texts; binary ones are left out."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=True
    ).stdout
    for name in filter(None, names.split("\0")):
        try:
            yield name, (ROOT / name).read_text()
        except (UnicodeDecodeError, FileNotFoundError):
            continue


SECRETS = {
    "an access key": r"\b(?:AKIA|ASIA)(?![A-Z0-9]{9}EXAMPLE\b)[A-Z2-7]{16}\b",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{64}",
    "a secret in a variable": r"(?i)aws_secret_access_key\s*[=:]\s*[\"']?"
    r"(?!wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY)[A-Za-z0-9/+]{40}\b",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_the_repository_holds_no(kind: str) -> None:
    assert [name for name, text in tracked() if re.search(SECRETS[kind], text)] == []


def test_set_up_names_no_registry_and_no_place_of_one_machine() -> None:
    tools = [
        (name, text)
        for name, text in tracked()
        if name == "Makefile" or name.startswith((".ci/", "tools/"))
    ]
    assert len(tools) >= 5
    assert [
        name
        for name, text in tools
        if re.search(r"https?://(?!127\.0\.0\.1)|pypi|(?<![\w.])/(?:home|root|opt|tmp|work)/", text)
    ] == []


def test_no_test_imports_from_a_test_module() -> None:
    """What several tests need stands in tests/support."""
    borrowed = re.compile(r"^\s*(from|import) tests[.\w]*\.test_\w+", re.MULTILINE)
    files = (ROOT / "tests").rglob("*.py")
    assert [str(path) for path in files if borrowed.search(path.read_text())] == []


def test_it_never_lowers_the_rest_of_a_sentence() -> None:
    # str.capitalize makes "Aws account" of "AWS account"; str.title and swapcase are no better
    calls = re.compile(r"\.(capitalize|title|swapcase)\(\)")
    lines = [(path, line) for path in modules() for line in path.read_text().splitlines()]
    assert [(path.name, line) for path, line in lines if calls.search(line)] == []


READ_AT_ONCE = re.compile(
    r"assert .*\.(count|is_\w+|input_value|content|inner_\w+|all_inner_texts|text_content)\(\)"
)
"""Reads of a page as it happens to be, where `expect` waits for what is asked."""


def test_browser_tests_wait_for_what_they_ask():
    at_once = [
        f"{path.name}: {line.strip()}"
        for path in sorted((ROOT / "tests" / "browser").glob("*.py"))
        for line in path.read_text().splitlines()
        if READ_AT_ONCE.search(line)
    ]
    assert at_once == []


LEADS_ELSEWHERE = re.compile(r"get_by_role\('(link|button)'.*\.click\(\)$")
NEEDS_A_LOADED_PAGE = re.compile(
    r"\.goto\(|check_layout\(|violations\(|check_accessibility\(|\.close\(|\.wait_for_load_state\("
    r"|\.content\(|\.(inner_text|text_content|all_inner_texts)\(|\.url\b"
)


def statements(tree: ast.AST) -> Iterator[tuple[ast.stmt, ast.stmt]]:
    """Yield each statement with the one after it."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            yield from itertools.pairwise(body)


def test_browser_tests_wait_for_the_page_that_a_click_leads_to():
    """A click returns before the next page is there: `follow`, `see` and `expect` wait for it."""
    in_a_hurry = [
        f"{path.name}:{clicked.lineno}: {ast.unparse(clicked)}"
        for path in sorted((ROOT / "tests" / "browser").glob("*.py"))
        for clicked, after in statements(ast.parse(path.read_text()))
        if isinstance(clicked, ast.Expr)
        and LEADS_ELSEWHERE.search(ast.unparse(clicked))
        and NEEDS_A_LOADED_PAGE.search(ast.unparse(after))
        and not re.match(r"see\(|expect\(|with ", ast.unparse(after))
    ]
    assert in_a_hurry == []

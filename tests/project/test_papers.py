"""The papers are true: what they name exists, and what exists is named."""

import importlib
import json
import re
import tomllib
from pathlib import Path

import pytest

from brokers import trust_policy
from core.dynamo import documents
from tests.support.paths import ROOT

PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
POLICIES = sorted((ROOT / "docs/iam").glob("*.json"))
POLICY_LIMIT = 6_144
"""Characters of a managed policy without white space (IAM quotas)."""


def text(name: str) -> str:
    """Return a paper."""
    return (ROOT / name).read_text()


def settings() -> set[str]:
    """Return the names of cooper's settings."""
    return set(
        re.findall(
            r"^(?:COOPER_\w+)|(?<=\")COOPER_\w+", text("cooper_project/settings.py"), re.MULTILINE
        )
    )


def shipping_settings() -> set[str]:
    """Return the names of the settings that the shipper alone reads, from its environment."""
    files = (ROOT / "shipping").rglob("*.py")
    return {
        name
        for file in files
        for name in re.findall(r"(?:env\.\w+|_secret)\(\s*\"(COOPER_\w+)\"", file.read_text())
    }


def test_the_papers_on_shipping_have_every_setting_of_the_shipper_once_and_no_other() -> None:
    papers = text("docs/shipping.md") + text("docs/siem.md")
    rows = re.findall(r"^\| `(COOPER_SHIP_\w+)`", papers, re.MULTILINE)
    assert sorted(rows) == sorted(shipping_settings())


def test_it_explains_every_setting() -> None:
    assert len(settings()) > 15
    assert (
        settings() - set(re.findall(r"COOPER_\w+", text("README.md") + text("docs/install.md")))
        == set()
    )


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_it_names_no_setting_that_is_none(paper: Path) -> None:
    assert (
        set(re.findall(r"\bCOOPER_[A-Z_]+\b", paper.read_text()))
        - settings()
        - shipping_settings()
        - {"COOPER_ROLE"}
        == set()
    )


def exists(dotted: str) -> bool:
    """Return whether a dotted name is that of a module, or of something in one."""
    parts, rest = dotted.split("."), []
    while parts:
        if (ROOT / "/".join(parts)).is_dir() or (ROOT / "/".join(parts)).with_suffix(
            ".py"
        ).is_file():
            break
        rest.insert(0, parts.pop())
    found: object = importlib.import_module(".".join(parts)) if rest else True
    for part in rest:
        found = getattr(found, part, None)
    return found is not None


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_it_names_symbols_that_exist(paper: Path) -> None:
    names = set(
        re.findall(
            r"`((?:cooper_project|accounts|brokers|core|demo|embedded_aws)(?:\.\w+)+)`",
            paper.read_text(),
        )
    )
    assert [name for name in sorted(names) if not exists(name)] == []
    assert names or paper.name != "flow.md"


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_it_links_to_files_that_exist(paper: Path) -> None:
    links = re.findall(r"\[[^]]*\]\(([^)#]*)(?:#([^)]*))?\)", paper.read_text())
    for link, anchor in links:
        assert "://" in link or (paper.parent / link).exists(), link
        assert not anchor or anchor in anchors_of(paper.parent / link if link else paper), anchor


def anchors_of(paper: Path) -> set[str]:
    """Return the names by which a paper's headings are linked to."""
    headings = re.findall(r"^#+ (.*)$", paper.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


def test_the_readme_links_to_every_paper() -> None:
    more = text("README.md").partition("## More")[2]
    assert [
        path.name
        for path in PAPERS
        if path.name != "README.md" and f"/{path.name})" not in more.replace("(", "(/")
    ] == []


def test_the_readmes_table_has_every_variable_and_no_other() -> None:
    table = set(re.findall(r"^\| `(COOPER_\w+)`", text("README.md"), re.MULTILINE))
    assert table == set(
        re.findall(r"env\.\w+\(\s*\"(COOPER_\w+)\"", text("cooper_project/settings.py"))
    )


def test_it_draws_the_rooms_as_they_are_checked() -> None:
    drawn = " ".join(text("CONTRIBUTING.md").split())
    contracts = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = {
        each["name"]: each["layers"] for each in contracts if each["name"].startswith("Inside ")
    }
    assert len(layers) == 8
    for name, rooms in layers.items():
        line = " > ".join(re.sub(r"[()]", "", each) for each in rooms)
        assert line in drawn, name


def test_every_command_has_a_row_and_stands_in_the_readme() -> None:
    commands = {
        path.stem.removeprefix("cooper_")
        for path in (ROOT / "cooper_project/management/commands").glob("cooper_*.py")
    }
    for command in commands - {"serve"}:
        assert f"`cooper -{command}`" in text("docs/install.md") + text("docs/operate.md"), command
        assert f"./cooper -{command}" in text("README.md"), command


def test_make_alone_lists_few_targets_and_what_they_are_for() -> None:
    listed = re.findall(r"^([a-z-]+):.*## (.+)$", text("Makefile"), re.MULTILINE)
    assert 5 < len(listed) <= 12


def test_it_names_the_files_that_a_change_touches() -> None:
    files = re.findall(
        r"`((?:cooper_project|accounts|brokers|core|demo|embedded_aws|tests)/[\w./]+)`",
        text("CONTRIBUTING.md"),
    )
    assert files
    assert [file for file in files if not (ROOT / file).exists()] == []


def actions(policy: Path, effect: str = "Allow") -> set[str]:
    """Return what a policy allows (or denies)."""
    found: set[str] = set()
    for statement in json.loads(policy.read_text())["Statement"]:
        named = statement["Action"]
        found |= (
            set([named] if isinstance(named, str) else named)
            if statement["Effect"] == effect
            else set()
        )
    return found


@pytest.mark.parametrize("policy", POLICIES, ids=lambda path: path.name)
def test_its_policies_are_within_the_limit_of_aws_and_explained(policy: Path) -> None:
    assert len(json.dumps(json.loads(policy.read_text()), separators=(",", ":"))) <= POLICY_LIMIT
    assert f"iam/{policy.name}" in text("docs/install.md")


def test_its_policies_name_tables_that_exist() -> None:
    tables = {f"cooper-{document.Meta.table}" for document in documents()}
    named = {
        name
        for policy in POLICIES
        for name in re.findall(r"table/(cooper-[a-z-]+)\"", policy.read_text())
    }
    assert named
    assert named - tables == set()


def test_the_policy_for_setup_allows_every_call_that_setup_makes() -> None:
    code = text("core/dynamo/tables.py") + text("core/dynamo/table_manager.py")
    calls = set(re.findall(r"\"((?:Create|Describe|Update|List|Tag)[A-Z][A-Za-z]*[a-z])\"", code))
    calls &= {call for call in calls if re.search(rf"\w+\([^()]*\"{call}\"", code)}
    assert len(calls) > 7
    assert {f"dynamodb:{call}" for call in calls} - actions(ROOT / "docs/iam/setup.json") == set()


def test_the_server_may_neither_make_tables_nor_change_the_record() -> None:
    allowed = actions(ROOT / "docs/iam/serve.json")
    assert not [
        action
        for action in allowed - {"dynamodb:DescribeTable"}
        if re.search(r"Table|TimeToLive|Backups|Grant|\*", action)
    ]
    assert actions(ROOT / "docs/iam/serve.json", "Deny") >= {
        "dynamodb:DeleteItem",
        "dynamodb:UpdateItem",
    }


def test_whoever_encrypts_cannot_decrypt_what_was_encrypted() -> None:
    statements = json.loads(text("docs/iam/encrypt.json"))["Statement"]
    direct = [each for each in statements if "kms:Decrypt" in each["Action"]]
    assert [each["Condition"] for each in direct] == [
        {"StringEquals": {"kms:ViaService": "dynamodb.REGION.amazonaws.com"}}
    ]


def test_it_documents_the_trust_policy_that_the_target_page_shows() -> None:
    shown = json.loads(
        re.findall(r"```json\n(.*?)```", text("docs/onboard-account.md"), re.DOTALL)[0]
    )
    external_id = shown["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"]
    assert shown == trust_policy.trust_policy(
        external_id, "arn:aws:sts::111122223333:assumed-role/cooper/i-0123456789abcdef0"
    )


def test_it_documents_the_same_trust_policy_as_cloudformation_and_terraform() -> None:
    paper = text("docs/onboard-account.md")
    for language in ("yaml", "hcl"):
        block = re.findall(rf"```{language}\n(.*?)```", paper, re.DOTALL)[0]
        for part in (
            "sts:AssumeRole",
            "sts:TagSession",
            "sts:SetSourceIdentity",
            "sts:ExternalId",
            "aws:PrincipalArn",
        ):
            assert part in block, (language, part)


def test_the_readme_has_the_two_commands_and_the_words_of_the_tour() -> None:
    readme = text("README.md")
    for word in (
        "make demo",
        "make test",
        "cooper-demo",
        "alice",
        "bob",
        "carol",
        "AWS_ENDPOINT_URL",
        "mermaid",
    ):
        assert word in readme


def test_it_documents_the_provider_that_the_tests_use() -> None:
    shown = re.findall(r"```python\n(.*?)```", text("docs/providers.md"), re.DOTALL)[0]
    assert shown in text("tests/support/toy_provider.py")

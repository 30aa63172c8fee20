"""What the papers tell an operator to type does what they say."""

import json
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.management import load_command_class

from tests.support.aws_cli import aws_cli_root
from tests.support.cloudformation import PLACES, filled, load
from tests.support.paper_commands import (
    MADE_BY_THE_CLI,
    PAPERS,
    Cooper,
    blocks,
    commands,
    mentions,
    parameters,
    run_with_shim,
    said_by_cooper,
)
from tests.support.paths import ROOT
from tests.support.served import clean, manage

INSTALL = ROOT / "docs/install.md"
ACCOUNT = "111111111111"
KEY = "0bd3695d-96a9-4642-8477-0a95e3b968fd"
SET_UP_POLICIES = {"cooper-setup", "cooper-encrypt", "cooper-audit"}


def by_hand() -> str:
    """Return the script that makes the key, the policies and the roles, but for its clone."""
    [block] = [block for block in blocks(INSTALL) if "kms create-key" in block]
    clone, *rest = block.splitlines()
    assert clone == "git clone <this repository> cooper && cd cooper"
    return "\n".join(rest)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout as far as the script needs it."""
    shutil.copytree(ROOT / "docs/iam", tmp_path / "docs/iam")
    return tmp_path


# -- cooper's own commands --
def every_command_of_cooper() -> list[tuple[str, list[str]]]:
    """Return every command of cooper in the papers, and in the template's outputs."""
    found = [(paper.name, words) for paper in PAPERS for words in commands(paper, "./cooper")]
    outputs = load()["Outputs"]
    for name in ("Step3SetUp", "Step4FirstAdministrator"):
        steps = filled(outputs[name]["Value"], PLACES).split(" && ")
        found += [("cloudformation.yaml", shlex.split(step)) for step in steps]
    return found


def test_every_command_of_cooper_in_the_papers_can_be_typed() -> None:
    script = Cooper()
    found = every_command_of_cooper()
    assert len(found) > 10
    for paper, words in found:
        if "..." in words:
            continue
        name, *rest = script.arguments(words[1:])
        parser = load_command_class("cooper_project", name).create_parser("cooper", name)
        try:
            parser.parse_args(rest)
        except (SystemExit, Exception) as error:  # noqa: BLE001 - whichever way it refuses
            pytest.fail(f"{paper}: {shlex.join(words)}: {error}")


def test_every_command_of_cooper_that_a_sentence_names_is_one() -> None:
    script = Cooper()
    named = {line for paper in PAPERS for line in mentions(paper)}
    assert len(named) > 50
    assert {line: why for line in named if (why := script.complaint_about(line))} == {}


def test_every_command_that_cooper_itself_names_is_one() -> None:
    script = Cooper()
    named = said_by_cooper()
    assert len(named) > 10
    assert {line: why for line in named if (why := script.complaint_about(line))} == {}


@pytest.mark.parametrize("command", ["setup", "encrypt", "serve"])
def test_every_option_of_a_command_can_be_typed(command: str) -> None:
    """The script itself has the options of these; the others get theirs as they are."""
    own = load_command_class("cooper_project", f"cooper_{command}")
    plain = load_command_class("cooper_project", "cooper_rewrap")
    shared = {action.dest for action in plain.create_parser("cooper", "cooper_rewrap")._actions}
    typed = {f"--{name.replace('_', '-')}" for name in Cooper().options_of(command)}
    for action in own.create_parser("cooper", f"cooper_{command}")._actions:
        if action.dest not in shared - {"kms_key"}:
            assert typed & set(action.option_strings), action.dest


def test_a_command_that_is_none_is_noticed() -> None:
    script = Cooper()
    assert "unrecognized" in script.complaint_about("cooper -setup -restart")
    assert "unrecognized" in script.complaint_about("cooper -user add alice -grops admins")
    assert "invalid choice" in script.complaint_about("cooper -user ad alice")


# -- AWS's --
def test_every_command_of_the_aws_cli_is_one_with_options_that_it_has(checkout: Path) -> None:
    (checkout / "deploy").mkdir()
    for name in ("cloudformation.yaml", "parameters.json"):
        shutil.copy(ROOT / "deploy" / name, checkout / "deploy")
    files = re.findall(r"file://(var/iam/[\w-]+\.json)", all_blocks())
    for name in [*files, "var/iam/serve.json"]:
        file = checkout / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")

    checked = 0
    for paper in PAPERS:
        for words in commands(paper, "aws"):
            if (words[1], words[2]) in MADE_BY_THE_CLI:
                continue
            parameters([word.replace("$name", "serve") for word in words[1:]], checkout)
            checked += 1
    assert checked > 10


def all_blocks() -> str:
    return "\n".join(block for paper in PAPERS for block in blocks(paper))


def test_every_block_is_a_script_that_a_shell_can_read() -> None:
    for paper in PAPERS:
        for block in blocks(paper):
            script = re.sub(r"<this repository>|\.\.\.", "PLACE", block)
            shell = subprocess.run(
                ["bash", "-n", "-c", script], capture_output=True, text=True, check=False
            )
            assert shell.returncode == 0, (paper.name, shell.stderr, block)


@pytest.fixture(scope="module")
def aws() -> Iterator[dict[str, str]]:
    """Serve the embedded AWS in a process of its own, which roles and policies are made in."""
    process = subprocess.Popen(
        manage("cooper_demo", "--aws-only", "--with-parent"),
        cwd=ROOT,
        env=clean({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    environment = {}
    assert process.stdout
    for line in iter(process.stdout.readline, "\n"):
        assert line, "the embedded AWS did not start"
        name, _, value = line.strip().partition("=")
        environment[name] = "".join(shlex.split(value))
    yield environment
    process.communicate(timeout=40)


def client(aws: dict[str, str], service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=aws["AWS_ENDPOINT_URL"],
        region_name="eu-west-1",
        aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
    )


def check_what_was_made(aws: dict[str, str], key: str) -> None:
    """Check the roles, and that their policies are those of the papers, with nothing left open."""
    iam = client(aws, "iam")
    made = {"cooper": {"cooper-serve"}, "cooper-operator": SET_UP_POLICIES}
    for role, policies in made.items():
        attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        assert {policy["PolicyName"] for policy in attached} == policies
        for policy in attached:
            version = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId="v1")
            text = json.dumps(version["PolicyVersion"]["Document"])
            assert not re.search(r"REGION|ACCOUNT|KEY_ID|COOPER_ROLE", text), policy
            assert f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{key}" in text, policy

    profile = iam.get_instance_profile(InstanceProfileName="cooper")["InstanceProfile"]
    assert [role["RoleName"] for role in profile["Roles"]] == ["cooper"]
    trust = {role: iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"] for role in made}
    assert "ec2.amazonaws.com" in json.dumps(trust["cooper"])
    assert f"arn:aws:iam::{ACCOUNT}:root" in json.dumps(trust["cooper-operator"])
    assert "cooper-operator" not in json.dumps(trust["cooper"])


def test_what_is_made_by_hand_is_the_key_the_policies_and_the_roles(checkout: Path) -> None:
    """The script runs with a stand-in for the AWS CLI, whose calls are looked at."""
    calls = [parameters(words, checkout) for words in run_with_shim(by_hand(), checkout)]
    made: dict[str, list[dict[str, Any]]] = {}
    for _, operation, given in calls:
        made.setdefault(operation, []).append(given)

    assert made["create_key"][0]["MultiRegion"] is True
    assert made["create_alias"] == [{"AliasName": "alias/cooper", "TargetKeyId": KEY}]
    assert made["enable_key_rotation"] == [{"KeyId": KEY}]

    policies = {each["PolicyName"]: each["PolicyDocument"] for each in made["create_policy"]}
    assert policies.keys() == {"cooper-serve", *SET_UP_POLICIES}
    for document in policies.values():
        assert not re.search(r"REGION|ACCOUNT|KEY_ID|COOPER_ROLE", document)
        assert f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{KEY}" in document

    attached = {
        (each["RoleName"], each["PolicyArn"].rpartition("/")[2])
        for each in made["attach_role_policy"]
    }
    operators = {("cooper-operator", name) for name in SET_UP_POLICIES}
    assert attached == {("cooper", "cooper-serve"), *operators}

    trust = {each["RoleName"]: each["AssumeRolePolicyDocument"] for each in made["create_role"]}
    assert json.loads(trust["cooper"])["Statement"][0]["Principal"] == {
        "Service": "ec2.amazonaws.com"
    }
    assert json.loads(trust["cooper-operator"])["Statement"][0]["Principal"] == {
        "AWS": f"arn:aws:iam::{ACCOUNT}:root"
    }
    profile = {"InstanceProfileName": "cooper", "RoleName": "cooper"}
    assert made["add_role_to_instance_profile"] == [profile]


@pytest.mark.soak
def test_the_real_aws_cli_makes_it_too(aws: dict[str, str]) -> None:
    root = aws_cli_root("trixie")
    folder = Path(tempfile.mkdtemp(dir=root / "tmp"))
    inside = f"/{folder.relative_to(root)}"
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL")
    environment = [f"{name}={shlex.quote(aws[name])}" for name in names]
    words = ["chroot", str(root), "env", "-i", "-C", inside, f"HOME={inside}", "PATH=/usr/bin:/bin"]
    command = shlex.join(words) + f" {' '.join(environment)} AWS_REGION=eu-west-1 aws"
    try:
        shutil.copytree(ROOT / "docs/iam", folder / "docs/iam")
        (folder / "bin").mkdir()
        (folder / "bin/aws").write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (folder / "bin/aws").chmod(0o755)
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f'{by_hand()}\necho "key=$key"'],
            cwd=folder,
            env={"PATH": f"{folder}/bin:/usr/bin:/bin:/usr/sbin"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        shutil.rmtree(folder)
    assert run.returncode == 0, run.stderr
    check_what_was_made(aws, run.stdout.rpartition("key=")[2].strip())
    key = client(aws, "kms").describe_key(KeyId="alias/cooper")["KeyMetadata"]
    assert key["MultiRegion"]

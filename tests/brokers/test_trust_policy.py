"""What the target's page shows to paste makes the very role that the target names."""

import json
import re
from typing import Any

import pytest
import yaml

from brokers import arns, trust_policy

CALLER = "arn:aws:sts::111122223333:assumed-role/cooper/i-0123456789abcdef0"
ROLES = [
    "arn:aws:iam::444444444444:role/support-read",
    "arn:aws:iam::444444444444:role/team/x/support-read",
    'arn:aws:iam::444444444444:role/a:"b/${c}/%{d}/#e\\/@on',
]


class Template(yaml.SafeLoader):
    """Reads CloudFormation's short forms as their text."""


Template.add_constructor("!Sub", lambda loader, node: loader.construct_scalar(node))


def snippet(arn: str, label: str) -> str:
    """Return the text under a label."""
    return dict(trust_policy.snippets(arns.role_arn(arn), "an-external-id", CALLER, 7200))[label]


def made_by(properties: dict[str, Any]) -> str:
    """Return the ARN of the role that such properties make."""
    return str(arns.RoleArn("aws", "444444444444", properties["Path"], properties["RoleName"]))


@pytest.mark.parametrize("arn", ROLES)
def test_it_writes_cloudformation_that_makes_this_role(arn: str) -> None:
    template = yaml.load(snippet(arn, "CloudFormation (YAML)"), Template)  # noqa: S506 - a safe loader
    properties = template["Resources"]["CooperTarget"]["Properties"]
    assert made_by(properties) == arn
    assert properties["MaxSessionDuration"] == 7200
    assert properties["AssumeRolePolicyDocument"] == trust_policy.trust_policy(
        "an-external-id", CALLER
    )


@pytest.mark.parametrize("arn", ROLES)
def test_it_writes_terraform_that_makes_this_role(arn: str) -> None:
    text = snippet(arn, "Terraform")
    found = dict(re.findall(r'^  (name|path) += (".*")$', text, re.MULTILINE))
    assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", "".join(found.values()))
    told = {
        key: json.loads(value.replace("$${", "${").replace("%%{", "%{"))
        for key, value in found.items()
    }
    assert made_by({"RoleName": told["name"], "Path": told["path"]}) == arn
    policy = re.search(r"jsonencode\((.*)\)\n\}\n$", text, re.DOTALL)
    assert policy and json.loads(policy[1]) == trust_policy.trust_policy("an-external-id", CALLER)


def test_terraform_takes_no_template_from_the_name_of_coopers_own_user() -> None:
    caller = "arn:aws:iam::111111111111:user/${path.module}/%{if}/cooper"
    role = arns.role_arn("arn:aws:iam::444444444444:role/Dev")
    text = dict(trust_policy.snippets(role, "an-external-id", caller))["Terraform"]
    assert "$${path.module}/%%{if}" in text
    assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", text)

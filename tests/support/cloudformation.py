"""Reads deploy/cloudformation.yaml, and fills in what CloudFormation would."""

import json
import re
from functools import cache
from typing import Any

import yaml

from tests.support.paths import ROOT

TEMPLATE = ROOT / "deploy/cloudformation.yaml"

PLACES = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "111122223333",
    "AWS::StackName": "cooper",
    "AWS::URLSuffix": "amazonaws.com",
    "Key": "0bd3695d-96a9-4642-8477-0a95e3b968fd",
    "LogGroup": "/cooper/server",
}
"""Pseudo parameters, and what resources give."""


class _Loader(yaml.SafeLoader):
    """Reads the short forms of CloudFormation's functions as the long ones."""


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)

    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".")
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    return {name: value}


_Loader.add_multi_constructor("!", _function)  # type: ignore[no-untyped-call]


@cache
def load() -> dict[str, Any]:
    """Return the template, with every function in its long form; it is not to be changed."""
    template: dict[str, Any] = yaml.load(TEMPLATE.read_text(), _Loader)  # noqa: S506 - a safe one
    return template


def filled(value: Any, places: dict[str, str]) -> Any:
    """Return a part of the template in which `places` are filled in for Sub and Ref."""
    if isinstance(value, list):
        return [filled(part, places) for part in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Fn::Sub"}:
        # ${!NAME} is the shell's
        return re.sub(r"\$\{([\w:]+)\}", lambda match: places[match[1]], value["Fn::Sub"])
    if value.keys() == {"Ref"}:
        return places[value["Ref"]]
    if value.keys() == {"Fn::Base64"}:
        return filled(value["Fn::Base64"], places)
    return {name: filled(part, places) for name, part in value.items()}


def references(value: Any) -> set[str]:
    """Return the names of everything that a part of the template refers to."""
    if isinstance(value, list):
        return {name for part in value for name in references(part)}
    if not isinstance(value, dict):
        return set()

    names = {name for part in value.values() for name in references(part)}
    if isinstance(value.get("Ref"), str):
        names.add(value["Ref"])
    if "Fn::GetAtt" in value:
        names.add(value["Fn::GetAtt"][0])
    if "Fn::Sub" in value:
        names |= {text.partition(".")[0] for text in re.findall(r"\$\{([^}]+)\}", value["Fn::Sub"])}
    depends = value.get("DependsOn", [])
    return names | set([depends] if isinstance(depends, str) else depends)


def user_data(parameters: dict[str, str]) -> str:
    """Return the script that an instance starts with."""
    data = load()["Resources"]["ServerTemplate"]["Properties"]["LaunchTemplateData"]["UserData"]
    return str(filled(data, PLACES | parameters))


def policy_of_paper(name: str) -> dict[str, Any]:
    """Return a policy of docs/iam, filled in as docs/install.md says, for the same places."""
    text = (ROOT / f"docs/iam/{name}.json").read_text()
    for place, value in {
        "REGION": PLACES["AWS::Region"],
        "COOPER_ROLE": "cooper",
        "ACCOUNT": PLACES["AWS::AccountId"],
        "KEY_ID": PLACES["Key"],
    }.items():
        text = text.replace(place, value)
    policy: dict[str, Any] = json.loads(text)
    return policy

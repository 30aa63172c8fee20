"""The commands that the papers tell people to type, found and understood."""

import ast
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore import xform_name
from django.core.management import CommandError, load_command_class

from tests.support.paths import PACKAGES, ROOT

PAPERS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])

OWN_OPTIONS = {"query", "output", "region", "profile"}
"""Options of the AWS CLI itself, which no operation has."""

MADE_BY_THE_CLI = {
    ("cloudformation", "wait"),
    ("dynamodb", "wait"),
    ("s3", "cp"),
    ("s3", "sync"),
    ("sso", "login"),
}
"""Commands of the AWS CLI that are no operation of an API."""

SHIM = """#!/bin/sh
printf '%s\\n' "$(printf '%s\\037' "$@")" >>"$CALLS"
case "$1 $2" in
"sts get-caller-identity") echo 111111111111 ;;
"kms create-key") echo 0bd3695d-96a9-4642-8477-0a95e3b968fd ;;
esac
"""
"""Stands for the AWS CLI: notes how it was called, and prints what others are made from."""


def blocks(paper: Path, language: str = "sh") -> list[str]:
    """Return the blocks of a language in a paper, indented as they are read."""
    found = re.findall(
        rf"^( *)```{language}\n(.*?)^\1```", paper.read_text(), re.MULTILINE | re.DOTALL
    )
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


def commands(paper: Path, program: str) -> list[list[str]]:
    """Return the words of each command line in a paper's blocks that begins with a program."""
    lines: list[str] = []
    for block in blocks(paper):
        lines += block.replace("\\\n", " ").splitlines()
    found = [line.strip() for line in lines if line.strip().startswith(f"{program} ")]
    # what the shell does with the output is no word of the command
    return [shlex.split(line.partition(" > ")[0], comments=True) for line in found]


def mentions(paper: Path) -> set[str]:
    """Return cooper's command lines anywhere in a paper: in sentences, at prompts, indented."""
    text = paper.read_text()
    sentences = " ".join(text.split())
    found = set(re.findall(r"`(?:\./)?(cooper -[^`]+)`", sentences))
    lines = text.replace("\\\n", " ")
    found |= set(re.findall(r"^(?: +|\$ )(?:\./)?(cooper -[^#>\n]+)", lines, re.MULTILINE))
    return {line for line in found if "..." not in line and "[" not in line}


def said_by_cooper() -> set[str]:
    """Return the command lines that cooper's own texts tell people to type, as far as they go."""
    found: set[str] = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found |= set(re.findall(r"cooper (?:-[a-z][a-z-]*[ ]?)+", node.value))
    return {line.rstrip() for line in found}


class Cooper:
    """The script `cooper`, loaded to read command lines."""

    def __init__(self) -> None:
        loader = importlib.machinery.SourceFileLoader("cooper_script", str(ROOT / "cooper"))
        specification = importlib.util.spec_from_loader("cooper_script", loader)
        assert specification is not None
        self._module = importlib.util.module_from_spec(specification)
        was_kept = sys.dont_write_bytecode
        sys.dont_write_bytecode = True
        loader.exec_module(self._module)
        sys.dont_write_bytecode = was_kept

    def arguments(self, words: list[str]) -> list[str]:
        """Return the management command and its words; exit where the script would."""
        arguments: list[str] = self._module.manage_arguments(words)[0]
        return arguments

    def options_of(self, command: str) -> set[str]:
        """Return the options that it knows of a command, as argparse names them."""
        options: set[str] = self._module.ALLOWED[command]
        return options

    def complaint_about(self, line: str) -> str:
        """Return why a command line is refused, "" where it is not, or is only too short."""
        output = io.StringIO()
        try:
            with contextlib.redirect_stderr(output):
                name, *rest = self.arguments(shlex.split(line)[1:])
                load_command_class("cooper_project", name).create_parser("cooper", name).parse_args(
                    rest
                )
        except CommandError as error:
            output.write(str(error))
        except SystemExit as error:
            if not error.code:
                return ""

        complaint = output.getvalue()
        is_too_short = "are required" in complaint or "expected " in complaint
        return "" if is_too_short else complaint


def run_with_shim(script: str, folder: Path) -> list[list[str]]:
    """Run a script of the papers in a folder; return how it called the AWS CLI."""
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    shim = bin_folder / "aws"
    shim.write_text(SHIM)
    shim.chmod(0o755)
    calls = folder / "calls"
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={"PATH": f"{bin_folder}:{os.environ['PATH']}", "CALLS": str(calls)},
        check=True,
        timeout=60,
    )
    return [line.split("\x1f")[:-1] for line in calls.read_text().splitlines()]


def parameters(words: list[str], folder: Path) -> tuple[str, str, dict[str, Any]]:
    """Return the service, the operation and the parameters of a call of the AWS CLI.

    Raise AssertionError for what the API does not have.
    """
    service, command, *options = words
    model = _service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    assert command in names, f"{service} has no {command}"

    shape = model.operation_model(names[command]).input_shape
    members = dict(shape.members) if shape is not None else {}
    known = {xform_name(name, "-"): name for name in members}
    given: dict[str, Any] = {}
    while options:
        option = options.pop(0)
        assert option.startswith("--"), f"{option} of {service} {command}"
        name = option.removeprefix("--")
        has_value = bool(options) and not options[0].startswith("--")
        value = options.pop(0) if has_value else ""
        if name in OWN_OPTIONS:
            continue
        assert name in known, f"{service} {command} has no {option}"
        given[known[name]] = _value(members[known[name]], value, folder, has_value=has_value)

    missing = set(shape.required_members if shape is not None else []) - given.keys()
    assert not missing, f"{service} {command} lacks {missing}"
    return service, xform_name(names[command]), given


@cache
def _service_model(service: str) -> Any:
    # the AWS CLI has a second set of commands for S3
    name = {"s3api": "s3"}.get(service, service)
    return botocore.session.get_session().get_service_model(name)


def _value(shape: Any, value: str, folder: Path, *, has_value: bool) -> Any:
    if shape.type_name == "boolean":
        assert not has_value
        return True
    if value.startswith("file://"):
        text = (folder / value.removeprefix("file://")).read_text()
        return json.loads(text) if shape.type_name in ("list", "structure") else text
    if shape.type_name == "integer":
        return int(value)
    if shape.type_name == "structure":
        return dict(part.split("=", 1) for part in value.split(","))
    if getattr(shape, "enum", None):
        assert value in shape.enum, value
    return [value] if shape.type_name == "list" else value

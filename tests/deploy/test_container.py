"""The Dockerfile and what runs the image: small, not root, and nothing in it that is not needed."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def stages() -> list[str]:
    """Return the stages; the last one is the image."""
    return re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]


def task() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "deploy/task-definition.json").read_text())
    return document


def container() -> dict[str, Any]:
    [definition] = task()["containerDefinitions"]
    return dict(definition)


def test_hadolint_finds_nothing() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    run = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert run.stdout + run.stderr == ""
    assert run.returncode == 0


def test_it_installs_by_hash_and_compiles_nothing() -> None:
    installs = re.findall(r"pip install (.*?)(?: \\\n|$)", DOCKERFILE, re.MULTILINE)
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert "--only-binary :all:" in installs[0]
    assert not re.search(r"gcc|build-essential|-dev\b", DOCKERFILE)


def test_the_image_has_no_installer_and_is_not_root() -> None:
    image = stages()[-1]
    assert "pip uninstall --yes pip" in image
    assert "pip uninstall --yes pip" in stages()[0]
    assert re.findall(r"^USER (.*)$", image, re.MULTILINE) == ["10001:10001"]
    copied = re.search(r"COPY --from=build .*", image)
    assert copied is not None
    assert "--chown" not in copied[0]


def test_static_files_are_collected_when_it_is_made() -> None:
    assert "manage.py collectstatic" in stages()[0]


def test_all_stages_have_the_same_base() -> None:
    assert len({stage.split()[0] for stage in stages()}) == 1


def test_it_takes_from_the_folder_what_the_server_needs_and_no_more() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    taken = {line.removeprefix("!") for line in lines if line.startswith("!")}
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    files = {"cooper", "manage.py", "requirements.txt", "templates"}
    assert taken == set(linter["root_packages"]) | files


def test_the_task_has_a_read_only_root_and_no_rights_on_its_host() -> None:
    assert container()["readonlyRootFilesystem"] is True
    assert container()["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
    assert container()["user"] == "10001:10001"
    assert "privileged" not in container()
    assert [mount["containerPath"] for mount in container()["mountPoints"]] == ["/tmp"]  # noqa: S108 - in the container
    assert {"name": "core", "softLimit": 0, "hardLimit": 0} in container()["ulimits"]


def test_the_tasks_settings_are_coopers_and_none_is_secret() -> None:
    rows = re.findall(
        r"^\| `(COOPER_\w+)` \| .*?\| (.*)", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    known = dict(rows)
    for setting in container()["environment"]:
        assert not known[setting["name"]].startswith("*secret*")


def test_the_task_stops_as_slowly_as_cooper_may() -> None:
    assert container()["stopTimeout"] >= 30


def test_the_papers_say_what_a_task_role_means_for_sessions() -> None:
    paper = " ".join((ROOT / "docs/install.md").read_text().split())
    assert "ECS and EKS give sessions of one hour at most" in paper
    assert task()["taskRoleArn"].endswith(":role/cooper")
    assert task()["executionRoleArn"] != task()["taskRoleArn"]

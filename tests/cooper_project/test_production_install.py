"""What a server in production installs is requirements.txt alone, and cooper serves with it.

The venv here holds exactly the distributions that requirements.txt pins. Their files are links
to those of the venv that runs the tests: installing them from a registry would take longer than
everything else in this file, and would need the network.
"""

import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from demo.seed import PASSWORD
from tests.support.old_store import serving_aws
from tests.support.served import ROOT, Person, clean, free_port, wait_for


def pinned_distributions() -> Iterator[metadata.Distribution]:
    """Return the installed distributions that requirements.txt pins; Windows has others."""
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        pin = re.match(r"([a-z0-9-]+)==([^ ]+)", line)
        if pin and "sys_platform == 'win32'" not in line:
            distribution = metadata.distribution(pin[1])
            assert distribution.version == pin[2], f"{pin[1]}: the venv is not up to date"
            yield distribution


def link_files(distribution: metadata.Distribution, site_packages: Path) -> None:
    """Link the files of a distribution; its scripts, outside of site-packages, are left out."""
    for file in distribution.files or ():
        if ".." in file.parts:
            continue

        link = site_packages / file
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(Path(str(distribution.locate_file(file))).absolute())


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the Python of a venv with requirements.txt alone."""
    folder = tmp_path_factory.mktemp("production")
    venv.create(folder, with_pip=False, symlinks=True)
    paths = sysconfig.get_paths("venv", vars={"base": str(folder), "platbase": str(folder)})

    distributions = list(pinned_distributions())
    assert len(distributions) > 30
    for distribution in distributions:
        link_files(distribution, Path(paths["purelib"]))

    return str(folder / "bin" / "python")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Serve the seeded embedded AWS with the packages of the demo; return the environment to it."""
    with serving_aws(tmp_path_factory.mktemp("aws")) as environment:
        yield environment


def run_in_production(python: str, *words: str, **environment: str) -> Any:
    return subprocess.run(
        [python, *words],
        cwd=ROOT,
        env=clean(environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_demos_packages_are_not_there(python: str) -> None:
    for name in ("moto", "flask", "waitress", "pytest"):
        imported = run_in_production(python, "-c", f"import {name}")
        assert imported.returncode == 1
        assert f"No module named '{name}'" in imported.stderr

    assert run_in_production(python, "-c", "import django, boto3, gevent").returncode == 0


def test_the_demos_command_says_what_to_install(python: str) -> None:
    demo = run_in_production(python, "manage.py", "cooper_demo", "--aws-only")
    assert demo.returncode == 1
    assert demo.stdout == ""
    assert demo.stderr == (
        "manage.py cooper_demo: The demo's packages are not installed. Install them with: "
        "pip install --require-hashes -r requirements.txt -r requirements-demo.txt\n"
    )


def test_the_checks_for_production_pass(python: str, aws: dict[str, str]) -> None:
    address = {"COOPER_PUBLIC_URL": "https://cooper.example.com"}
    checks = run_in_production(python, "manage.py", "check", "--deploy", **aws, **address)
    assert checks.returncode == 0, checks.stderr


def test_it_serves_and_signs_people_in(python: str, aws: dict[str, str]) -> None:
    port = free_port()
    server = subprocess.Popen(
        [python, "manage.py", "cooper_serve", "--port", str(port)],
        cwd=ROOT,
        env=clean({"COOPER_EMBEDDED": "1", "COOPER_WORKERS": "1"} | aws),
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/healthz", server, 60)
        alice = Person(url)
        status, page, _ = alice.ask("/login/")
        assert status == 200
        assert 'name="password"' in page
        assert alice.sign_in("alice", PASSWORD) == 302
        assert "dev-read" in alice.ask("/")[1]
    finally:
        server.terminate()
        assert server.wait(timeout=40) == 0


def test_it_runs_outside_the_venv_of_the_tests(python: str) -> None:
    prefix = run_in_production(python, "-c", "import sys; print(sys.prefix)").stdout.strip()
    assert prefix == str(Path(python).parents[1])
    assert prefix != sys.prefix

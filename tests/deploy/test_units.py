"""The systemd units: locked down, and as the server needs them."""

import configparser
import re
import shutil

import pytest

from cooper_project.serving import gunicorn
from tests.support.paths import ROOT
from tests.support.served import run

UNITS = ("cooper.service", "cooper-ship.service")

EXPOSURE = 15
"""Tenths that `systemd-analyze security` may find, of 100."""

LOCKED_DOWN = {
    "CapabilityBoundingSet": "",
    "LimitCORE": "0",
    "NoNewPrivileges": "yes",
    "PrivateTmp": "yes",
    "ProtectSystem": "strict",
    "UMask": "0077",
}


def service(unit: str) -> dict[str, str]:
    """Return the section of a unit about the service; of options given twice the last value."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(ROOT / "deploy" / unit)
    return dict(parser["Service"])


@pytest.mark.parametrize("unit", UNITS)
def test_it_is_locked_down(unit: str) -> None:
    options = service(unit)
    assert {name: options.get(name) for name in LOCKED_DOWN} == LOCKED_DOWN


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_rates_its_exposure_1_5_at_most(unit: str) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("apt-get install systemd")
    options = ["--offline=true", f"--threshold={EXPOSURE}", "--no-pager"]
    result = run(["systemd-analyze", "security", *options, f"deploy/{unit}"], {})
    assert result.returncode == 0, result.stdout[-200:] + result.stderr
    assert "Overall exposure level" in result.stdout


def test_the_server_has_a_folder_for_metrics_that_is_its_own() -> None:
    options = service("cooper.service")
    assert options["RuntimeDirectory"] == "cooper"
    assert options["RuntimeDirectoryMode"] == "0700"
    # nothing counted before a start is kept
    assert options.get("RuntimeDirectoryPreserve", "no") == "no"


def test_a_stop_waits_as_long_as_gunicorn_does() -> None:
    assert int(service("cooper.service")["TimeoutStopSec"]) >= gunicorn.GRACEFUL_TIMEOUT


def test_the_shipper_is_another_user_with_other_settings_than_the_server() -> None:
    server, shipper = (service(unit) for unit in UNITS)
    for name in ("User", "Group", "EnvironmentFile"):
        assert server[name] != shipper[name], name


def test_settings_are_read_by_root_alone_and_given_to_the_process() -> None:
    paper = (ROOT / "docs/install.md").read_text()
    for unit in UNITS:
        assert service(unit)["EnvironmentFile"].startswith("/etc/cooper/")
    assert "sudo install -d -m 0700 /etc/cooper" in paper
    assert re.search(r"sudo install -m 0600 /dev/stdin /etc/cooper/cooper.env", paper)

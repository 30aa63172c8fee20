"""What an instance of the template starts with, run with stand-ins for the machine's programs.

It was not run on Amazon Linux.
"""

import hashlib
import os
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.support.cloudformation import user_data
from tests.support.paths import ROOT

NOTED = ("cfn-signal", "curl", "dnf", "systemctl", "useradd")
"""Programs that are only noted with their words."""

AWS = """#!/bin/sh
echo "aws $*" >>"$CALLS"
for last; do :; done
cp "$RELEASE" "$last"
"""

PYTHON = """#!/bin/sh
echo "python3.11 $*" >>"$CALLS"
mkdir -p .venv/bin
for name in pip python; do
    printf '#!/bin/sh\\necho "%s $*" >>"$CALLS"\\n' $name >.venv/bin/$name
    chmod +x .venv/bin/$name
done
"""


@dataclass(frozen=True)
class Start:
    """How a start went."""

    code: int
    calls: list[str]
    root: Path

    def called(self, words: str) -> bool:
        return any(call.startswith(words) for call in self.calls)


def release(folder: Path, *, wheels: bool = False) -> Path:
    """Return a release with the little that a start looks at."""
    tree = folder / "cooper-1.0.0"
    (tree / "deploy").mkdir(parents=True)
    (tree / "deploy/cooper.service").write_text((ROOT / "deploy/cooper.service").read_text())
    if wheels:
        (tree / "wheels").mkdir()
    archive = folder / "cooper.tar.gz"
    with tarfile.open(archive, "w:gz") as files:
        files.add(tree, tree.name)
    return archive


def start(folder: Path, archive: Path, digest: str = "") -> Start:
    """Run the user data with everything that it writes below a folder."""
    root = folder / "root"
    for name in ("etc/logrotate.d", "etc/systemd/system", "opt", "root", "var/log"):
        (root / name).mkdir(parents=True)
    (root / "opt/aws/amazon-cloudwatch-agent/etc").mkdir(parents=True)

    script = user_data(
        {
            "HostName": "cooper.example.com",
            "LoadBalancerNetworks": "10.0.0.0/24",
            "ReleaseBucket": "releases",
            "ReleaseKey": "cooper.tar.gz",
            "ReleaseSha256": digest or hashlib.sha256(archive.read_bytes()).hexdigest(),
            "Settings": "COOPER_STEP_UP_SECONDS=60\nCOOPER_ADMIN_GROUPS=okta:a$b `c`",
        }
    )
    for place in (" /etc/", " /opt/", " /root/", ">/etc/", ">/opt/"):
        script = script.replace(place, f"{place[0]}{root}{place[1:]}")
    script = script.replace("sleep 30", "true")

    programs = folder / "bin"
    programs.mkdir()
    stand_ins = {name: f'#!/bin/sh\necho "{name} $*" >>"$CALLS"\n' for name in NOTED}
    for name, text in (stand_ins | {"aws": AWS, "python3.11": PYTHON}).items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)

    calls = folder / "calls"
    run = subprocess.run(
        ["bash", "-c", script],
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "CALLS": str(calls),
            "RELEASE": str(archive),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Start(run.returncode, calls.read_text().splitlines(), root)


def test_it_fetches_verifies_installs_and_serves(tmp_path: Path) -> None:
    began = start(tmp_path, release(tmp_path))
    assert began.code == 0, began.calls
    names = [call.split()[0] for call in began.calls]
    order = ["dnf", "aws", "useradd", "python3.11", "pip", "python", "systemctl", "curl"]
    places = [len(names) - 1 - names[::-1].index(name) for name in order]
    assert places == sorted(places)
    assert began.calls[-1].startswith("cfn-signal -e 0")
    assert began.called("systemctl enable --now cooper")
    assert began.called("pip install --quiet --require-hashes --only-binary :all: -r")


def test_it_runs_nothing_of_a_release_whose_digest_is_another(tmp_path: Path) -> None:
    began = start(tmp_path, release(tmp_path), "0" * 64)
    assert began.code != 0
    assert not (began.root / "opt/cooper").exists()
    assert not began.called("python3.11")
    assert not began.called("systemctl enable --now cooper")
    assert began.calls[-1].startswith("cfn-signal -e 1")


def test_with_wheels_in_the_release_nothing_comes_from_elsewhere(tmp_path: Path) -> None:
    began = start(tmp_path, release(tmp_path, wheels=True))
    assert began.code == 0, began.calls
    [install] = [call for call in began.calls if call.startswith("pip ")]
    assert "--no-index --find-links wheels" in install


def test_settings_are_written_as_they_are_and_for_root_alone(tmp_path: Path) -> None:
    began = start(tmp_path, release(tmp_path))
    file = began.root / "etc/cooper/cooper.env"
    assert file.stat().st_mode & 0o777 == 0o600
    lines = file.read_text().splitlines()
    assert "COOPER_PUBLIC_URL=https://cooper.example.com" in lines
    # no shell reads them
    assert lines[-2:] == ["COOPER_STEP_UP_SECONDS=60", "COOPER_ADMIN_GROUPS=okta:a$b `c`"]


def test_a_server_goes_on_trying_until_set_up_was_run(tmp_path: Path) -> None:
    began = start(tmp_path, release(tmp_path))
    unit = began.root / "etc/systemd/system/cooper.service.d/here.conf"
    assert {"RestartSec=15", "StartLimitIntervalSec=0"} <= set(unit.read_text().splitlines())

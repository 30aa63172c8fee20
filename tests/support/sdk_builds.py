"""Programs of AWS's SDKs for JavaScript and Go, made ready to run; skips where that cannot be."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.debian_roots import debian_root
from tests.support.paths import ROOT
from tests.support.sso_home import PROGRAMS

GO_PACKAGES = ("golang-go", "golang-github-aws-aws-sdk-go-v2-dev")

SERVICES = "/usr/share/gocode/src/github.com/aws/aws-sdk-go-v2/service"

NEWEST_UNFIT_NODE = 19
"""The SDK of the lock file takes Node.js 20 or newer."""


def javascript_words() -> tuple[str, ...]:
    """Return the words that run the program of the SDK for JavaScript, from npm."""
    node = shutil.which("node")
    if not node or not shutil.which("npm"):
        pytest.skip("the SDK for JavaScript needs: apt-get install nodejs npm")
    version = subprocess.check_output([node, "--version"], text=True).strip()
    if int(version.removeprefix("v").partition(".")[0]) <= NEWEST_UNFIT_NODE:
        pytest.skip(f"the SDK for JavaScript needs Node.js 20, and this is {version}")

    place = ROOT / "var" / "sdk_for_javascript"
    shutil.copytree(PROGRAMS / "js", place, dirs_exist_ok=True)
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(install, cwd=place, check=True, timeout=300, stdout=sys.stderr)
    return (node, str(place / "program.js"))


def go_words(folder: Path) -> tuple[str, ...]:
    """Return the words that run the program of the SDK for Go, built with Debian's packages."""
    # of 400 services it takes four
    unwanted = (f"{SERVICES}/[!si]*", f"{SERVICES}/sa*", f"{SERVICES}/se*")
    root = debian_root("go", "trixie", GO_PACKAGES, "usr/lib/go/bin/go", unwanted)

    # a folder of this build alone, in the root
    inner = Path(tempfile.mkdtemp(dir=root / "tmp"))
    shutil.copyfile(PROGRAMS / "go" / "program.go", inner / "program.go")
    home = f"/{inner.relative_to(root)}"
    settings = [f"HOME={home}", "PATH=/usr/lib/go/bin:/usr/bin", "GOROOT=/usr/lib/go"]
    settings += ["GOPATH=/usr/share/gocode", "GO111MODULE=off", "CGO_ENABLED=0"]
    build = ["go", "build", "-o", f"{home}/program", f"{home}/program.go"]
    done = subprocess.run(
        ["chroot", str(root), "env", "-i", *settings, *build],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr

    program = folder / "program"
    shutil.move(inner / "program", program)
    shutil.rmtree(inner)
    return (str(program),)

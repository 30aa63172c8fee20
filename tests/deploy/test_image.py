"""The steps of the Dockerfile, run in a root of Debian's packages, and what they make, serving.

No base image can be had here, so `docker build` is not among what is tried; nor is apt-get: what it
installs is in the root. Packages come as wheels, by the hashes in requirements.txt.
"""

import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.debian_roots import CACHE, debian_root
from tests.support.old_store import serving_aws
from tests.support.paths import ROOT
from tests.support.served import free_port, wait_for

pytestmark = pytest.mark.soak

PACKAGES = ("bash", "dash", "passwd", "python3", "python3.11-venv", "tar", "xmlsec1")
LOADS = ("python3-pip-whl", "python3-setuptools-whl", "libpython3.11-stdlib", "sed", "grep")


def run_steps(text: str) -> list[str]:
    """Return the commands of RUN in a stage of the Dockerfile."""
    joined = re.sub(r"\\\n\s*", "", text)
    return re.findall(r"^RUN (.*)$", joined, re.MULTILINE)


def taken() -> list[str]:
    """Return what .dockerignore lets in."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line.removeprefix("!") for line in lines if line.startswith("!")]


def in_root(root: Path, script: str, *, user: str = "0:0", **environment: str) -> list[str]:
    """Return the words that run a script in the root, with nothing of this process's."""
    settings = {"PATH": "/opt/cooper/.venv/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin"}
    words = [f"{name}={value}" for name, value in (settings | environment).items()]
    command = ["chroot", f"--userspec={user}", str(root), "env", "-i", "-C", "/opt/cooper"]
    return [*command, *words, "/bin/sh", "-euc", script]


@pytest.fixture(scope="module")
def image() -> Iterator[Path]:
    """Run the steps; return the root, in which the image's files are."""
    base = debian_root("container", "bookworm", PACKAGES + LOADS, "usr/bin/python3.11")
    root = Path(tempfile.mkdtemp(dir=CACHE, prefix="container-"))
    try:
        subprocess.run(["cp", "-a", f"{base}/.", str(root)], check=True)
        (root / "usr/local/bin").mkdir(parents=True, exist_ok=True)
        (root / "usr/local/bin/python").symlink_to("/usr/bin/python3.11")
        copy_files(root / "opt/cooper")
        wheels = root / "wheels"
        # the venv of the tests may have no pip
        python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or "python3"
        download = [python, "-m", "pip", "download", "--quiet", "--require-hashes"]
        options = ["--only-binary", ":all:", "--python-version", "3.11", "--dest", str(wheels)]
        options += ["--requirement", str(ROOT / "requirements.txt")]
        subprocess.run([*download, *options], check=True)
        for step in run_steps((ROOT / "Dockerfile").read_text().split("\nFROM ")[1]):
            words = in_root(root, step, PIP_NO_INDEX="1", PIP_FIND_LINKS="/wheels")
            subprocess.run(words, check=True)
        yield root
    finally:
        shutil.rmtree(root)


def copy_files(place: Path) -> None:
    place.mkdir(parents=True)
    for name in taken():
        source = ROOT / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, place / name, ignore=ignore)
        else:
            shutil.copy(source, place / name)


def test_its_packages_are_in_it_and_no_installer(image: Path) -> None:
    site = next((image / "opt/cooper/.venv/lib").glob("python3.*")) / "site-packages"
    assert (site / "django").is_dir()
    assert not (site / "pip").exists()
    compilers = ("usr/bin/gcc", "usr/bin/cc", "usr/bin/make")
    assert [name for name in compilers if (image / name).exists()] == []


def test_it_serves_as_a_user_who_can_write_nowhere_but_in_tmp(image: Path, tmp_path: Path) -> None:
    port = free_port()
    with serving_aws(tmp_path / "aws") as environment:
        settings = {"COOPER_EMBEDDED": "1", "COOPER_WORKERS": "1", "COOPER_METRICS_BIND": "off"}
        [command] = re.findall(r"^CMD \[(.*)\]$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
        script = "exec " + shlex.join(command.replace('"', "").split(", "))
        settings |= {"COOPER_BIND": f"127.0.0.1:{port}", "PYTHONDONTWRITEBYTECODE": "1"}
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL")
        settings |= {name: environment[name] for name in names}
        settings |= {name: environment[name] for name in environment if name.startswith("COOPER_")}
        words = in_root(image, script, user="10001:10001", **settings)
        # the root file system is read-only, /tmp is in memory
        mounts = (
            f"mount --bind {image} {image} && mount -o remount,ro,bind {image} && "
            f"mount -t tmpfs tmpfs {image}/tmp && "  # noqa: S108 - in the image
            f"mount -t tmpfs tmpfs {image}/dev && "
            f"mknod -m 666 {image}/dev/null c 1 3 && mknod -m 444 {image}/dev/urandom c 1 9 && "
        )
        unshared = ["unshare", "--mount", "sh", "-euc", mounts + "exec " + shlex.join(words)]
        process = subprocess.Popen(unshared)
        try:
            wait_for(f"http://127.0.0.1:{port}/readyz", process)
        finally:
            process.terminate()
            assert process.wait(timeout=40) == 0

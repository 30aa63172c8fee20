"""The shells of this machine, for text that people paste into them."""

import shutil
import subprocess

import pytest


def run(shell: str, script: str, **variables: str) -> str:
    """Return what a script prints in a shell; it prints no errors."""
    path = shutil.which(shell)
    if not path:
        pytest.skip(f"{shell} is not on this machine: apt-get install {shell}")
    command = [path] if shell == "fish" else [path, "-eu"]
    done = subprocess.run(
        command, input=script, capture_output=True, text=True, check=True, env=variables
    )
    assert done.stderr == ""
    return done.stdout

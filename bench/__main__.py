"""`python -m bench`: what a grant and a listing cost, against bare boto3 and a small installation; and a SAML sign-in.

The embedded AWS runs in a process of its own, so that only the caller's CPU is counted. Each figure is the median of
rounds in which the two sides take turns.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROUNDS, CALLS = 5, 40


def environment_of(process: "subprocess.Popen[str]") -> dict[str, str]:
    """Return the environment that the embedded AWS says when it is up."""
    said: dict[str, str] = {}
    for line in process.stdout or ():
        if not line.strip():
            break
        name, _, value = line.strip().partition("=")
        said[name] = value.strip("'")
    return said


def cpu(deed: Callable[[], object], times: int) -> float:
    """Return CPU milliseconds of this process for one deed."""
    begin = time.process_time()
    for _ in range(times):
        deed()
    return (time.process_time() - begin) * 1000 / times


def versus(
    name: str, ours: Callable[[], object], theirs: Callable[[], object], times: int = CALLS
) -> None:
    """Print the ratio of two deeds' CPU, taking turns."""
    cpu(ours, 3), cpu(theirs, 3)
    pairs = [(cpu(ours, times), cpu(theirs, times)) for _ in range(ROUNDS)]
    ratio = statistics.median(a / b for a, b in pairs)
    ours_ms, theirs_ms = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"{name:<58} {ratio:6.2f} x   ({ours_ms:.2f} ms against {theirs_ms:.2f} ms of CPU)")


def main() -> None:
    """Start the AWS, sign Alice in, measure."""
    command = [sys.executable, "manage.py", "cooper_demo", "--aws-only", "--seed", "--with-parent"]
    aws = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        os.environ.update(
            environment_of(aws), COOPER_GRANTS_PER_MINUTE="10000", COOPER_LOG_LEVEL="ERROR"
        )
        from bench import deeds, saml

        deeds.measure(versus)
        saml.measure()
    finally:
        aws.terminate()
        aws.wait(20)


if __name__ == "__main__":
    main()

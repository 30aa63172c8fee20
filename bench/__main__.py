"""`python -m bench`: what a grant, a page and a SAML sign-in cost, and a flood of wrong passwords.

`grants` loads a real server, beside bare boto3, with latencies and conflicts as AWS has them.
`web` measures grants and pages in this process: grants against bare boto3, pages with thousands of
targets against pages with twelve.
`home` measures home by how many targets somebody may become.
`flood`: pages of signed-in people during a flood against the same pages without one.
`serving` starts, reloads and stops a real server.
`scale` loads 100,000 targets and 50,000 people.
AWS runs in a process of its own, so that only the caller's CPU is counted: the embedded one, for
`grants` the fast stub (`bench.stub_aws`), for `scale` another one (`bench.tables_stub`).
"""

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

WHAT = {"web", "home", "saml", "flood", "serving", "grants", "scale"}
"""What there is to measure."""

AWS_COMMAND = ("manage.py", "cooper_demo", "--aws-only", "--seed", "--with-parent")


def main() -> None:
    """Start the embedded AWS and measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "what",
        nargs="*",
        default=sorted(WHAT),
        metavar="|".join(sorted(WHAT)),
        help="what to measure; everything if not given",
    )
    names = parser.parse_args().what
    unknown = set(names) - WHAT
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")

    if "grants" in names:
        from bench import grants

        grants.measure()
        names.remove("grants")
    if "scale" in names:
        from bench import scale

        scale.measure()
        names.remove("scale")
    if not names:
        return

    aws = subprocess.Popen(
        [sys.executable, *AWS_COMMAND],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        os.environ.update(read_environment(aws))
        os.environ["COOPER_GRANTS_PER_MINUTE"] = "10000"
        os.environ["COOPER_LOG_LEVEL"] = "ERROR"
        measure(names)
    finally:
        aws.terminate()
        aws.wait(20)


def read_environment(aws: "subprocess.Popen[str]") -> dict[str, str]:
    """Return the environment that the embedded AWS prints when it is up."""
    environment = {}
    for line in aws.stdout or ():
        if not line.strip():
            return environment
        name, _, value = line.strip().partition("=")
        environment[name] = "".join(shlex.split(value))
    raise SystemExit("The embedded AWS did not start; see its output above.")


def measure(names: list[str]) -> None:
    """Measure; Django's settings read the environment when these modules are imported."""
    from bench import flood, web

    if "flood" in names:
        flood.measure()
    web.set_up()
    if "web" in names:
        web.measure()
    if "home" in names:
        from bench import home

        home.measure()
    if "saml" in names:
        from bench import saml

        saml.measure()
    if "serving" in names:
        from bench import serving

        serving.measure()


if __name__ == "__main__":
    main()

"""`python -m bench`: what a grant, a page and a SAML sign-in cost, and a flood of wrong passwords.

`audit` finds a request on the audit log, among a million events of one day.
`command_line` measures the time from a command to credentials, by the real AWS CLI.
`grants` loads a real server, beside bare boto3, with latencies and conflicts as AWS has them.
`workers` compares a worker's first requests with warm ones, and follows its memory.
`web` measures grants and pages in this process: grants against bare boto3, pages with thousands of
targets against pages with twelve.
`home` measures home by how many targets somebody may become: CPU, bytes, and in chromium the time
from a key in the search to the painted list, and layout shift.
`flood`: pages of signed-in people during a flood against the same pages without one.
`restore` is the restore drill: into another prefix and to another KMS key (docs/restore.md).
`serving` starts, reloads and stops a real server.
`scale` loads 100,000 targets and 50,000 people.
`instances` measures the promises of three servers on one store (see `bench.instances`), and ends
with 1 when one is broken.
AWS runs in a process of its own, so that only the caller's CPU is counted: the embedded one, for
`grants`, `command_line` and `workers` the fast stub (`bench.stub_aws`), for `scale` another one
(`bench.tables_stub`).
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from bench.processes import embedded_aws

ROOT = Path(__file__).parent.parent

WHAT = {
    "audit",
    "command_line",
    "web",
    "home",
    "saml",
    "flood",
    "serving",
    "grants",
    "restore",
    "scale",
    "workers",
    "instances",
}
"""What there is to measure."""

WITH_OWN_AWS = {"audit", "command_line", "grants", "instances", "restore", "scale", "workers"}
"""What starts an AWS of its own; all else is measured with the embedded one."""

IN_OWN_PROCESS = {"audit", "instances", "restore"}
"""What has settings of its own."""


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
    parser.add_argument("--long", action="store_true", help="follow memory over 20,000 requests")
    options = parser.parse_args()
    names = options.what
    unknown = set(names) - WHAT
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")

    with_own_aws = [name for name in names if name in WITH_OWN_AWS]
    for name in with_own_aws:
        measure_with_own_aws(name, long=options.long)
        names.remove(name)
    if not names:
        return

    with embedded_aws() as environment:
        os.environ.update(environment)
        os.environ["COOPER_GRANTS_PER_MINUTE"] = "10000"
        os.environ["COOPER_LOG_LEVEL"] = "ERROR"
        measure(names)


def measure_with_own_aws(name: str, *, long: bool) -> None:
    """Measure what starts an AWS of its own."""
    from bench import grants, scale, workers

    if name == "grants":
        grants.measure()
    elif name == "scale":
        scale.measure()
    elif name == "command_line":
        # it reads the settings
        from bench import command_line

        command_line.measure()
    elif name in IN_OWN_PROCESS:
        done = subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=ROOT, check=False)
        if done.returncode:
            raise SystemExit(done.returncode)
    else:
        workers.measure(long=long)


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

"""`python -m bench.instances [NAME ...]`: the promises of three servers on one store.

Prints each figure beside its limit, and ends with 1 when a promise is broken.
"""

import argparse
import os
from collections.abc import Iterator

from bench.processes import stub_aws
from bench.timing import Figures

HELP = "all but steady if not given"


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.instances", description=__doc__)
    parser.add_argument("what", nargs="*", metavar="|".join(BY_NAME), help=HELP)
    parser.add_argument("--trials", type=int, default=200, help="of removals")
    parser.add_argument("--reloads", type=int, default=10)
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second meanwhile")
    parser.add_argument("--minutes", type=float, default=30.0, help="of the steady load")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="of slow clients, of each flood, of presses"
    )
    options = parser.parse_args()
    unknown = set(options.what) - set(BY_NAME)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")

    missed = []
    for name in options.what or WHAT:
        for figures in BY_NAME[name](options):
            figures.print()
            missed += figures.missed()

    print(f"\nBROKEN: {'; '.join(missed)}" if missed else "\nEvery promise is kept.")
    raise SystemExit(bool(missed))


def _removals(options: argparse.Namespace) -> Iterator[Figures]:
    with stub_aws(0) as stub:
        _use(stub.environment)
        from bench.instances import removals

        yield removals.measure(options.trials)


def _rolling(options: argparse.Namespace) -> Iterator[Figures]:
    with stub_aws(0) as stub:
        _use(stub.environment)
        from bench.instances import rolling

        yield from rolling.measure(stub, options.reloads, options.rate)


def _crowds(options: argparse.Namespace) -> Iterator[Figures]:
    with stub_aws(0) as stub:
        _use(stub.environment)
        from bench.instances import crowds

        yield from crowds.measure(options.seconds)


def _bulkhead(options: argparse.Namespace) -> Iterator[Figures]:
    with stub_aws(0) as stub:
        _use(stub.environment)
        from bench.instances import bulkhead

        yield bulkhead.measure(stub, options.seconds)


def _outages(_: argparse.Namespace) -> Iterator[Figures]:
    _use({})
    from cooper_project.setup import set_up
    from demo.seed import seed, use_embedded_aws
    from embedded_aws import EmbeddedAws
    from tests.support import faults

    with EmbeddedAws(wrap=faults.wrap) as embedded:
        use_embedded_aws(embedded)
        set_up(lambda _line: None)
        seed()
        from bench.instances import outages

        yield from outages.measure()


def _steady(options: argparse.Namespace) -> Iterator[Figures]:
    with stub_aws(0) as stub:
        _use(stub.environment)
        from bench.instances import steady

        yield steady.measure(stub, options.minutes)


def _use(environment: dict[str, str]) -> None:
    """Let this process, and the servers that it starts, use an AWS."""
    import django

    os.environ.update(environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "cooper_project.settings"
    django.setup()


WHAT = {
    "removals": _removals,
    "rolling": _rolling,
    "crowds": _crowds,
    "outages": _outages,
    "bulkhead": _bulkhead,
}
"""What is measured unless something is named."""

BY_NAME = WHAT | {"steady": _steady}
"""And what takes half an hour."""


if __name__ == "__main__":
    main()

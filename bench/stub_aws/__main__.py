"""`python -m bench.stub_aws [--people N]`: serve the stub, seeded with the demo, until stdin ends.

Prints one line of JSON when it is up: `environment`, and the `cookies` of people signed in.
"""

import argparse
import asyncio
import json
import os
import sys
import threading
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "cooper_project.settings"
django.setup()

from bench.stub_aws import people  # noqa: E402 - after django.setup()
from bench.stub_aws.copies import copy_tables  # noqa: E402 - after django.setup()
from bench.stub_aws.server import SIGNIN_PATH, StubAws, serve  # noqa: E402 - after django.setup()
from cooper_project.setup import set_up  # noqa: E402 - after django.setup()
from demo.seed import seed, use_embedded_aws  # noqa: E402 - after django.setup()
from embedded_aws import EmbeddedAws  # noqa: E402 - after django.setup()


def main() -> None:
    """Seed an embedded AWS, take its tables, and serve."""
    parser = argparse.ArgumentParser(prog="python -m bench.stub_aws", description=__doc__)
    parser.add_argument("--people", type=int, default=0, help="how many to sign in")
    count = parser.parse_args().people

    apps: list[Any] = []
    embedded = EmbeddedAws(wrap=lambda app: apps.append(app) or app)
    with embedded:
        use_embedded_aws(embedded)
        set_up(lambda _line: None)
        seed()
        cookies = people.sign_in(count)

        stub = StubAws(copy_tables(), apps[0])
        threading.Thread(target=_stop_with_parent, daemon=True).start()
        asyncio.run(serve(stub, lambda port: _announce(embedded, port, cookies)))


def _announce(embedded: EmbeddedAws, port: int, cookies: list[str]) -> None:
    """Print how to reach the stub."""
    address = f"http://127.0.0.1:{port}"
    environment = {
        name: value.replace(embedded.endpoint_url, address)
        for name, value in embedded.environment().items()
    }
    environment["COOPER_SIGNIN_URL"] = address + SIGNIN_PATH
    print(json.dumps({"environment": environment, "cookies": cookies}), flush=True)


def _stop_with_parent() -> None:
    """End the process when whoever holds the other end of stdin is gone."""
    # unbuffered: a buffered reader's lock, held here, would break the interpreter's end
    while os.read(0, 4096):
        pass
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

"""`python -m bench.bare`: AssumeRole by bare boto3, in a loop, by so many threads; in JSON.

A process of its own, so that its CPU is counted apart.
"""

import argparse
import json
import threading
import time
from typing import Any

import boto3
from botocore.config import Config

WARM_UP_CALLS = 10


def main() -> None:
    """Call for so many seconds, and print what it cost."""
    parser = argparse.ArgumentParser(prog="python -m bench.bare", description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()

    client = boto3.client("sts", config=Config(max_pool_connections=options.threads))
    for _ in range(WARM_UP_CALLS):
        _assume_role(client)

    times: list[float] = []
    end = time.monotonic() + options.seconds
    threads = [
        threading.Thread(target=_call_until, args=(client, end, times))
        for _ in range(options.threads)
    ]
    start = time.monotonic()
    cpu_start = time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cpu = time.process_time() - cpu_start

    print(json.dumps({"times": times, "cpu": cpu, "seconds": time.monotonic() - start}))


def _call_until(client: Any, end: float, times: list[float]) -> None:
    while time.monotonic() < end:
        start = time.perf_counter()
        _assume_role(client)
        times.append(time.perf_counter() - start)


def _assume_role(client: Any) -> None:
    client.assume_role(
        RoleArn="arn:aws:iam::222222222222:role/dev-read",
        RoleSessionName="bench",
        ExternalId="bench",
    )


if __name__ == "__main__":
    main()

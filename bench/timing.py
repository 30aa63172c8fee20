"""CPU time of two calls that take turns, and their ratio."""

import statistics
import time
from collections.abc import Callable

ROUNDS = 5
CALLS = 40
WARM_UP_CALLS = 3

Call = Callable[[], object]


def cpu_milliseconds(call: Call, times: int) -> float:
    """Return CPU milliseconds of this process for one call."""
    start = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - start) * 1000 / times


def compare(name: str, ours: Call, baseline: Call, times: int = CALLS) -> None:
    """Print the ratio of two calls' CPU time: the median of rounds in which they take turns."""
    cpu_milliseconds(ours, WARM_UP_CALLS)
    cpu_milliseconds(baseline, WARM_UP_CALLS)

    our_times = []
    baseline_times = []
    for _ in range(ROUNDS):
        our_times.append(cpu_milliseconds(ours, times))
        baseline_times.append(cpu_milliseconds(baseline, times))

    ratios = [ours / base for ours, base in zip(our_times, baseline_times, strict=True)]
    print(
        f"{name:<58} {statistics.median(ratios):6.2f} x   "
        f"({statistics.median(our_times):.2f} ms against "
        f"{statistics.median(baseline_times):.2f} ms of CPU)"
    )

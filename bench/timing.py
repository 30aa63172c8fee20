"""CPU time of two calls that take turns, and figures of several rounds beside their goals."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

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
    """Print the ratio of two calls' CPU time: the median of rounds in which they take turns.

    One call before each turn does not count: it prepares what the other's turn has put aside.
    """
    cpu_milliseconds(ours, WARM_UP_CALLS)
    cpu_milliseconds(baseline, WARM_UP_CALLS)

    our_times = []
    baseline_times = []
    for _ in range(ROUNDS):
        ours()
        our_times.append(cpu_milliseconds(ours, times))
        baseline()
        baseline_times.append(cpu_milliseconds(baseline, times))

    ratios = [ours / base for ours, base in zip(our_times, baseline_times, strict=True)]
    print(
        f"{name:<58} {statistics.median(ratios):6.2f} x   "
        f"({statistics.median(our_times):.2f} ms against "
        f"{statistics.median(baseline_times):.2f} ms of CPU)"
    )


@dataclass
class Figure:
    """One figure, as it was in each round."""

    name: str
    goal: float | None = None
    """What it has to be: at most, or at least if `more_is_better`; None if that is not said."""
    unit: str = ""
    more_is_better: bool = False
    values: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        """The best round's."""
        return max(self.values) if self.more_is_better else min(self.values)

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.values)

    @property
    def meets_goal(self) -> bool:
        """Whether the median is as it has to be; figures without a goal are."""
        if self.goal is None:
            return True
        if self.more_is_better:
            return self.median >= self.goal
        return self.median <= self.goal


class Figures:
    """The figures of one table, noted round by round.

    A figure that belongs to another one begins with two blanks.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self._figures: dict[tuple[str, str], Figure] = {}

    def note(
        self,
        name: str,
        value: float,
        goal: float | None = None,
        unit: str = "",
        *,
        of: str = "",
        more_is_better: bool = False,
    ) -> None:
        """Note a figure of this round; `of` tells figures of the same name apart."""
        key = (of, name)
        if key not in self._figures:
            self._figures[key] = Figure(name, goal, unit, more_is_better)
        self._figures[key].values.append(value)

    def missed(self) -> list[str]:
        """Return the names of the figures that are not as they have to be."""
        return [figure.name for figure in self._figures.values() if not figure.meets_goal]

    def print(self) -> None:
        """Print a line for each: best, median and goal."""
        print(f"\n{self.title}\n{'':<42} {'best':>9} {'median':>9}      {'goal':>10}")
        for figure in self._figures.values():
            print(_line(figure))


def _line(figure: Figure) -> str:
    line = f"{figure.name:<42} {figure.best:9.2f} {figure.median:9.2f} {figure.unit:<4}"
    if figure.goal is not None:
        sign = ">=" if figure.more_is_better else "<="
        verdict = "ok" if figure.meets_goal else "MISSED"
        line += f" {sign} {figure.goal:7.2f}  {verdict}"
    return line.rstrip()

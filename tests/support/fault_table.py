"""The table of the sweep: of each operation how many cases, violations and seconds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass
class Row:
    """The cases of one operation."""

    name: str
    cases: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    missed: list[str] = field(default_factory=list)
    """Cases whose call never came."""

    violations: list[str] = field(default_factory=list)

    def add(self, seconds: float, violations: Iterable[str]) -> None:
        """Count a case."""
        self.cases += 1
        self.seconds += seconds
        self.slowest = max(self.slowest, seconds)
        self.violations += violations

    @property
    def is_whole(self) -> bool:
        """Whether nearly all cases met their call: whatever misses shows nothing."""
        return len(self.missed) <= self.cases // 20

    def __str__(self) -> str:
        counts = f"{self.cases:>7}{len(self.violations):>12}"
        missed = f"  {len(self.missed)} missed" if self.missed else ""
        return f"{self.name:<48}{counts}{self.seconds:>9.1f}{self.slowest:>9.1f}{missed}"


class Table:
    """The rows of some operations, shown one after the other."""

    def __init__(self, show: Callable[[object], None]) -> None:
        self.total = Row("in all")
        self._show = show
        head = f"{'cases':>7}{'violations':>12}{'seconds':>9}{'longest':>9}"
        show(f"\n{'operation':<48}{head}")

    def add(self, row: Row) -> None:
        """Show a row with what was wrong, and count it."""
        self.total.cases += row.cases
        self.total.seconds += row.seconds
        self.total.slowest = max(self.total.slowest, row.slowest)
        self.total.violations += row.violations
        self.total.missed += row.missed

        self._show(row)
        for violation in row.violations:
            self._show(f"    {violation}")
        if not row.is_whole:
            self._show(f"    {row.missed}")

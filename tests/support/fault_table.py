"""The table of the sweep: of each operation how many cases, violations and seconds."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Row:
    """The cases of one operation."""

    name: str
    cases: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    violations: list[str] = field(default_factory=list)

    def add(self, seconds: float, violations: Iterable[str]) -> None:
        """Count a case."""
        self.cases += 1
        self.seconds += seconds
        self.slowest = max(self.slowest, seconds)
        self.violations += violations

    def __str__(self) -> str:
        counts = f"{self.cases:>7}{len(self.violations):>12}"
        return f"{self.name:<48}{counts}{self.seconds:>9.1f}{self.slowest:>9.1f}"


def table_of(rows: list[Row]) -> str:
    """Return the table, with what was wrong beneath it."""
    total = Row("in all")
    for row in rows:
        total.cases += row.cases
        total.seconds += row.seconds
        total.slowest = max(total.slowest, row.slowest)
        total.violations += row.violations

    head = f"{'operation':<48}{'cases':>7}{'violations':>12}{'seconds':>9}{'longest':>9}"
    return "\n".join([head, *map(str, rows), str(total), *total.violations])

"""Capacity units, by DynamoDB's documented rules; one counter for all calls.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.stub_aws.tables import Index, StoredItem, Table, item_size

READ_BYTES = 4_096
WRITE_BYTES = 1_024


@dataclass
class Units:
    """Read and write units so far; those of indexes are among them and also by themselves."""

    reads: float = 0
    writes: float = 0
    index_writes: float = 0
    are_counted: bool = True
    """False where that would take the time of what is measured."""

    def read(
        self, stored: StoredItem | None, *, consistent: bool, transactional: bool = False
    ) -> None:
        """Count the read of one item; one that is not there costs as much as the smallest."""
        if not self.are_counted:
            return
        units = _rounded_up(stored.size if stored else 0, READ_BYTES)
        if transactional:
            self.reads += 2 * units
        elif consistent:
            self.reads += units
        else:
            self.reads += units / 2

    def read_many(self, items: Sequence[StoredItem], *, consistent: bool) -> None:
        """Count a page of a query or a scan: all of its items together."""
        if not self.are_counted:
            return
        units = _rounded_up(sum(stored.size for stored in items), READ_BYTES)
        self.reads += units if consistent else units / 2

    def write(
        self,
        table: Table,
        before: StoredItem | None,
        after: StoredItem | None,
        *,
        transactional: bool = False,
    ) -> None:
        """Count a write of one item, by the larger of what it was and is; and its indexes'."""
        if not self.are_counted:
            return
        sizes = [stored.size for stored in (before, after) if stored]
        units = _rounded_up(max(sizes, default=0), WRITE_BYTES)
        self.writes += 2 * units if transactional else units

        for index in table.indexes.values():
            # indexes are written afterwards, outside of any transaction
            units = _index_units(index, before, after)
            self.writes += units
            self.index_writes += units


def _index_units(index: Index, before: StoredItem | None, after: StoredItem | None) -> int:
    """Return what an index consumes: see "Write capacity units" of global secondary indexes.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
    """
    old = index.project(before.item) if before and index.schema.fits(before.item) else None
    new = index.project(after.item) if after and index.schema.fits(after.item) else None
    if old == new:
        return 0

    sizes = [_rounded_up(item_size(item), WRITE_BYTES) for item in (old, new) if item]
    if old and new and index.schema.key_of(old) != index.schema.key_of(new):
        # one to delete the old entry, one to put the new one
        return sum(sizes)
    return max(sizes)


def _rounded_up(size: int, unit: int) -> int:
    return max(1, -(-size // unit))

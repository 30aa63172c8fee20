"""What a run of set-up has changed, and which of it is on the audit log."""

from core import audit
from core.audit import Event
from core.dynamo import Transaction
from core.installation import SCHEMA_ITEM, Installation


class SetupChanges:
    """The changes of a run, each in words.

    A run may be cut off at any moment, and the next one finds nothing left to do. So an item is
    made in one transaction with an event of all that was changed until then.
    """

    def __init__(self, *, is_first_run: bool) -> None:
        self.all: list[str] = []
        self.unrecorded: list[str] = []
        """Those that are in no event."""

        self._is_first_run = is_first_run

    def add(self, changes: list[str]) -> None:
        """Add what is in no event yet."""
        self.all += changes
        self.unrecorded += changes

    def add_recorded(self, change: str) -> None:
        """Add what was written together with an event."""
        self.all.append(change)

    def add_item(self, change: str) -> None:
        """Add an item that was made together with what `write_beside` wrote."""
        self.add([change])
        if not self._is_first_run:
            self.unrecorded = []

    def write_beside(self, change: str, writes: Transaction) -> None:
        """Write the event of an item that is being made, and of what was changed before it.

        The first run records all at once, with the version: before that nobody is served.
        """
        if self._is_first_run:
            # that no version was read proves nothing
            writes.check_absent(Installation(SCHEMA_ITEM))
        else:
            writes.create(audit.event(Event.SETUP_DONE, changed=[*self.unrecorded, change]))

    def record(self) -> None:
        """Record what is in no event yet."""
        if self.unrecorded:
            audit.record(Event.SETUP_DONE, changed=self.unrecorded)
            self.unrecorded = []

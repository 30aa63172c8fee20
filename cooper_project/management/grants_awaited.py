"""What a command says of grants that were under way when it took something away."""

from collections.abc import Iterator
from contextlib import contextmanager

from brokers.grants.events import GrantScope
from brokers.grants.under_way import AwaitedGrants, GrantsUnderWay
from cooper_project.management.base import CooperCommand


@contextmanager
def grants_awaited(command: CooperCommand, scope: GrantScope) -> Iterator[None]:
    """Take something from grants of the scope within the block; wait for them then, and warn."""
    grants = GrantsUnderWay()
    yield
    warn_of(command, grants.wait_for(scope))


def warn_of(command: CooperCommand, grants: AwaitedGrants) -> None:
    """Write what came of grants that were under way; nothing where there was none."""
    for line in grants.lines:
        command.warn(line)

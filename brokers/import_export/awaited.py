"""Grants that are under way while the steps of an import are applied."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from operator import or_

from brokers.grants.events import GrantScope
from brokers.grants.under_way import AwaitedGrants, GrantsUnderWay
from brokers.import_export.jobs import OnStep
from brokers.models import Import


@contextmanager
def grants_awaited(report: Callable[[AwaitedGrants], None]) -> Iterator[OnStep]:
    """Apply steps within the block, each passed to what this yields; then wait, once for all.

    `report` gets what came of the grants, even where a step failed: those before it are applied.
    """
    scopes = [GrantScope()]

    def note(job: Import, scope: GrantScope) -> None:
        scopes.append(scope)

    grants = GrantsUnderWay()
    try:
        yield note
    finally:
        report(grants.wait_for(reduce(or_, scopes)))

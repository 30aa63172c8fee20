"""Which tables an installation was set up with, so that restored ones are not taken for them.

A restore brings back what was taken away: people who were disabled, associations that were removed,
codes that were used. Restored tables hold the identities of those that they were restored from;
DynamoDB gave them others. So nothing is served from them before set-up has seen to them.
"""

import json

from core import installation
from core.dynamo import TableIdentity, existing_tables
from core.errors import CooperError
from core.installation import Installation

TABLE = Installation.Meta.table
"""The table that the item is in, by its name without the prefix."""

TABLES_ITEM = "tables"
"""The item with the identities of the tables, by their names without the prefix (JSON)."""

OTHER_TABLES = "OtherTables"
"""The code of the error that says so."""

NOT_THESE = (
    "These are not the tables that this installation was set up with: {names}. They were restored, "
    "copied or made anew. Nothing is served from them before you run: cooper -setup "
    "(docs/restore.md)."
)


def known_tables() -> dict[str, str]:
    """Return the identities that set-up wrote, empty when it has not; raise CooperError."""
    item = Installation.find(TABLES_ITEM)
    if item is None:
        return {}
    return dict(json.loads(str(item.value)))


def value_of(tables: dict[str, TableIdentity]) -> str:
    """Return these tables as the item holds them."""
    identities = {name: table.identity for name, table in sorted(tables.items())}
    return json.dumps(identities)


def others(identities: dict[str, str], tables: dict[str, TableIdentity]) -> list[str]:
    """Return the names of tables that have other identities than these, or are gone."""
    return sorted(
        name
        for name, identity in identities.items()
        if name not in tables or tables[name].identity != identity
    )


def refuse_other_tables() -> None:
    """Raise CooperError unless the tables are the ones that set-up has seen, every one of them."""
    identities = known_tables()
    if not identities:
        raise installation.NotSetUp(installation.NOT_SET_UP, f"no item {TABLES_ITEM}")

    tables = existing_tables()
    wrong = others(identities, tables)
    wrong += sorted(tables.keys() - identities.keys())
    if wrong:
        raise CooperError(NOT_THESE.format(names=", ".join(wrong)), code=OTHER_TABLES)

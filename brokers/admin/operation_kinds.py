"""The kinds of operation on targets, beside those that every ModelAdmin has."""

from enum import StrEnum


class TargetOperationKind(StrEnum):
    """A kind of operation on targets; those in bulk are named like their action in the list."""

    ENABLE = "enable"
    DISABLE = "disable"
    MARK_SENSITIVE = "mark_sensitive"
    UNMARK_SENSITIVE = "unmark_sensitive"
    ASSOCIATE = "associate"
    DISSOCIATE = "dissociate"
    SET_LONGEST = "set_longest"
    SET_OWNER = "set_owner"
    SET_RANK = "set_rank"
    SET_REASON = "set_reason"
    SET_COMMAND_LINES = "set_command_lines"
    IMPORT = "import"
    TEST = "try"
    """A probe: it may enable a pending target, and takes one that fails from everybody."""


WITH_CODE = frozenset(TargetOperationKind)
"""The kinds that take a one-time code."""

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
    IMPORT = "import"
    TEST = "try"
    """A probe that enables nothing, so that it takes no code."""


WITH_CODE = frozenset(TargetOperationKind) - {TargetOperationKind.TEST}
"""The kinds that take a one-time code: all but those that are named here."""

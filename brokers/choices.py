"""The fixed values that a target's fields take. Pure: no Django, no AWS."""

from enum import StrEnum


class Kind(StrEnum):
    """What one becomes."""

    ROLE = "role"
    FEDERATED_USER = "federated_user"


class State(StrEnum):
    """Whether people can become a target; a deleted one stays, emptied, to reserve its name."""

    PENDING = "pending"
    ENABLED = "enabled"
    DISABLED = "disabled"
    DELETED = "deleted"

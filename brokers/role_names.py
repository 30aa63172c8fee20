"""What links call targets: once in each AWS account, whatever the case.

A target without a name of its own goes by that of its role. Where
such names meet, links offer both targets, and set-up names them; only a name that somebody gives
anew is refused. Pure.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar

from brokers.choices import State

Place = tuple[str, str]
"""An AWS account, and a name within it in small letters; one of them is "" where links find none.
"""


class NamedTarget(Protocol):
    """A target as far as links know it."""

    @property
    def name(self) -> str: ...
    @property
    def aws_account(self) -> str | None: ...
    @property
    def role_name(self) -> str | None: ...
    @property
    def state(self) -> str: ...


N = TypeVar("N", bound=NamedTarget)


def role_name_of(values: Mapping[str, Any]) -> str | None:
    """Return what links call a target, by its attributes: None for a federated user without one."""
    role_name = values.get("role_name")
    role_arn = values.get("role_arn")
    if not role_name and role_arn:
        # the path of a role is not part of its name
        role_name = str(role_arn).rpartition("/")[2]
    return role_name


def place_of(aws_account: str | None, role_name: str | None) -> Place:
    """Return where links look a target up."""
    return str(aws_account or ""), str(role_name or "").casefold()


def others_called(targets: Iterable[NamedTarget], place: Place, *, but: str) -> list[str]:
    """Return the names of the other targets that links look up at a place, sorted."""
    names = []
    for target in targets:
        # most are in another AWS account: nothing is made of their names
        if target.aws_account != place[0] or target.name == but or target.state == State.DELETED:
            continue
        if place_of(target.aws_account, target.role_name) == place:
            names.append(target.name)
    return sorted(names)


def taken_message(role_name: str, names: list[str]) -> str:
    """Return why a target cannot be called so."""
    others = ", ".join(names)
    return (
        f"In this AWS account, links call {others} {role_name} already. "
        "Give this target another role name."
    )


def doubles(targets: Iterable[N]) -> dict[Place, list[N]]:
    """Return the targets that share a place, by that place."""
    targets_by_place: dict[Place, list[N]] = {}
    for target in targets:
        place = place_of(target.aws_account, target.role_name)
        if all(place) and target.state != State.DELETED:
            targets_by_place.setdefault(place, []).append(target)

    shared = {}
    for place, sharing in sorted(targets_by_place.items()):
        if len(sharing) > 1:
            shared[place] = sorted(sharing, key=lambda target: target.name)
    return shared

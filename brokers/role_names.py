"""What links call targets: once in each AWS account, whatever the case.

A target without a name of its own goes by that of its role (`catalogue_rows.role_name_of`). Where
such names meet, links offer both targets, and set-up names them; only a name that somebody gives
anew is refused.
"""

from collections.abc import Iterable

from brokers.catalogue_rows import CatalogueTarget
from brokers.choices import State

Place = tuple[str, str]
"""An AWS account, and a name within it in small letters; one of them is "" where links find none.
"""


def place_of(aws_account: str | None, role_name: str | None) -> Place:
    """Return where links look a target up."""
    return str(aws_account or ""), str(role_name or "").casefold()


def others_called(targets: Iterable[CatalogueTarget], place: Place, *, but: str) -> list[str]:
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


def doubles(targets: Iterable[CatalogueTarget]) -> dict[Place, list[str]]:
    """Return the names of targets by the place that they share with others."""
    names_by_place: dict[Place, list[str]] = {}
    for target in targets:
        place = place_of(target.aws_account, target.role_name)
        if all(place) and target.state != State.DELETED:
            names_by_place.setdefault(place, []).append(target.name)

    shared = {}
    for place, names in sorted(names_by_place.items()):
        if len(names) > 1:
            shared[place] = sorted(names)
    return shared

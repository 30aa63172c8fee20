"""What links call targets before an import and after it: given once, warned of. Pure."""

from collections.abc import Iterator

from brokers.import_export.plan import Problem
from brokers.import_export.snapshot import Contents, CurrentState, Values
from brokers.import_export.target_after import target_after
from brokers.role_names import Place, place_of, role_name_of, taken_message


class LinkNames:
    """Where links look targets up, before and after the import of one file."""

    def __init__(self, contents: Contents, current: CurrentState, *, prune: bool) -> None:
        self._contents = contents
        self._before: dict[str, Place] = {}
        for name, target in current.targets.items():
            self._before[name] = _place(target)

        # what the file does not name goes or stays
        is_pruned = prune and "targets" in contents.sections
        self._after = {} if is_pruned else dict(self._before)
        for name, in_file in contents.targets.items():
            before = current.targets.get(name)
            after = target_after(in_file, before, believe_probe=False)
            self._after[name] = _place(after)

        self._names_before = _names_by_place(self._before)
        self._names_after = _names_by_place(self._after)

    def conflicts(self) -> Iterator[Problem]:
        """Yield the names that the file gives a target and that another one has afterwards."""
        for name in self._contents.targets:
            role_name = self._role_name_in_file(name)
            others = self._others_after(name)
            is_new = self._before.get(name) != self._after[name]

            if role_name and others and is_new:
                field = ("targets", name, "role_name")
                message = taken_message(role_name, others)
                yield Problem(field, message)

    def notes_on_doubles(self, name: str, before: Values | None) -> list[str]:
        """Return the warning that a new target is called as another one by its role alone."""
        others = self._others_after(name)
        if before or not others:
            return []

        names = ", ".join(others)
        return [f"links call it as they call {names}: give one of them another role_name"]

    def holders_before(self, name: str) -> list[str]:
        """Return the other targets that links call so now; after the import none of them is."""
        if not self._role_name_in_file(name):
            return []
        return self._others(name, self._names_before)

    def _others_after(self, name: str) -> list[str]:
        return self._others(name, self._names_after)

    def _others(self, name: str, names_by_place: dict[Place, list[str]]) -> list[str]:
        """Return the other targets at the place that the target has after the import."""
        place = self._after.get(name, NOWHERE)
        names = names_by_place.get(place, ())
        return [other for other in names if other != name]

    def _role_name_in_file(self, name: str) -> str | None:
        """Return the role name that the file gives a target; None where it gives none."""
        if name not in self._contents.targets:
            return None
        role_name: str | None = self._contents.targets[name]["role_name"]
        return role_name


NOWHERE: Place = ("", "")


def notes_on_links(before: Values | None, after: Values | None) -> list[str]:
    """Return the warning that links no longer lead to a target; `after` is None for a removal."""
    if not before:
        return []

    place = _place(before)
    if not all(place):
        return []
    if after and _place(after) == place:
        return []

    role_name = role_name_of(before)
    account = before["aws_account"]
    return [f"links by the role name {role_name} in {account} no longer lead here"]


def _place(target: Values) -> Place:
    role_name = role_name_of(target)
    return place_of(target["aws_account"], role_name)


def _names_by_place(places: dict[str, Place]) -> dict[Place, list[str]]:
    names: dict[Place, list[str]] = {}
    for name, place in sorted(places.items()):
        if all(place):
            names.setdefault(place, []).append(name)
    return names

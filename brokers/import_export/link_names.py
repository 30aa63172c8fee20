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
        self._before = {name: _place(target) for name, target in current.targets.items()}
        self._after = dict(self._before)
        if prune and "targets" in contents.sections:
            self._after = {}

        for name, in_file in contents.targets.items():
            before = current.targets.get(name)
            after = target_after(in_file, before, believe_probe=False)
            self._after[name] = _place(after)

        self._names_before = _names_by_place(self._before)
        self._names_after = _names_by_place(self._after)

    def conflicts(self) -> Iterator[Problem]:
        """Yield the names that the file gives a target and that another one has afterwards."""
        for name, in_file in self._contents.targets.items():
            others = self._others_after(name)
            is_new = self._before.get(name) != self._after[name]
            if in_file["role_name"] and others and is_new:
                message = taken_message(in_file["role_name"], others)
                yield Problem(("targets", name, "role_name"), message)

    def notes_on_doubles(self, name: str, before: Values | None) -> list[str]:
        """Return the warning that a new target is called as another one by its role alone."""
        others = self._others_after(name)
        if before or not others:
            return []
        return [
            f"links call it as they call {', '.join(others)}: give one of them another role_name"
        ]

    def holders_before(self, name: str) -> list[str]:
        """Return the other targets that links call so now; after the import none of them is."""
        place = self._after.get(name, NOWHERE)
        if name not in self._contents.targets or not self._contents.targets[name]["role_name"]:
            return []
        return [other for other in self._names_before.get(place, ()) if other != name]

    def _others_after(self, name: str) -> list[str]:
        place = self._after.get(name, NOWHERE)
        return [other for other in self._names_after.get(place, ()) if other != name]


NOWHERE: Place = ("", "")


def notes_on_links(before: Values | None, after: Values | None) -> list[str]:
    """Return the warning that links no longer lead to a target; `after` is None for a removal."""
    if not before or not all(_place(before)):
        return []
    if after and _place(after) == _place(before):
        return []
    role_name = role_name_of(before)
    return [f"links by the role name {role_name} in {before['aws_account']} no longer lead here"]


def _place(target: Values) -> Place:
    return place_of(target["aws_account"], role_name_of(target))


def _names_by_place(places: dict[str, Place]) -> dict[Place, list[str]]:
    names: dict[Place, list[str]] = {}
    for name, place in sorted(places.items()):
        if all(place):
            names.setdefault(place, []).append(name)
    return names

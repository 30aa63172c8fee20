"""What a file asks for that cannot be done here, each with its place in the file. Pure."""

from collections.abc import Iterator

from brokers.import_export.link_names import LinkNames
from brokers.import_export.plan import Problem
from brokers.import_export.snapshot import Contents, CurrentState, Values


def find_conflicts(contents: Contents, current: CurrentState, *, prune: bool) -> list[Problem]:
    """Return why the current state cannot become what the file says; empty when it can."""
    return [
        *_account_conflicts(contents, current),
        *_target_conflicts(contents, current),
        *_name_conflicts(contents, current, prune),
        *_association_conflicts(contents, current, prune),
    ]


def _account_conflicts(contents: Contents, current: CurrentState) -> Iterator[Problem]:
    for account_id, in_file in contents.accounts.items():
        account = current.accounts.get(account_id)
        external_id = in_file.get("external_id")
        if account is None or external_id is None:
            continue

        if external_id != account["external_id"]:
            yield Problem(
                ("accounts", account_id, "external_id"),
                "This AWS account has another ExternalId here, and it never changes: "
                "trust policies name it.",
            )


def _target_conflicts(contents: Contents, current: CurrentState) -> Iterator[Problem]:
    for name, in_file in contents.targets.items():
        if name in current.deleted:
            yield Problem(
                ("targets", name),
                f"A target named {name} was deleted. Names are never used again.",
            )
        elif name in current.targets:
            yield from _changed_target_conflicts(name, in_file, current.targets[name])


def _changed_target_conflicts(name: str, in_file: Values, target: Values) -> Iterator[Problem]:
    if in_file["kind"] != target["kind"]:
        yield Problem(
            ("targets", name, "kind"),
            f"{name} has the kind {target['kind']} here. The kind of a target never changes.",
        )
        return

    keeps_keys = target["federation_keys"] and not in_file["federation_keys"]
    if not keeps_keys:
        return

    # an IAM user's keys belong to its AWS account, which no setting can change
    for attribute in ("aws_account", "partition"):
        if in_file[attribute] not in (None, target[attribute]):
            yield Problem(
                ("targets", name, attribute),
                f"The Federation Keys of {name} belong to {target[attribute]}.",
            )


def _name_conflicts(contents: Contents, current: CurrentState, prune: bool) -> Iterator[Problem]:
    has_other_kind = any(
        name in current.targets and in_file["kind"] != current.targets[name]["kind"]
        for name, in_file in contents.targets.items()
    )
    if not has_other_kind:
        yield from LinkNames(contents, current, prune=prune).conflicts()


def _association_conflicts(
    contents: Contents, current: CurrentState, prune: bool
) -> Iterator[Problem]:
    targets = set(contents.targets)
    removes_targets = prune and "targets" in contents.sections
    if not removes_targets:
        targets.update(current.targets)

    for name in contents.associations:
        if name not in targets:
            yield Problem(("associations", name), f"There is no target {name}.")

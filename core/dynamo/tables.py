"""Making cooper's tables, bringing them up to date, and verifying them.

It can be repeated, and several runs at the same time end the same.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings

from core import __version__
from core.dynamo.documents import Document, documents
from core.dynamo.table_description import Description, expiry_in, recovery_in, tag_keys_in
from core.dynamo.table_manager import Say, Status, TableManager
from core.dynamo.table_spec import TableSpec
from core.errors import Conflict, CooperError

MISSING = "missing"
"""What is wrong with a table that is not there."""


def ensure(
    kms_key_arn: str,
    say: Say,
    *,
    only: Sequence[type[Document]] | None = None,
    manager: TableManager | None = None,
) -> list[str]:
    """Make all tables as they have to be; return what was changed (nothing the second time).

    `say` is called with each step. Raise Conflict, before anything is changed anywhere, naming
    every table of that name with other keys; NotAllowed naming the missing IAM action; Unavailable
    when time is over.
    """
    manager = manager or TableManager(say)
    tables = [Table(TableSpec(model, kms_key_arn), manager) for model in only or documents()]

    _refuse_other_keys(tables)
    # AWS makes all of them at the same time
    for table in tables:
        table.create()
    for table in tables:
        table.wait_until_active()
    for table in tables:
        table.adjust()

    _verify(tables)
    say(f"{len(tables)} tables are as they have to be.")
    return manager.changed


def retired_indexes() -> list[str]:
    """Return the indexes that are there and that this version does without; raise CooperError."""
    manager = TableManager(lambda line: None)
    return [
        f"{table.spec.name}: {name}"
        for table in _tables_with_retired_indexes(manager)
        for name in table.retired_indexes()
    ]


def drop_retired_indexes(say: Say, *, manager: TableManager | None = None) -> list[str]:
    """Drop the indexes that this version does without; return what was changed.

    Raise CooperError as `ensure` does.
    """
    manager = manager or TableManager(say)
    for table in _tables_with_retired_indexes(manager):
        table.drop_retired_indexes()
    return manager.changed


def _tables_with_retired_indexes(manager: TableManager) -> "list[Table]":
    # nothing of the key is looked at
    return [Table(TableSpec(model, ""), manager) for model in documents() if model.retired_indexes]


def _refuse_other_keys(tables: "Sequence[Table]") -> None:
    """Raise Conflict when a table, or an index, has one of cooper's names and other keys."""
    conflicts = [table.key_conflict() for table in tables]
    reasons = [conflict for conflict in conflicts if conflict]
    if reasons:
        advice = (
            "Nothing was changed. Give cooper another COOPER_TABLE_PREFIX, or move that table away."
        )
        raise Conflict(f"{' '.join(reasons)} {advice}", code="OtherKeys")


def _verify(tables: "Sequence[Table]") -> None:
    """Look at everything once more; raise CooperError for what is not as it has to be."""
    wrong = [f"{table.spec.name}: {problem}" for table in tables for problem in table.problems()]
    if wrong:
        raise CooperError(f"Not as it has to be: {'; '.join(wrong)}. Run cooper -setup again.")


class Table:
    """A table in DynamoDB: how far each of its properties is, and the changes that are missing."""

    def __init__(self, spec: TableSpec, manager: TableManager) -> None:
        self.spec = spec
        self.manager = manager

    def key_conflict(self) -> str:
        """Return why a table of this name cannot be cooper's, or ""."""
        return self.spec.key_conflict(self._describe())

    def create(self) -> None:
        """Ask for the table unless it is there; do not wait for it."""
        arguments = self.spec.creation_arguments(_tag_list(tags()))
        self.manager.settle(
            f"{self.spec.name} ({self.spec.purpose}): creating",
            self._existence,
            lambda: self.manager.call("CreateTable", **arguments),
        )

    def wait_until_active(self) -> None:
        """Wait until the table can be used."""
        self._settle("until it is active", self._activity, lambda: None)

    def adjust(self) -> None:
        """Bring everything else up to date, one change after another, as DynamoDB demands."""
        spec = self.spec
        self._update("billing on demand", spec.is_on_demand, BillingMode="PAY_PER_REQUEST")
        self._update(
            "encryption with the KMS key", spec.is_encrypted, SSESpecification=spec.encryption()
        )
        self._update("deletion protection", spec.is_protected, DeletionProtectionEnabled=True)

        for name in spec.indexes:
            self._add_index(name)
        self._settle("point-in-time recovery", self._recovery_status, self._turn_recovery_on)
        if spec.ttl_name:
            self._settle("expiry of items", self._expiry_status, self._turn_expiry_on)
        self._settle("tags", self._tag_status, self._add_tags)

    def retired_indexes(self) -> list[str]:
        """Return the names of the indexes that are there and not needed any more."""
        description = self._describe() or {}
        return [name for name in self.spec.retired if self.spec.index_in(description, name)]

    def drop_retired_indexes(self) -> None:
        """Drop them, one after another, as DynamoDB demands."""
        for name in self.spec.retired:
            self._drop_index(name)

    def problems(self) -> list[str]:
        """Return what is not as it has to be, in words."""
        problems = self.description_problems()
        if problems == [MISSING]:
            return problems
        return [*problems, *self.recovery_problems(), *self.expiry_problems()]

    def description_problems(self) -> list[str]:
        """Return those that DescribeTable tells of."""
        description = self._describe()
        if description is None:
            return [MISSING]

        spec = self.spec
        conflict = spec.key_conflict(description)
        problems = [conflict] if conflict else []

        checks = {
            "not active": description["TableStatus"] in {"ACTIVE", "UPDATING"},
            "not billed on demand": spec.is_on_demand(description),
            "not encrypted with the KMS key": spec.is_encrypted(description),
            "no deletion protection": spec.is_protected(description),
        }
        for name in spec.indexes:
            checks[f"no index {name}"] = self._index_status(name) is Status.DONE

        problems += [problem for problem, is_right in checks.items() if not is_right]
        return problems

    def recovery_problems(self) -> list[str]:
        """Return what is not as it has to be of recovering the table."""
        if self._recovery_status() is Status.DONE:
            return []
        return ["no point-in-time recovery"]

    def expiry_problems(self) -> list[str]:
        """Return what is not as it has to be of items that expire."""
        if not self.spec.ttl_name or self._expiry_status() is Status.DONE:
            return []
        return ["no expiry of items"]

    # -- how far it is

    def _describe(self) -> Description | None:
        return self.manager.describe(self.spec.name)

    def _existence(self) -> Status:
        if self._describe() is None:
            return Status.MISSING
        return Status.DONE

    def _activity(self) -> Status:
        if _is_active(self._describe()):
            return Status.DONE
        return Status.IN_PROGRESS

    def _index_status(self, name: str) -> Status:
        description = self._describe()
        index = self.spec.index_in(description, name) if description else None
        if index is not None and index.get("IndexStatus", "ACTIVE") == "ACTIVE":
            return Status.DONE

        # a table takes one change at a time
        if index is None and _is_active(description):
            return Status.MISSING
        return Status.IN_PROGRESS

    def _removal_status(self, name: str) -> Status:
        description = self._describe() or {}
        if self.spec.index_in(description, name) is None:
            return Status.DONE
        # a table takes one change at a time
        if _is_active(description):
            return Status.MISSING
        return Status.IN_PROGRESS

    def _recovery_status(self) -> Status:
        name = self.spec.name
        recovery = self.manager.read(name, "DescribeContinuousBackups", recovery_in, TableName=name)
        if recovery.get("PointInTimeRecoveryStatus") == "ENABLED":
            return Status.DONE
        return Status.MISSING

    def _expiry_status(self) -> Status:
        """Raise Conflict when items expire by another attribute."""
        name = self.spec.name
        ttl_name = self.spec.ttl_name
        expiry = self.manager.read(name, "DescribeTimeToLive", expiry_in, TableName=name)
        status = expiry.get("TimeToLiveStatus", "DISABLED")
        attribute = expiry.get("AttributeName", ttl_name)

        if status == "DISABLING":
            return Status.IN_PROGRESS
        # ENABLING takes up to an hour and goes on by itself
        if status not in {"ENABLED", "ENABLING"}:
            return Status.MISSING
        if attribute != ttl_name:
            raise Conflict(
                f"The table {name} lets items expire by {attribute}, not by {ttl_name}. "
                "Turn that off first."
            )
        return Status.DONE

    def _tag_status(self) -> Status:
        if self._missing_tags():
            return Status.MISSING
        return Status.DONE

    def _missing_tags(self) -> dict[str, str]:
        arn = self._arn()
        existing = self.manager.read(
            self.spec.name, "ListTagsOfResource", tag_keys_in, ResourceArn=arn
        )
        return {key: value for key, value in tags().items() if key not in existing}

    def _arn(self) -> str:
        return str((self._describe() or {})["TableArn"])

    # -- changes

    def _settle(self, what: str, look: Callable[[], Status], change: Callable[[], object]) -> None:
        self.manager.settle(f"{self.spec.name}: {what}", look, change)

    def _update(self, what: str, is_right: Callable[[Description], bool], **arguments: Any) -> None:
        """Call UpdateTable with these arguments unless the table is right."""

        def look() -> Status:
            description = self._describe()
            # UpdateTable is refused while another change is under way
            if description is None or not _is_active(description):
                return Status.IN_PROGRESS
            if is_right(description):
                return Status.DONE
            return Status.MISSING

        def change() -> None:
            self.manager.call("UpdateTable", TableName=self.spec.name, **arguments)

        self._settle(what, look, change)

    def _add_index(self, name: str) -> None:
        index = self.spec.indexes[name]

        def change() -> None:
            # the attributes of the table and its other indexes go along; unused ones are refused
            definitions = (self._describe() or {}).get("AttributeDefinitions", [])
            names = {entry["AttributeName"] for entry in (*definitions, *index["KeySchema"])}
            known_names = sorted(names & self.spec.types.keys())
            self.manager.call(
                "UpdateTable",
                TableName=self.spec.name,
                AttributeDefinitions=self.spec.definitions(known_names),
                GlobalSecondaryIndexUpdates=[{"Create": index}],
            )

        self._settle(f"index {name}", lambda: self._index_status(name), change)

    def _drop_index(self, name: str) -> None:
        def change() -> None:
            self.manager.call(
                "UpdateTable",
                TableName=self.spec.name,
                GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": name}}],
            )

        self._settle(f"dropping index {name}", lambda: self._removal_status(name), change)

    def _turn_recovery_on(self) -> None:
        self.manager.call(
            "UpdateContinuousBackups",
            TableName=self.spec.name,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )

    def _turn_expiry_on(self) -> None:
        self.manager.call(
            "UpdateTimeToLive",
            TableName=self.spec.name,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": self.spec.ttl_name},
        )

    def _add_tags(self) -> None:
        """Add the tags that are missing; others' tags stay."""
        missing = _tag_list(self._missing_tags())
        self.manager.call("TagResource", ResourceArn=self._arn(), Tags=missing)


def _is_active(description: Description | None) -> bool:
    return description is not None and description["TableStatus"] == "ACTIVE"


def tags() -> dict[str, str]:
    """Return the tags of cooper's tables."""
    return {
        "application": "cooper",
        "cooper:prefix": settings.COOPER_TABLE_PREFIX,
        "cooper:made-by": __version__,
    }


def _tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Return tags as DynamoDB takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]

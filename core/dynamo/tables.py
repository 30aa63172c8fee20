"""The tables as cooper needs them: made, brought up to date and verified, however often and by however many at once."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from django.conf import settings

from core import __version__
from core.dynamo.control import Say, Status, TableManager
from core.dynamo.documents import Document, documents
from core.errors import Conflict, CooperError

AuditSearch = dict[str, Any] | None
Documents = Sequence[type[Document]]


def ensure(
    kms_key_arn: str,
    say: Say,
    *,
    only: Documents | None = None,
    control: TableManager | None = None,
) -> list[str]:
    """Make all tables as they have to be and return what was changed (nothing the second time).

    `say` is called with each step, for people to read. Raise Conflict naming every table of that name with other keys,
    before anything is changed anywhere; NotAllowed naming the IAM action that lacks; Unavailable when time is over.
    """
    wanted = [Table(model, kms_key_arn) for model in only or documents()]
    control = control or TableManager(say)
    refuse_foreign(wanted, control)
    for deed in (Table.begin, Table.wait, Table.adjust):
        for table in wanted:
            deed(table, control)
    verify(wanted, control)
    say(f"{len(wanted)} tables are as they have to be.")
    return control.changed


def refuse_foreign(wanted: "Iterable[Table]", control: TableManager) -> None:
    """Raise Conflict when a table, or an index, has one of cooper's names and other keys."""
    reasons = [
        reason for table in wanted if (reason := table.foreign(control.describe(table.name)))
    ]
    if reasons:
        advice = (
            "Nothing was changed. Give cooper another COOPER_TABLE_PREFIX, or move that table away."
        )
        raise Conflict(f"{' '.join(reasons)} {advice}", code="OtherKeys")


def verify(wanted: "Iterable[Table]", control: TableManager) -> None:
    """Look at everything once more; raise CooperError for what is not as it has to be."""
    wrong = [f"{table.name}: {what}" for table in wanted for what in table.lacking(control)]
    if wrong:
        raise CooperError(f"Not as it has to be: {'; '.join(wrong)}. Run cooper_setup again.")


class Table:
    """One wanted table: what it has to be, and where each part of that stands."""

    def __init__(self, model: type[Document], kms_key_arn: str) -> None:
        """Take the keys and indexes from the document."""
        self.model, self.key_arn = model, kms_key_arn
        self.name = str(model.Meta.table_name)
        described = model.table_description()
        self.keys = described["KeySchema"]
        self.types = {
            each["AttributeName"]: each["AttributeType"]
            for each in described["AttributeDefinitions"]
        }
        self.indexes = {index["IndexName"]: index for index in described["GlobalSecondaryIndexes"]}
        self.ttl = model.ttl_name()

    # -- what is there

    def foreign(self, found: AuditSearch) -> str:
        """Return why a table of this name cannot be cooper's, or ""."""
        if found is None:
            return ""
        types = {
            each["AttributeName"]: each["AttributeType"]
            for each in found.get("AttributeDefinitions", [])
        }
        there = {index["IndexName"]: index for index in found.get("GlobalSecondaryIndexes", [])}
        if not self._same(self.keys, found["KeySchema"], types):
            there_are, wanted = _said(found["KeySchema"], types), _said(self.keys, self.types)
            return f"The table {self.name} exists with other keys: {there_are}, not {wanted}."
        for name, index in self.indexes.items():
            if name in there and not self._same(
                index["KeySchema"], there[name]["KeySchema"], types
            ):
                return f"The table {self.name} has an index {name} with other keys."
        return ""

    def _same(
        self, wanted: list[dict[str, str]], found: list[dict[str, str]], types: dict[str, str]
    ) -> bool:
        """Return whether two lists of keys are the same, types included."""
        return _said(wanted, self.types) == _said(found, types)

    def _active(self, control: TableManager) -> Status:
        """Return where the table itself stands."""
        found = control.describe(self.name)
        return Status.DONE if found and found["TableStatus"] == "ACTIVE" else Status.UNDER_WAY

    def _looking(
        self, control: TableManager, is_so: Callable[[dict[str, Any]], bool]
    ) -> Callable[[], Status]:
        """Return a look at the table: done when `is_so`, under way while the table is being changed."""

        def look() -> Status:
            found = control.describe(self.name)
            if found is None or found["TableStatus"] != "ACTIVE":
                return Status.UNDER_WAY
            return Status.DONE if is_so(found) else Status.WANTED

        return look

    def _protected(self, found: dict[str, Any]) -> bool:
        """Return whether the table cannot be deleted by mistake."""
        return bool(found.get("DeletionProtectionEnabled"))

    def _encrypted(self, found: dict[str, Any]) -> bool:
        """Return whether the table is encrypted with the wanted key."""
        sse = found.get("SSEDescription") or {}
        return (
            sse.get("Status") in {"ENABLED", "ENABLING", "UPDATING"}
            and sse.get("KMSMasterKeyArn") == self.key_arn
        )

    def _on_demand(self, found: dict[str, Any]) -> bool:
        """Return whether the table is billed on demand."""
        return (found.get("BillingModeSummary") or {}).get("BillingMode") == "PAY_PER_REQUEST"

    def _index(self, name: str, control: TableManager) -> Status:
        """Return where an index stands."""
        found = control.describe(self.name) or {}
        there = {index["IndexName"]: index for index in found.get("GlobalSecondaryIndexes", [])}
        if name not in there:
            return Status.WANTED if found.get("TableStatus") == "ACTIVE" else Status.UNDER_WAY
        return (
            Status.DONE
            if there[name].get("IndexStatus", "ACTIVE") == "ACTIVE"
            else Status.UNDER_WAY
        )

    def _backed_up(self, control: TableManager) -> Status:
        """Return where point-in-time recovery stands."""
        answer = control.patiently(self.name, "DescribeContinuousBackups", TableName=self.name)
        recovery = (
            answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription") or {}
        )
        return (
            Status.DONE if recovery.get("PointInTimeRecoveryStatus") == "ENABLED" else Status.WANTED
        )

    def _expiring(self, control: TableManager) -> Status:
        """Return where the expiry of items stands; raise Conflict when items expire by another attribute."""
        answer = control.patiently(self.name, "DescribeTimeToLive", TableName=self.name)[
            "TimeToLiveDescription"
        ]
        status, attribute = (
            answer.get("TimeToLiveStatus", "DISABLED"),
            answer.get("AttributeName", self.ttl),
        )
        if status in {"ENABLED", "ENABLING"} and attribute != self.ttl:
            message = f"The table {self.name} lets items expire by {attribute}, not by {self.ttl}. Turn that off first."
            raise Conflict(message)
        # ENABLING takes up to an hour and goes on by itself
        return {"ENABLED": Status.DONE, "ENABLING": Status.DONE, "DISABLING": Status.UNDER_WAY}.get(
            status, Status.WANTED
        )

    def _tags_missing(self, control: TableManager) -> dict[str, str]:
        """Return the tags that the table lacks."""
        found = control.describe(self.name) or {}
        answer = control.patiently(self.name, "ListTagsOfResource", ResourceArn=found["TableArn"])
        there = {tag["Key"] for tag in answer.get("Tags", [])}
        return {key: value for key, value in tags().items() if key not in there}

    # -- what is done about it

    def begin(self, control: TableManager) -> None:
        """Ask for the table unless it is there; do not wait for it."""

        def look() -> Status:
            return Status.WANTED if control.describe(self.name) is None else Status.DONE

        what = f"{self.name} ({self.model.purpose}): creating"
        control.settle(what, look, lambda: control.call("CreateTable", **self._creation()))

    def _creation(self) -> dict[str, Any]:
        """Return CreateTable's arguments."""
        indexes = {"GlobalSecondaryIndexes": list(self.indexes.values())} if self.indexes else {}
        return {
            "TableName": self.name,
            "KeySchema": self.keys,
            "AttributeDefinitions": self._definitions(self.types),
            "BillingMode": "PAY_PER_REQUEST",
            "SSESpecification": self._encryption(),
            "DeletionProtectionEnabled": True,
            "Tags": _pairs(tags()),
            **indexes,
        }

    def _definitions(self, names: Iterable[str]) -> list[dict[str, str]]:
        """Return the types of the attributes in DynamoDB's words."""
        return [{"AttributeName": name, "AttributeType": self.types[name]} for name in names]

    def _encryption(self) -> dict[str, Any]:
        """Return the wanted encryption in DynamoDB's words."""
        return {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": self.key_arn}

    def wait(self, control: TableManager) -> None:
        """Wait until the table is ACTIVE."""
        control.settle(
            f"{self.name}: until it is active", lambda: self._active(control), lambda: None
        )

    def adjust(self, control: TableManager) -> None:
        """Bring everything else up to date, one change after another, as DynamoDB allows."""
        updates: list[tuple[str, Callable[[dict[str, Any]], bool], dict[str, Any]]] = [
            ("billing on demand", self._on_demand, {"BillingMode": "PAY_PER_REQUEST"}),
            (
                "encryption with the KMS key",
                self._encrypted,
                {"SSESpecification": self._encryption()},
            ),
            ("deletion protection", self._protected, {"DeletionProtectionEnabled": True}),
        ]
        for what, is_so, arguments in updates:
            self._settle(
                control,
                what,
                self._looking(control, is_so),
                "UpdateTable",
                TableName=self.name,
                **arguments,
            )
        for name, index in self.indexes.items():
            self._add_index(control, name, index)
        self._back_up(control)
        if self.ttl:
            self._expire(control)
        self._tag(control)

    def _settle(
        self,
        control: TableManager,
        what: str,
        look: Callable[[], Status],
        operation: str,
        **arguments: Any,
    ) -> None:
        """Settle one thing of this table."""
        control.settle(f"{self.name}: {what}", look, lambda: control.call(operation, **arguments))

    def _add_index(self, control: TableManager, name: str, index: dict[str, Any]) -> None:
        """Add an index unless it is there."""

        def change() -> None:
            found = (control.describe(self.name) or {}).get("AttributeDefinitions", [])
            # those of the table and its other indexes go along; unused ones would be refused
            names = {each["AttributeName"] for each in (*found, *index["KeySchema"])}
            control.call(
                "UpdateTable",
                TableName=self.name,
                AttributeDefinitions=self._definitions(sorted(names & self.types.keys())),
                GlobalSecondaryIndexUpdates=[{"Create": index}],
            )

        control.settle(f"{self.name}: index {name}", lambda: self._index(name, control), change)

    def _back_up(self, control: TableManager) -> None:
        """Turn point-in-time recovery on."""
        wanted = {
            "TableName": self.name,
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        }
        look = partial(self._backed_up, control)
        self._settle(control, "point-in-time recovery", look, "UpdateContinuousBackups", **wanted)

    def _expire(self, control: TableManager) -> None:
        """Let items expire."""
        wanted = {
            "TableName": self.name,
            "TimeToLiveSpecification": {"Enabled": True, "AttributeName": self.ttl},
        }
        self._settle(
            control,
            "expiry of items",
            partial(self._expiring, control),
            "UpdateTimeToLive",
            **wanted,
        )

    def _tag(self, control: TableManager) -> None:
        """Add the tags that lack; others' tags stay."""

        def change() -> None:
            arn = (control.describe(self.name) or {})["TableArn"]
            control.call("TagResource", ResourceArn=arn, Tags=_pairs(self._tags_missing(control)))

        def look() -> Status:
            return Status.WANTED if self._tags_missing(control) else Status.DONE

        control.settle(f"{self.name}: tags", look, change)

    def lacking(self, control: TableManager) -> list[str]:
        """Return what is not as it has to be, in words."""
        found = control.describe(self.name)
        if found is None:
            return ["missing"]
        so = {
            self.foreign(found) or "keys": not self.foreign(found),
            "not active": found["TableStatus"] in {"ACTIVE", "UPDATING"},
            "not billed on demand": self._on_demand(found),
            "not encrypted with the KMS key": self._encrypted(found),
            "no deletion protection": self._protected(found),
            "no point-in-time recovery": self._backed_up(control) is Status.DONE,
            "no expiry of items": not self.ttl or self._expiring(control) is Status.DONE,
            **{
                f"no index {name}": self._index(name, control) is Status.DONE
                for name in self.indexes
            },
        }
        return [what for what, right in so.items() if not right]


def tags() -> dict[str, str]:
    """Return the tags of cooper's tables."""
    return {
        "application": "cooper",
        "cooper:prefix": settings.COOPER_TABLE_PREFIX,
        "cooper:made-by": __version__,
    }


def _pairs(tagged: dict[str, str]) -> list[dict[str, str]]:
    """Return tags in DynamoDB's words."""
    return [{"Key": key, "Value": value} for key, value in tagged.items()]


def _said(keys: list[dict[str, str]], types: dict[str, str]) -> str:
    """Say keys in a few words: `day (S, HASH), at (S, RANGE)`."""
    parts = sorted((key["KeyType"], key["AttributeName"]) for key in keys)
    return ", ".join(f"{name} ({types.get(name, '?')}, {kind})" for kind, name in parts)

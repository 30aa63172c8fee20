"""Set-up: from nothing to an installation, however often, by however many, cut short anywhere."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from accounts.command_lines import CommandLine
from accounts.models import Person, WebSession
from brokers import catalogue
from brokers.models import Change, Target
from cooper_project import schema, setup
from cooper_project.setup_changes import SetupChanges
from core import audit, aws, installation, secret_keys
from core.audit import AuditEvent, Event
from core.dynamo import Document, documents, table_manager, tables
from core.dynamo.documents import _documents
from core.dynamo.table_manager import TableManager
from core.errors import Conflict, CooperError, NotAllowed, Unavailable
from core.installation import Installation
from embedded_aws import EmbeddedAws
from sso_portal import registration_keys
from tests.support.aws_refusals import refusing
from tests.support.events import all_events
from tests.support.shipping import Killed
from tests.support.versions import store_version

CHANGING = (
    "CreateTable",
    "UpdateTable",
    "UpdateContinuousBackups",
    "UpdateTimeToLive",
    "TagResource",
)
WRITING = ("PutItem", "UpdateItem", "TransactWriteItems")


def killed(changes: SetupChanges) -> None:
    raise Killed


def quiet(line: str) -> None:
    """Say nothing."""


@pytest.fixture
def empty(store: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> EmbeddedAws:
    """Return an AWS without any table; nobody waits long for it."""
    monkeypatch.setattr(table_manager, "LIMIT", 30.0)
    store.tables.clear()
    return store


def dynamodb(method: str, **arguments: Any) -> Any:
    return getattr(aws.client("dynamodb"), method)(**arguments)


def names() -> list[str]:
    return sorted(model.Meta.table_name for model in documents())


def described(name: str) -> dict[str, Any]:
    """Return everything about a table that set-up is to see to."""
    table = dynamodb("describe_table", TableName=name)["Table"]
    backups = dynamodb("describe_continuous_backups", TableName=name)[
        "ContinuousBackupsDescription"
    ]
    ttl = dynamodb("describe_time_to_live", TableName=name)["TimeToLiveDescription"]
    tags = dynamodb("list_tags_of_resource", ResourceArn=table["TableArn"])["Tags"]
    return {
        "status": table["TableStatus"],
        "billing": table["BillingModeSummary"]["BillingMode"],
        "key": table["SSEDescription"]["KMSMasterKeyArn"],
        "protected": table["DeletionProtectionEnabled"],
        "indexes": sorted(index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])),
        "recovery": backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
        "ttl": ttl.get("AttributeName")
        if ttl["TimeToLiveStatus"] in {"ENABLED", "ENABLING"}
        else None,
        "tags": {tag["Key"] for tag in tags},
    }


def whole() -> dict[str, dict[str, Any]]:
    return {name: described(name) for name in names()}


INDEXES = {
    AuditEvent: ["by-person", "outlines-by-target"],
    CommandLine: ["by-person"],
    WebSession: ["by-person"],
}


def wanted() -> dict[str, dict[str, Any]]:
    """Return what `whole` has to be."""
    key = aws.client("kms").describe_key(KeyId=settings.COOPER_KMS_KEY)["KeyMetadata"]["Arn"]
    return {
        model.Meta.table_name: {
            "status": "ACTIVE",
            "billing": "PAY_PER_REQUEST",
            "key": key,
            "protected": True,
            "indexes": INDEXES.get(model, []),
            "recovery": "ENABLED",
            "ttl": model.ttl_name() or None,
            "tags": {"application", "cooper:prefix", "cooper:made-by"},
        }
        for model in documents()
    }


def events(kind: Event) -> list[AuditEvent]:
    return [each for each in all_events() if each.event == str(kind)]


def is_complete() -> bool:
    """Return whether everything beside the tables is there as well."""
    installation.refuse_other_schema()
    secret_keys.decrypt_stored()
    assert Installation.find(installation.STOP_SWITCH_ITEM).stopped is False
    catalogue.forget()
    return catalogue.current().number == 0


# -- the plain way ---------------------------------------------------------------------------------


def test_it_makes_every_table_as_it_has_to_be(empty: EmbeddedAws) -> None:
    said: list[str] = []
    changed = setup.set_up(said.append)
    assert whole() == wanted()
    assert is_complete()
    assert len([line for line in said if "creating" in line]) == len(names())
    assert {"secret key", "emergency stop", "catalogue stamp", "version 2"} <= set(changed)


def test_it_changes_nothing_the_second_time(empty: EmbeddedAws) -> None:
    setup.set_up(quiet)
    before, secret = whole(), secret_keys.decrypt_stored()
    assert setup.set_up(quiet) == []
    assert (whole(), secret_keys.decrypt_stored()) == (before, secret)


def test_it_only_looks_the_second_time(empty: EmbeddedAws) -> None:
    setup.set_up(quiet)
    asked: list[str] = []
    handler = lambda model, **_: asked.append(model.name)  # noqa: E731
    aws.client("dynamodb").meta.events.register("before-call.dynamodb", handler)
    try:
        setup.set_up(quiet)
    finally:
        aws.client("dynamodb").meta.events.unregister("before-call.dynamodb", handler)
    assert not set(asked) & {*CHANGING, *WRITING}, asked


def test_it_records_who_set_up_once(empty: EmbeddedAws) -> None:
    with audit.acting(extra={"os_user": "carol"}):
        setup.set_up(quiet)
        setup.set_up(quiet)
    recorded = events(Event.SETUP_DONE)
    assert len(recorded) == 1
    assert recorded[0].facts["os_user"] == "carol"
    assert "secret key" in recorded[0].facts["changed"]


def test_it_writes_the_schema_version_last_so_that_half_a_set_up_is_never_served(
    empty: EmbeddedAws,
) -> None:
    with (
        refusing("dynamodb", "TransactWriteItems", "AccessDeniedException"),
        pytest.raises(NotAllowed),
    ):
        setup.set_up(quiet)
    with pytest.raises(CooperError, match="not set up"):
        installation.refuse_other_schema()


# -- several at once, cut short --------------------------------------------------------------------


def test_a_first_run_finds_what_another_one_finished_meanwhile(
    empty: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure = secret_keys.ensure
    tries: list[Callable[..., bool]] = []

    def overtaken(write_beside: Any) -> bool:
        tries.append(ensure)
        if len(tries) == 1:
            monkeypatch.setattr(secret_keys, "ensure", ensure)
            setup.set_up(quiet)
            # this run has read before the other one wrote
            with monkeypatch.context() as before:
                before.setattr(Installation, "find", lambda *_: None)
                return ensure(write_beside)
        return ensure(write_beside)

    monkeypatch.setattr(secret_keys, "ensure", overtaken)
    assert "secret key" not in setup.set_up(quiet)
    assert len(tries) == 2


def test_it_ends_the_same_with_four_at_once(empty: EmbeddedAws) -> None:
    command = [sys.executable, "manage.py", "cooper_setup"]
    runs = [
        subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(4)
    ]
    said = [run.communicate(timeout=120)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0, 0], said
    assert whole() == wanted()
    assert is_complete()
    assert len(secret_keys.decrypt_stored()) == 1


def in_a_child(operation: Callable[[], object]) -> int:
    """Run an operation in a fork with connections of its own; return its exit code."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            aws.forget_clients()
            operation()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_after(changes: int) -> None:
    """Set up, and be gone after this many changes, before anything else can be done."""
    left = [changes]

    def count(model: Any, **_: Any) -> None:
        if model.name in {*CHANGING, *WRITING}:
            left[0] -= 1
            if left[0] == 0:
                os._exit(9)

    aws.client("dynamodb").meta.events.register("after-call.dynamodb", count)
    setup.set_up(quiet)


def test_an_item_is_made_together_with_the_event_of_all_that_was_changed(
    store: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is cut off right after it finds nothing left to do, and so nothing to record."""
    dynamodb("update_table", TableName=Target.Meta.table_name, DeletionProtectionEnabled=False)
    installation.set_up_item(registration_keys.ITEM).delete()
    before = len(events(Event.SETUP_DONE))
    monkeypatch.setattr(SetupChanges, "record", killed)
    with pytest.raises(Killed):
        setup.set_up(quiet)

    monkeypatch.undo()
    assert setup.set_up(quiet) == []
    *_, last = events(Event.SETUP_DONE)
    assert len(events(Event.SETUP_DONE)) == before + 1
    assert len(last.facts["changed"]) == 2 and last.facts["changed"][-1] == "registration key"


def test_a_version_that_is_not_seen_hides_no_event(
    store: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the first run makes an item without an event, and DynamoDB says which one that is."""
    installation.set_up_item(registration_keys.ITEM).delete()
    monkeypatch.setattr("cooper_project.schema.find_item", lambda _name: None)
    with pytest.raises(Conflict):
        setup.set_up(quiet)
    assert Installation.find(registration_keys.ITEM) is None


def killed_until_done(changes: int) -> int:
    """Set up until it is not killed any more; return how often it was killed."""
    for times in range(100):
        code = in_a_child(lambda: killed_after(changes))
        if code == 0:
            return times
        assert code == 9
    raise AssertionError("never done")


def test_it_goes_on_where_it_was_killed(empty: EmbeddedAws) -> None:
    assert killed_until_done(4) >= 6
    assert whole() == wanted()
    assert is_complete()
    assert len(events(Event.SETUP_DONE)) == 1


@pytest.mark.soak
def test_it_goes_on_where_it_was_killed_after_every_single_change(empty: EmbeddedAws) -> None:
    assert killed_until_done(1) >= 30
    assert whole() == wanted()
    assert is_complete()


# -- tables that are there already -----------------------------------------------------------------


def make(name: str, key: str = "person", **more: Any) -> None:
    dynamodb(
        "create_table",
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        **{"BillingMode": "PAY_PER_REQUEST", **more},
    )


def test_it_refuses_a_table_with_other_keys_by_name_and_changes_nothing(empty: EmbeddedAws) -> None:
    make(Person.Meta.table_name, key="id")
    with pytest.raises(
        Conflict, match=f"{Person.Meta.table_name} exists with other keys: id .S, HASH., not person"
    ):
        setup.set_up(quiet)
    assert dynamodb("list_tables")["TableNames"] == [Person.Meta.table_name]
    assert not dynamodb("describe_table", TableName=Person.Meta.table_name)["Table"].get(
        "DeletionProtectionEnabled"
    )


def test_it_refuses_a_key_of_another_type(empty: EmbeddedAws) -> None:
    dynamodb(
        "create_table",
        TableName=Person.Meta.table_name,
        KeySchema=[{"AttributeName": "person", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "person", "AttributeType": "N"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(Conflict, match=r"person \(N, HASH\), not person \(S, HASH\)"):
        setup.set_up(quiet)


def test_it_names_every_table_with_other_keys(empty: EmbeddedAws) -> None:
    make(Person.Meta.table_name, key="id")
    make(WebSession.Meta.table_name, key="id")
    with pytest.raises(Conflict) as refused:
        setup.set_up(quiet)
    assert Person.Meta.table_name in refused.value.message
    assert WebSession.Meta.table_name in refused.value.message


def test_it_brings_a_plain_table_up_to_date_and_keeps_its_items(empty: EmbeddedAws) -> None:
    plain = {
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    }
    make(Person.Meta.table_name, **plain, Tags=[{"Key": "owner", "Value": "platform"}])
    dynamodb("put_item", TableName=Person.Meta.table_name, Item={"person": {"S": "local:alice"}})
    setup.set_up(quiet)
    found = whole()
    assert found[Person.Meta.table_name].pop("tags") == {
        "owner",
        "application",
        "cooper:prefix",
        "cooper:made-by",
    }
    assert found[Person.Meta.table_name] == {
        name: value for name, value in wanted()[Person.Meta.table_name].items() if name != "tags"
    }
    assert dynamodb("scan", TableName=Person.Meta.table_name)["Count"] == 1


@pytest.mark.parametrize(
    ("what", "method", "arguments"),
    [
        ("deletion protection", "update_table", {"DeletionProtectionEnabled": False}),
        (
            "point-in-time recovery",
            "update_continuous_backups",
            {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}},
        ),
        (
            "expiry of items",
            "update_time_to_live",
            {"TimeToLiveSpecification": {"Enabled": False, "AttributeName": "expires"}},
        ),
    ],
)
def test_it_mends_what_somebody_turned_off(
    empty: EmbeddedAws, what: str, method: str, arguments: dict[str, Any]
) -> None:
    setup.set_up(quiet)
    dynamodb(method, TableName=Change.Meta.table_name, **arguments)
    assert setup.set_up(quiet) == [f"{Change.Meta.table_name}: {what}"]
    assert whole() == wanted()


def test_it_adds_an_index_that_lacks(empty: EmbeddedAws) -> None:
    setup.set_up(quiet)
    removal = [{"Delete": {"IndexName": "outlines-by-target"}}]
    dynamodb(
        "update_table", TableName=AuditEvent.Meta.table_name, GlobalSecondaryIndexUpdates=removal
    )
    assert setup.set_up(quiet) == [f"{AuditEvent.Meta.table_name}: index outlines-by-target"]
    assert whole() == wanted()


def test_it_encrypts_with_the_new_key_when_another_is_given(
    empty: EmbeddedAws, settings: Any
) -> None:
    setup.set_up(quiet)
    other = aws.client("kms").create_key()["KeyMetadata"]
    settings.COOPER_KMS_KEY = other["KeyId"]
    encrypted = {f"{name}: encryption with the KMS key" for name in names()}
    assert set(setup.set_up(quiet)) == encrypted | {"KMS key"}
    assert {table["key"] for table in whole().values()} == {other["Arn"]}


def test_it_refuses_items_that_expire_by_another_attribute(empty: EmbeddedAws) -> None:
    make(WebSession.Meta.table_name, key="key_hash")
    other = {"Enabled": True, "AttributeName": "until"}
    dynamodb(
        "update_time_to_live", TableName=WebSession.Meta.table_name, TimeToLiveSpecification=other
    )
    with pytest.raises(Conflict, match="expire by until, not by expires"):
        setup.set_up(quiet)


# -- what AWS answers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "code", "message"),
    [
        ("CreateTable", "LimitExceededException", "Too many tables are being created"),
        ("CreateTable", "ThrottlingException", "Rate exceeded"),
        (
            "UpdateContinuousBackups",
            "ContinuousBackupsUnavailableException",
            "Backups are being enabled for the table",
        ),
        ("UpdateTimeToLive", "ResourceInUseException", "Table is being updated"),
        ("UpdateTimeToLive", "ValidationException", "TimeToLive is already enabled"),
        (
            "UpdateTimeToLive",
            "ValidationException",
            "Time to live has been modified multiple times within a fixed interval",
        ),
        ("DescribeTable", "InternalServerError", "The request could not be served"),
    ],
)
def test_it_waits_for_what_passes_by_itself(
    empty: EmbeddedAws, operation: str, code: str, message: str
) -> None:
    with refusing("dynamodb", operation, code, message, times=2) as refused:
        setup.set_up(quiet)
    assert len(refused) == 2
    assert whole() == wanted()


def test_it_gives_up_when_time_is_over_and_says_how_to_go_on(empty: EmbeddedAws) -> None:
    with (
        refusing("dynamodb", "UpdateContinuousBackups", "ContinuousBackupsUnavailableException"),
        pytest.raises(
            Unavailable,
            match="point-in-time recovery: not done within 1 s. Run cooper -setup again",
        ),
    ):
        tables.ensure(key_arn(), quiet, manager=TableManager(quiet, limit=1.0), only=[Person])


def key_arn() -> str:
    return str(aws.client("kms").describe_key(KeyId=settings.COOPER_KMS_KEY)["KeyMetadata"]["Arn"])


@pytest.mark.parametrize(
    "operation",
    [
        "DescribeTable",
        "CreateTable",
        "DescribeContinuousBackups",
        "UpdateContinuousBackups",
        "DescribeTimeToLive",
        "UpdateTimeToLive",
        "ListTagsOfResource",
    ],
)
def test_it_names_the_permission_that_lacks(empty: EmbeddedAws, operation: str) -> None:
    with (
        refusing("dynamodb", operation, "AccessDeniedException", "not authorized"),
        pytest.raises(NotAllowed, match=f"lacks dynamodb:{operation}"),
    ):
        setup.set_up(quiet)


def test_it_names_the_permission_that_aws_names(empty: EmbeddedAws) -> None:
    message = (
        "User: arn:aws:iam::111111111111:user/cooper is not authorized to perform: "
        "kms:CreateGrant on resource: x"
    )
    with (
        refusing("dynamodb", "CreateTable", "AccessDeniedException", message),
        pytest.raises(NotAllowed, match="lacks kms:CreateGrant"),
    ):
        setup.set_up(quiet)


def test_it_does_not_believe_aws_that_a_thing_was_done(empty: EmbeddedAws) -> None:
    class Forgetful(TableManager):
        def settle(self, what: str, *looks: Any) -> None:
            if "deletion protection" not in what:
                super().settle(what, *looks)

    make(Person.Meta.table_name)
    with pytest.raises(CooperError, match=f"{Person.Meta.table_name}: no deletion protection"):
        tables.ensure(key_arn(), quiet, manager=Forgetful(quiet), only=[Person])


# -- the KMS key -----------------------------------------------------------------------------------


def unusable() -> Iterator[tuple[str, Callable[[], str]]]:
    kms = aws.client

    def disabled() -> str:
        made = kms("kms").create_key()["KeyMetadata"]["KeyId"]
        kms("kms").disable_key(KeyId=made)
        return str(made)

    def going() -> str:
        made = kms("kms").create_key()["KeyMetadata"]["KeyId"]
        kms("kms").schedule_key_deletion(KeyId=made)
        return str(made)

    def signing() -> str:
        made = kms("kms").create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")
        return str(made["KeyMetadata"]["KeyId"])

    yield "is disabled. Enable it", disabled
    yield "being deleted", going
    yield "not for encryption", signing
    yield "KMS knows no key", lambda: "alias/nobody-made-this"


@pytest.mark.parametrize(("why", "key"), list(unusable()))
def test_it_looks_at_the_key_before_anything_is_made(
    empty: EmbeddedAws, settings: Any, why: str, key: Callable[[], str]
) -> None:
    settings.COOPER_KMS_KEY = key()
    with pytest.raises(CooperError, match=why):
        setup.set_up(quiet)
    assert dynamodb("list_tables")["TableNames"] == []


def test_it_takes_an_alias(empty: EmbeddedAws, settings: Any) -> None:
    aws.client("kms").create_alias(AliasName="alias/set-up", TargetKeyId=settings.COOPER_KMS_KEY)
    arn = key_arn()
    settings.COOPER_KMS_KEY = "alias/set-up"
    setup.set_up(quiet)
    assert {table["key"] for table in whole().values()} == {arn}


# -- versions and secret keys ----------------------------------------------------------------------


def test_it_refuses_a_newer_schema_before_anything_is_changed(empty: EmbeddedAws) -> None:
    setup.set_up(quiet)
    store_version(installation.SCHEMA + 1)
    dynamodb("update_table", TableName=Person.Meta.table_name, DeletionProtectionEnabled=False)
    with pytest.raises(CooperError, match="Install the newer cooper"):
        setup.set_up(quiet)
    assert described(Person.Meta.table_name)["protected"] is False


def test_it_keeps_the_version_until_the_upgrade_is_finished(
    empty: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup.set_up(quiet)
    steps: list[int] = []
    monkeypatch.setattr(installation, "SCHEMA", 4)
    for version in (2, 3):
        monkeypatch.setitem(schema.STEPS, version, lambda _, done=version: steps.append(done))

    lines: list[str] = []
    assert setup.set_up(lines.append) == []
    assert "cooper -setup -finish-upgrade" in lines[-1]
    assert (installation.schema_version(), steps) == (2, [])

    assert setup.set_up(quiet, finish_upgrade=True) == ["version 3", "version 4"]
    assert (installation.schema_version(), steps) == (4, [2, 3])
    assert setup.set_up(quiet, finish_upgrade=True) == []
    assert {event.facts.get("schema") for event in events(Event.SETUP_DONE)} == {2, 3, 4}


def test_it_keeps_the_secret_key_encrypted(empty: EmbeddedAws) -> None:
    setup.set_up(quiet)
    stored = Installation.find("secret-keys").value
    assert secret_keys.decrypt_stored()[0] not in stored


# -- a document of tomorrow ------------------------------------------------------------------------


def test_it_refuses_an_index_with_other_keys(empty: EmbeddedAws) -> None:
    setup.set_up(quiet)

    class ByPerson(GlobalSecondaryIndex[Any]):
        class Meta:
            index_name = "by-person"
            projection = AllProjection()

        target = UnicodeAttribute(hash_key=True)

    class Tomorrow(Document):
        day = UnicodeAttribute(hash_key=True)
        at = UnicodeAttribute(range_key=True)
        target = UnicodeAttribute(null=True)
        by_person = ByPerson()

        class Meta:
            table = "audit"

    _documents.remove(Tomorrow)
    with pytest.raises(Conflict, match="has an index by-person with other keys"):
        tables.ensure(key_arn(), quiet, only=[Tomorrow])


# -- names in links --------------------------------------------------------------------------------
def test_it_names_the_targets_that_links_call_the_same(store: EmbeddedAws) -> None:
    target = Target.find("dev-read")
    assert target is not None
    values = {"aws_account": target.aws_account, "state": "enabled"}
    double = Target("zz-double", kind="role", role_arn=str(target.role_arn).upper(), **values)
    deleted = Target("zz-gone", kind="role", role_arn=target.role_arn, **values)
    deleted.state = "deleted"
    catalogue.edit(lambda writes: writes.create(double), "zz-double")
    catalogue.edit(lambda writes: writes.create(deleted), "zz-gone")

    lines: list[str] = []
    setup.set_up(lines.append)
    [line] = [line for line in lines if "the same" in line]
    assert "links call dev-read, zz-double the same" in line
    assert "Give each but one a role name of its own" in line

    double.role_name = "another"
    catalogue.edit(lambda writes: writes.save(double), "zz-double")
    setup.set_up(lines.append)
    assert len([line for line in lines if "the same" in line]) == 1

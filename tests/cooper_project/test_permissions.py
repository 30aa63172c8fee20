"""`cooper -check` under docs/iam/serve.json: what it grants is tried, and what lacks is named."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cooper_project import checkup
from cooper_project.checkup import Finding, Level
from cooper_project.checkup.permissions import DENIED, NOT_TRIED
from cooper_project.outside import Addresses
from core.dynamo import probes
from embedded_aws import EmbeddedAws
from tests.support.iam import Permission, Policy
from tests.support.iam_stage import IAM, Stage

SERVE = Policy.read(IAM / "serve.json")

GRANTED = [one for one in SERVE.permissions() if one.action not in NOT_TRIED]


@pytest.fixture
def stage(
    store: EmbeddedAws, client_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    return Stage("serve.json", store, client_of, tmp_path, monkeypatch, new_key="")


@pytest.fixture
def find(stage: Stage) -> Callable[[str], list[Finding]]:
    """Return what runs a check of the list under the stage's policy."""

    def run(name: str) -> list[Finding]:
        [check] = [one for one in checkup.CHECKS if one.name == name]
        with stage.enforced():
            return checkup.run(check, Addresses())

    return run


def test_under_the_server_s_policy_everything_is_well(stage: Stage, find: Any) -> None:
    before = {name: len(table.all_items()) for name, table in stage.aws.tables.items()}
    for name in ("clock", "credentials", "tables", "kms-key", "permissions", "administrators"):
        assert {finding.level for finding in find(name)} <= {Level.OK, Level.NOTE}, name
    seen, refused = find("table-settings")
    assert seen.level is Level.OK and seen.text.endswith(": keys, indexes, encryption, protection")
    assert refused.level is Level.NOTE
    assert refused.text.startswith("not allowed to look at recovery and expiry, ")
    assert "DescribeContinuousBackups" in refused.text and "DescribeTimeToLive" in refused.text

    # nothing was written
    after = {name: len(table.all_items()) for name, table in stage.aws.tables.items()}
    assert after == before


@pytest.mark.parametrize("permission", GRANTED, ids=str)
def test_a_permission_that_lacks_is_named(stage: Stage, find: Any, permission: Permission) -> None:
    stage.policy = SERVE.without(permission)
    texts = [one.text for one in find("permissions") if one.level is Level.PROBLEM]
    # without kms:Decrypt DynamoDB opens no table either
    assert any(permission.action in text for text in texts), texts


def test_what_the_server_may_look_at_of_tables_is_looked_at(stage: Stage, find: Any) -> None:
    stage.aws.tables["cooper-once"].deletion_protection_enabled = False
    wrong, refused = find("table-settings")
    assert wrong.level is Level.WARNING
    assert wrong.text == "cooper-once: no deletion protection. Run cooper -setup"
    assert refused.level is Level.NOTE


def test_whoever_sets_up_may_look_at_all_of_it(stage: Stage, find: Any) -> None:
    stage.policy = Policy.read(IAM / "setup.json")
    [seen] = find("table-settings")
    assert seen.level is Level.OK and seen.text.endswith("protection, recovery, expiry")


def test_what_the_policy_denies_is_tried_too(stage: Stage, find: Any) -> None:
    denied = {table.Meta.table_name: set(actions) for table, actions in DENIED}  # type: ignore[attr-defined]
    for statement in json.loads((IAM / "serve.json").read_text())["Statement"]:
        resource = str(statement["Resource"]).rpartition("/")[2]
        if statement["Effect"] == "Deny" and resource in denied:
            assert {f"dynamodb:{one}" for one in denied.pop(resource)} == set(statement["Action"])
    assert denied == {}

    allowed = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}
    stage.policy = Policy((*[one for one in SERVE.statements if one["Effect"] == "Allow"], allowed))
    [warning] = [one for one in find("permissions") if one.level is Level.WARNING]
    assert "dynamodb:DeleteItem on cooper-audit" in warning.text
    assert "kms:Encrypt for a secret key" in warning.text


def test_a_probe_that_would_write_is_reported(
    store: EmbeddedAws, find: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "NEVER", "attribute_not_exists(#key)")
    texts = [one.text for one in find("permissions") if one.level is Level.PROBLEM]
    assert any("did what it never should" in text for text in texts)


def test_nobody_who_administers_is_warned_of(find: Any, settings: Any) -> None:
    settings.COOPER_ADMIN_GROUPS = ["local:nobody"]
    [finding] = find("administrators")
    assert finding.level is Level.WARNING and "cooper -user add NAME" in finding.text

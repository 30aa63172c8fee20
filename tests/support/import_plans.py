"""Files and current states, as plain values, for tests of what an import does."""

from datetime import UTC, datetime
from typing import Any

from brokers.import_export import planner
from brokers.import_export.plan import Plan, TargetPlan
from brokers.import_export.snapshot import DEFAULTS, SECTIONS, Contents, CurrentState
from brokers.readiness import attributes_from

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
UNTIL = "2030-01-02T03:04:00Z"

ACCOUNT = "222222222222"
EXTERNAL_ID = "cooper-0123"
ARN = f"arn:aws:iam::{ACCOUNT}:role/dev-read"
KEYS = {"federation_keys": "QUJD", "federation_keys_kms_arn": "arn:kms", "access_key_id": "AKIA"}

ALL_WELL = {
    "works": True,
    "external_id_enforced": True,
    "tag_session": True,
    "source_identity": True,
    "longest_seconds": 3600,
    "findings": [],
}
LACKING = {**ALL_WELL, "tag_session": False, "findings": ["no tags"]}

ACCOUNTS_IN_FILE = {ACCOUNT: {"name": "Dev", "external_id": EXTERNAL_ID}}
CURRENT_ACCOUNTS = {ACCOUNT: {"name": "Dev", "external_id": EXTERNAL_ID, "stopped": False}}


# -- targets ---------------------------------------------------------------------------------------
def role(**settings: Any) -> dict[str, Any]:
    """Return a role as a file has it, without a state and not probed."""
    place = {"role_arn": ARN, "aws_account": ACCOUNT}
    return {**DEFAULTS, "kind": "role", **place, "state": None, **settings}


def user(**settings: Any) -> dict[str, Any]:
    """Return a federated user as a file has it, without keys and a state, and not probed."""
    place = {"session_policy": "{}", "aws_account": ACCOUNT}
    return {**DEFAULTS, "kind": "federated_user", **place, "state": None, **settings}


def facts(result: dict[str, Any], kind: str = "role") -> dict[str, Any]:
    """Return what a target keeps of a probe."""
    return attributes_from(result, is_role=kind == "role")


def probed_role(result: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    """Return an enabled role as a file has it that tells of its probe."""
    return {**role(state="enabled", **settings), "facts": facts(result or ALL_WELL)}


def stored(
    target: dict[str, Any], result: dict[str, Any] | None = None, state: str = "enabled"
) -> dict[str, Any]:
    """Return a target as cooper has it, with what a probe found (nothing lacking)."""
    values = {name: value for name, value in target.items() if name != "facts"}
    return {**values, **facts(result or ALL_WELL, target["kind"]), "state": state}


# -- files and current states ----------------------------------------------------------------------
def in_file(
    accounts: Any = None, rules: Any = None, sections: Any = SECTIONS, **targets: Any
) -> Contents:
    """Return what a file says."""
    if accounts is None:
        accounts = ACCOUNTS_IN_FILE
    return Contents(accounts, targets, rules or {}, frozenset(sections))


def state_of(
    *, deleted: tuple[str, ...] = (), accounts: Any = None, rules: Any = None, **targets: Any
) -> CurrentState:
    """Return a current state, everything of version 7."""
    if accounts is None:
        accounts = CURRENT_ACCOUNTS
    rules = rules or {}

    versions: dict[tuple[str, ...], int] = {}
    for account_id in accounts:
        versions["account", account_id] = 7
    for name in targets:
        versions["target", name] = 7
    for name, groups in rules.items():
        for group in groups:
            versions[name, group] = 7
    return CurrentState(accounts, targets, rules, versions=versions, deleted=frozenset(deleted))


EMPTY = state_of(accounts={})


# -- plans -----------------------------------------------------------------------------------------
def plan(contents: Contents, current: CurrentState, now: datetime = NOW, **options: bool) -> Plan:
    """Return what importing would do on one day of 2026."""
    return planner.plan(contents, current, now, **options)


def only_target(import_plan: Plan) -> TargetPlan:
    """Return the plan's one target."""
    assert import_plan.problems == []
    [target] = import_plan.targets
    return target


def problems_of(import_plan: Plan) -> dict[tuple[str, ...], str]:
    """Return the messages of a plan that cannot be carried out, by their paths."""
    assert not import_plan
    return {problem.path: problem.message for problem in import_plan.problems}

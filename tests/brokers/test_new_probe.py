"""What calls for a new probe: the form, bulk actions and imports agree."""

from dataclasses import replace

import pytest

from brokers import catalogue, readiness
from brokers.admin import bulk_changes, target_save
from brokers.import_export import planner
from brokers.import_export.current_state import current_state
from brokers.models import State, Target
from core import audit
from demo.seed import SPARE_ROLE
from tests.support.forms import submit

NAME = "dev-read"
"""An enabled role whose probe was complete; its longest session is four hours."""

ALLOW_ALL = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'

CHANGES = [
    ("role_arn", f"arn:aws:iam::444444444444:role/{SPARE_ROLE}", True),
    ("session_policy", ALLOW_ALL, True),
    ("policy_arns", ["arn:aws:iam::aws:policy/ReadOnlyAccess"], True),
    ("max_seconds", 18_000, True),
    ("max_seconds", 10_800, False),
    ("max_seconds", 900, False),
    ("title", "Other", False),
    ("region", "eu-west-1", False),
    ("labels", ["env=other"], False),
]  # fmt: skip

each_change = pytest.mark.parametrize(("attribute", "value", "new_probe"), CHANGES)


@pytest.fixture
def probes(monkeypatch) -> list[str]:
    """Return the names of the targets that a form or an action has probed."""
    probed: list[str] = []
    probe = target_save.probe

    def counting(target: Target, external_id: str = ""):
        probed.append(str(target.name))
        return probe(target, external_id)

    monkeypatch.setattr(target_save, "probe", counting)
    return probed


@each_change
def test_the_rule_says_whether_a_change_takes_a_new_probe(store, attribute, value, new_probe):
    before = getattr(Target.find(NAME), attribute)
    assert readiness.invalidates_probe({attribute: (before, value)}) is new_probe


@each_change
def test_the_form_probes_where_the_rule_says_so(client_of, probes, attribute, value, new_probe):
    typed = "\n".join(value) if isinstance(value, list) else value
    change = f"/admin/brokers/target/{NAME}/change/"
    answer = submit(client_of("carol"), change, "target_form", **{attribute: typed})
    assert answer.status_code == 302
    assert probes == [NAME] * new_probe
    assert Target.find(NAME).state == State.ENABLED


@each_change
def test_a_bulk_action_probes_where_the_rule_says_so(store, probes, attribute, value, new_probe):
    change = bulk_changes.set_attribute(attribute, value)
    bulk_changes.run([NAME], change, "set", lambda _: [])
    assert getattr(Target.find(NAME), attribute) == value
    assert probes == [NAME] * new_probe


@each_change
def test_an_import_forgets_the_probe_where_the_rule_says_so(store, attribute, value, new_probe):
    current = current_state(catalogue.current())
    assert current.targets[NAME]["tag_session"] and current.targets[NAME]["state"] == "enabled"
    changed = current.targets | {NAME: {**current.targets[NAME], attribute: value}}

    plan = planner.plan(replace(current, targets=changed), current, audit.now())

    [target] = plan.targets
    assert ("tag_session" in target.values) is new_probe
    assert target.values.get("state", "enabled") == ("pending" if new_probe else "enabled")


# -- more is asked of the same result --------------------------------------------------------------
def test_the_form_and_a_bulk_action_probe_a_target_that_becomes_sensitive(client_of, probes):
    carol = client_of("carol")
    submit(carol, f"/admin/brokers/target/{NAME}/change/", "target_form", sensitive="on")
    assert probes == [NAME]

    bulk_changes.run(
        ["dev-admin"], bulk_changes.set_attribute("sensitive", True), "set", lambda _: []
    )
    assert probes == [NAME, "dev-admin"]


def test_an_import_decides_by_the_stored_result_when_a_target_becomes_sensitive(store):
    current = current_state(catalogue.current())
    changed = current.targets | {NAME: {**current.targets[NAME], "sensitive": True}}

    plan = planner.plan(replace(current, targets=changed), current, audit.now())

    [target] = plan.targets
    assert target.values == {"sensitive": True}

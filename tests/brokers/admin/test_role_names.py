"""What links call a target: once in an AWS account, whatever the case; changes are warned of."""

import pytest

from brokers import catalogue
from brokers.admin import link_names
from brokers.models import Target
from core.audit import Event
from core.audit_history import events_of
from demo.seed import SPARE_ROLE
from tests.support.codes import next_code
from tests.support.forms import errors_in, fields_of, submit

ADD = "/admin/brokers/target/add/?kind=role"
FORM = "target_form"
SPARE = f"arn:aws:iam::444444444444:role/{SPARE_ROLE}"


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def add_role(carol, name="support-read", **typed):
    values = {"name": name, "title": "Support", "role_arn": SPARE, "max_seconds": "3600"}
    return submit(carol, ADD, FORM, **(values | typed))


def change(name: str) -> str:
    return f"/admin/brokers/target/{name}/change/"


def test_what_was_typed_is_stored_shown_searched_and_on_the_audit_log(carol):
    typed = {
        "role_name": "Support",
        "owner": "Team Support",
        "rank": "10",
        "reason_pattern": r"OPS-\d{1,6}",
        "reason_example": "OPS-42",
    }
    assert add_role(carol, **typed).status_code == 302

    target = Target.find("support-read")
    stored = {name: str(getattr(target, name)) for name in typed}
    assert stored == typed

    [event] = [row for row in events_of("support-read") if row.event == Event.TARGET_ADDED]
    changes = event.facts["changes"]
    assert changes["owner"] == ["", "Team Support"] or changes["owner"] == [None, "Team Support"]
    assert {"role_name", "rank", "reason_pattern", "reason_example"} <= changes.keys()

    for query in ("Team+Support", "Support"):
        assert "support-read" in carol.get(f"/admin/brokers/target/?q={query}").text
    filtered = carol.get("/admin/brokers/target/?owner=Team+Support").text
    assert "support-read" in filtered
    assert "prod-read" not in filtered.split("result_list")[1]


def test_the_name_of_another_target_is_refused_on_its_field(carol):
    assert add_role(carol, role_name="Support").status_code == 302
    answer = add_role(carol, name="second", role_name="sUPPORT")
    assert answer.status_code == 400
    assert "links call support-read sUPPORT already" in errors_in(answer.text)
    assert Target.find("second") is None

    assert add_role(carol, name="second", role_name="Other").status_code == 302


def test_an_empty_name_is_that_of_the_role_which_another_target_may_have(carol):
    assert add_role(carol).status_code == 302
    answer = add_role(carol, name="second")
    assert answer.status_code == 400
    assert f"links call support-read {SPARE_ROLE} already" in errors_in(answer.text)


def test_one_that_shares_a_name_already_can_be_changed_otherwise(carol):
    assert add_role(carol).status_code == 302
    double = Target("second", kind="role", role_arn=SPARE, aws_account="444444444444", title="B")
    catalogue.edit(lambda writes: writes.create(double), "second")

    answer = submit(carol, change("second"), FORM, title="C")
    assert answer.status_code == 302, errors_in(answer.text)
    assert Target.find("second").title == "C"


def test_of_two_that_take_a_name_at_the_same_moment_one_gets_it(carol, monkeypatch):
    """Another edit is written after this form was checked and before it is written."""
    genuine = link_names.demand_free
    calls = []

    def demand_free(current, operation):
        genuine(current, operation)
        calls.append(current.number)
        if len(calls) == 2:
            rival = Target("rival", kind="role", role_arn=SPARE, aws_account="444444444444")
            catalogue.edit(lambda writes: writes.create(rival), "rival")

    monkeypatch.setattr(link_names, "demand_free", demand_free)
    answer = add_role(carol)
    assert len(calls) == 2
    assert answer.status_code == 400
    assert "links call rival" in errors_in(answer.text)
    assert Target.find("support-read") is None


def test_a_change_and_a_removal_warn_that_links_break(carol):
    assert add_role(carol).status_code == 302
    warning = f"Links by the role name {SPARE_ROLE} in AWS account 444444444444 no longer lead"

    fields = fields_of(carol.get(change("support-read")).text, FORM)
    shown = carol.post(change("support-read"), fields | {"role_name": "Other"})
    assert "Nothing is saved yet" in shown.text
    assert warning in shown.text

    fields |= {"role_name": SPARE_ROLE.upper(), "code": next_code("carol")}
    assert carol.post(change("support-read"), fields).status_code == 302

    page = carol.get("/admin/brokers/target/support-read/delete/").text
    assert f"Links by the role name {SPARE_ROLE.upper()} in AWS account 444444444444" in page

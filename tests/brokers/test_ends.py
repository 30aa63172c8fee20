"""The end of an association: a day alone ends with that day (UTC), a past end warns; everywhere."""

from datetime import UTC, datetime

import pytest
from django import forms

from brokers.form_fields import UntilField
from brokers.import_export.export import export
from brokers.models import Association
from cooper_project.management.commands import cooper_import
from core.errors import CooperError
from tests.support.codes import next_code
from tests.support.forms import fields_of, looked_at

END_OF_DAY = datetime(2031, 2, 4, tzinfo=UTC)
"""Of 2031-02-03: the first moment that is not of that day any more."""

PAST = "is past: it entitles nobody"


@pytest.fixture
def carol(client_of):
    client_of("alice")
    return client_of("carol")


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("2031-02-03", END_OF_DAY),
        (" 2031-02-03 ", END_OF_DAY),
        ("20310203", END_OF_DAY),
        ("9999-12-31", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2031-02-03T00:00", datetime(2031, 2, 3, tzinfo=UTC)),
        ("2031-02-03T04:05", datetime(2031, 2, 3, 4, 5, tzinfo=UTC)),
        ("2031-02-03 04:05", datetime(2031, 2, 3, 4, 5, tzinfo=UTC)),
        ("2031-02-03T04:05:06Z", datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)),
        ("2031-02-03T04:05+02:00", datetime(2031, 2, 3, 2, 5, tzinfo=UTC)),
        ("", None),
    ],
)
def test_an_end_is_read(typed, moment):
    assert UntilField(required=False).clean(typed) == moment


@pytest.mark.parametrize(
    "typed", ["02/03/2031", "2/3/31", "2031-02-30", "2031-13-01", "tomorrow", "2031", "0001-01-01x"]
)
def test_what_may_mean_two_days_is_refused(typed):
    with pytest.raises(forms.ValidationError):
        UntilField(required=False).clean(typed)


@pytest.mark.parametrize("typed", ["9999-12-31T23:59-05:00", "0001-01-01T00:00+14:00"])
def test_a_moment_beyond_the_calendar_of_utc_is_refused(typed):
    with pytest.raises(forms.ValidationError, match="Enter a valid date/time"):
        UntilField(required=False).clean(typed)


def test_a_file_with_such_a_moment_is_refused(carol):
    with pytest.raises(CooperError, match="the file has errors"):
        plan_of("{late: '9999-12-31T23:59-05:00'}")


def test_a_form_and_a_file_read_a_day_alike(carol):
    address = "/admin/brokers/association/add/"
    typed = {"target": "dev-read", "group": "by-form", "until": "2031-02-03"}
    looked_at(carol, address, typed | {"code": next_code("carol")})
    assert Association.find("dev-read", "local:by-form").until == END_OF_DAY

    plan = plan_of("{by-file: 2031-02-03, by-text: '2031-02-03', by-time: 2031-02-04T00:00:00Z}")
    ends = {group: end for target in plan.targets for group, end in target.rules.added.items()}
    assert set(ends) == {"local:by-file", "local:by-text", "local:by-time"}
    assert set(ends.values()) == {"2031-02-04T00:00:00Z"}


def plan_of(groups: str):
    """Return the plan of a file that only associates these groups with a target."""
    text = f"cooper: 1\nassociations:\n  dev-read: {groups}\n"
    return cooper_import.draft(text.encode(), prune=False).plan


def test_an_export_has_moments_in_utc_alone(carol):
    address = "/admin/brokers/association/add/"
    typed = {"target": "dev-read", "group": "by-form", "until": "2031-02-03T04:05+02:00"}
    looked_at(carol, address, typed | {"code": next_code("carol")})
    text, _ = export()
    [line] = [line for line in text.splitlines() if "local:by-form" in line]
    assert "2031-02-03T02:05:00Z" in line


# -- a past end warns ------------------------------------------------------------------------------
def test_a_past_end_warns_in_the_form_of_an_association(carol):
    typed = {"target": "dev-read", "group": "late", "until": "2020-02-03T04:05"}
    page = carol.post("/admin/brokers/association/add/", typed | {"code": next_code("carol")})
    assert f"dev-read: the end of local:late, 2020-02-03 04:05 UTC, {PAST}." in page.text
    assert Association.find("dev-read", "local:late") is None


def test_a_past_end_warns_in_the_form_of_a_target(carol):
    address = "/admin/brokers/target/dev-read/change/"
    fields = fields_of(carol.get(address).text, "target_form")
    fields |= {"associations-0-until": "2020-02-03T04:05", "code": next_code("carol")}
    page = carol.post(address, fields)
    assert f"dev-read: the end of local:developers, 2020-02-03 04:05 UTC, {PAST}." in page.text


def test_a_past_end_warns_in_a_bulk_action(carol):
    typed = {"action": "associate", "_selected_action": ["dev-read", "staging-db"], "told": "1"}
    typed |= {"group": "late", "until": "2020-02-03"}
    page = carol.post("/admin/brokers/target/", typed)
    for name in ("dev-read", "staging-db"):
        assert f"{name}: the end of local:late, 2020-02-04 00:00 UTC, {PAST}." in page.text


def test_a_past_end_warns_in_an_import(carol):
    [target] = plan_of("{late: 2020-02-03T04:05:00Z, never: , later: 2099-01-01}").targets
    assert [note for note in target.notes if PAST in note] == [
        f"the end of local:late, 2020-02-03 04:05 UTC, {PAST}."
    ]


@pytest.mark.parametrize("until", ["", "2099-02-03T04:05"])
def test_an_end_to_come_warns_of_nothing(carol, until):
    typed = {"target": "dev-read", "group": "late", "until": until}
    page = carol.post("/admin/brokers/association/add/", typed | {"code": next_code("carol")})
    assert PAST not in page.text

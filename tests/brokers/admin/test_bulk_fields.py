"""Owner, rank and demanded reason of many targets at once."""

import pytest

from brokers.models import Target
from core.audit import Event
from core.audit_history import events_of
from tests.support.forms import confirmed

LIST = "/admin/brokers/target/"
NAMES = ("dev-read", "prod-read")
PATTERN = r"OPS-\d{1,6}"


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def chosen(action: str, **typed: str) -> dict[str, object]:
    return {"action": action, "_selected_action": list(NAMES), "told": "yes", **typed}


def done(client, action: str, **typed: str):
    return confirmed(client, LIST, confirmed="yes", **chosen(action, **typed))


@pytest.mark.parametrize(
    ("action", "typed"),
    [
        ("set_owner", {"owner": "Platform"}),
        ("set_rank", {"rank": "0"}),
        ("set_reason", {"reason_pattern": PATTERN, "reason_example": "OPS-42"}),
        ("set_command_lines", {"command_lines": "permit"}),
    ],
)
def test_it_sets_them_and_takes_them_away(carol, action, typed):
    assert "2 targets changed" in done(carol, action, **typed).text
    for name in NAMES:
        target = Target.find(name)
        assert {key: str(getattr(target, key)) for key in typed} == typed
        newest = next(row for row in events_of(name) if row.event == Event.TARGET_CHANGED)
        assert typed.keys() <= newest.facts["changes"].keys()

    assert "2 targets changed" in done(carol, action, **dict.fromkeys(typed, "")).text
    assert {getattr(Target.find(name), key) for key in typed for name in NAMES} == {None}


@pytest.mark.parametrize(
    ("action", "typed", "message"),
    [
        ("set_rank", {"rank": "1000"}, "less than or equal to 999"),
        ("set_owner", {"owner": "x" * 121}, "at most 120"),
        ("set_reason", {"reason_pattern": "a*"}, "Character 2"),
        ("set_reason", {"reason_pattern": "a", "reason_example": "b"}, "does not match"),
        ("set_reason", {"reason_pattern": "", "reason_example": "b"}, "needs a pattern"),
        ("set_command_lines", {"command_lines": "open"}, "not one of the available choices"),
    ],
)
def test_it_refuses_what_the_form_of_a_target_refuses(carol, action, typed, message):
    before = Target.find("dev-read").attribute_values
    answer = carol.post(LIST, chosen(action, **typed))
    assert message in answer.text
    assert Target.find("dev-read").attribute_values == before


@pytest.mark.parametrize(("names", "count"), [(["dev-read"], "1 target"), (NAMES, "2 targets")])
def test_the_page_says_of_how_many_it_is(carol, names, count):
    page = carol.post(LIST, {"action": "set_owner", "_selected_action": list(names)}).text
    assert f"Set the owner: {count}</h1>" in page

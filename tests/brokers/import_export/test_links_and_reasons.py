"""Owner, rank, name in links, reason and default contact by files, old ones included."""

import pytest

from brokers import catalogue
from brokers.impact import PeopleByGroup
from brokers.import_export import jobs
from brokers.import_export.drafts import draft
from brokers.import_export.summary import describe
from brokers.models import Target
from core.audit import Event
from core.errors import Conflict
from core.installation import STOP_SWITCH_ITEM, Installation
from tests.support.events import all_events
from tests.support.import_files import HEAD, ROLE, A, T, emptied, exported, imported, refused

SETTINGS = r"""role_name: Support
    owner: Team Support
    rank: 0
    reason_pattern: OPS-\d{1,6}
    reason_example: OPS-42
    command_lines: permit
"""
OLD = "cooper: 1\ntargets:\n" + ROLE
SECOND = "  b:\n    kind: role\n    role_arn: arn:aws:iam::444444444444:role/b\n"

REFUSED = {
    "a bad name": ("role_name: a b\n", "line 6, column 16: 1 to 64 of"),
    "a long owner": (f"owner: {'x' * 121}\n", "at most 120 characters"),
    "a high rank": ("rank: 1000\n", "less than or equal to 999"),
    "a pattern that is none": ("reason_pattern: a*\n", "Character 2: there are no endless"),
    "a pattern without example": ("reason_pattern: OPS-\n", "Give an example"),
    "a way that there is none of": ("command_lines: open\n", "not one of the available choices"),
    "an example that does not match": (
        "reason_pattern: OPS-\n    reason_example: x\n",
        "line 7, column 21: This does not match",
    ),
}


@pytest.fixture
def installation(store):
    emptied(store)


def notes_of(text: str, *, prune: bool = False) -> str:
    plan = draft(text.encode(), prune=prune).plan
    return " ".join(line for change in describe(plan, PeopleByGroup([])) for line in change.lines)


def test_they_go_out_and_come_in_again(installation):
    contact_before = Installation.find(STOP_SWITCH_ITEM).default_contact
    text = HEAD + "default_contact: IT, room 7\n" + (A + SETTINGS).removeprefix(HEAD)
    imported(text)
    target = Target.find("a")
    assert (target.role_name, target.owner, target.rank) == ("Support", "Team Support", 0)
    assert (target.reason_pattern, target.reason_example) == (r"OPS-\d{1,6}", "OPS-42")
    assert target.command_lines == "permit"
    assert Installation.find(STOP_SWITCH_ITEM).default_contact == "IT, room 7"

    file = exported()
    assert "\ndefault_contact: IT, room 7\n" in file
    assert not draft(file.encode()).plan
    emptied_contact = file.replace("default_contact: IT, room 7", "default_contact:")
    imported(emptied_contact)
    assert Installation.find(STOP_SWITCH_ITEM).default_contact is None

    changes = [
        event.facts["changes"] for event in all_events() if event.event == Event.CONTACT_CHANGED
    ]
    assert {"default_contact": [contact_before, "IT, room 7"]} in changes
    assert {"default_contact": ["IT, room 7", None]} in changes


def test_an_old_file_leaves_alone_what_it_cannot_say(installation):
    imported(A + SETTINGS)
    assert not draft(OLD.encode()).plan
    # a file of the format of today says that there is none
    imported(T + ROLE)
    assert Target.find("a").reason_pattern is None
    assert Target.find("a").command_lines is None

    emptied_first = OLD.replace("  a:", "  new:")
    imported(emptied_first)
    assert Target.find("new").owner is None


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses_what_the_form_refuses(installation, name):
    entries, message = REFUSED[name]
    lines = refused(A + entries)
    assert any(message in line for line in lines), lines


def test_it_refuses_a_name_that_another_target_has(installation):
    [line] = refused(A + "role_name: Ops\n" + SECOND + "    role_name: OPS\n")[:1]
    assert "links call b Ops already" in line

    imported(T + SECOND)
    [line] = refused(A + "role_name: B\n")
    assert line.startswith("line 6, column 5: In this AWS account, links call b B already")


def test_two_targets_of_one_role_are_imported_with_a_note(installation):
    double = ROLE.replace("  a:", "  c:")
    assert "note: links call it as they call c" in notes_of(OLD + double)
    imported(OLD + double)
    assert Target.find("c").role_arn == Target.find("a").role_arn


def test_names_may_be_exchanged(installation):
    imported(A + "role_name: One\n" + SECOND + "    role_name: Two\n")
    imported(A + "role_name: Two\n" + SECOND + "    role_name: One\n")
    assert (Target.find("a").role_name, Target.find("b").role_name) == ("Two", "One")


def test_it_stops_where_somebody_took_the_name_meanwhile(installation):
    jobs.begin(draft((A + "role_name: Ops\n").encode()), "local:carol")
    rival = Target("rival", kind="role", aws_account="444444444444", role_name="ops")
    catalogue.edit(lambda writes: writes.create(rival), "rival")
    with pytest.raises(Conflict, match="The role name Ops was changed by somebody else"):
        jobs.resume()
    assert Target.find("a") is None


def test_it_warns_of_links_that_break(installation):
    imported(T + ROLE + SECOND)
    warning = "note: links by the role name a in 444444444444 no longer lead here"
    assert warning in notes_of(A + "role_name: Ops\n")
    assert warning in notes_of(T + SECOND, prune=True)
    assert warning not in notes_of(A + "role_name: A\n")

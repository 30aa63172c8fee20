"""An import does what its plan says, in steps, once, one at a time."""

import re

import pytest

from brokers import catalogue
from brokers.import_export import jobs
from brokers.import_export.drafts import draft
from brokers.models import Association, Target
from core import audit_history
from core.audit import AuditEvent, Event
from tests.support.events import all_events
from tests.support.import_files import HEAD, ROLE, T, exported, imported


# -- what an import does ---------------------------------------------------------------------------
def events_of(target: str) -> list[AuditEvent]:
    return [each for each in audit_history.events_of(target) if "imported" in each.facts]


def test_it_records_each_target_with_its_changes_and_its_step(store):
    done = imported(
        exported()
        .replace("title: Development, read only", "title: Look")
        .replace("local:finance", "local:x")
    )
    [event] = events_of("dev-read")
    assert event.event == Event.TARGET_CHANGED and event.facts["imported"] == done.number
    assert (
        event.facts["changes"] == {"title": ["Development, read only", "Look"]}
        and event.facts["step"] == "1 of 1"
    )
    [event] = events_of("prod-reports")
    assert event.facts["associations"] == {"added": ["local:x"]}
    kinds = [each.event for each in all_events() if "catalogue" in each.event]
    assert sorted(kinds) == [Event.EXPORT_DONE, Event.IMPORT_BEGUN, Event.IMPORT_DONE]


def test_it_removes_what_the_file_lacks_when_asked_to(store):
    text = exported()
    begin, end = text.index("  staging-db:"), text.index("  staging-deploy:")
    without = (text[:begin] + text[end:]).replace("  staging-db:\n    local:database-team:\n", "")
    assert not draft(without.encode()).plan
    imported(without, prune=True)
    assert (
        Target.find("staging-db").state == "deleted" and list(Association.under("staging-db")) == []
    )
    assert (
        Target.find("staging-db").role_arn is None
        and events_of("staging-db")[0].event == Event.TARGET_DELETED
    )
    assert exported() == without


def test_it_marks_associations_by_which_somebody_entitles_themself(store):
    text = HEAD + "associations:\n  dev-read:\n    local:admins:\n    local:x:\n"
    jobs.begin(draft(text.encode()), "local:carol", {"local:admins", "local:y"})
    jobs.resume()
    assert events_of("dev-read")[0].facts["self_entitled"] == ["local:admins"]
    jobs.begin(
        draft(text.replace("admins:", "admins: 2040-01-01").encode()),
        "local:carol",
        {"local:admins"},
    )
    jobs.resume()
    assert len(events_of("dev-read")) == 2
    assert all(each.facts["self_entitled"] == ["local:admins"] for each in events_of("dev-read"))


def test_it_gives_a_new_aws_account_an_external_id_of_its_own(store):
    imported(T + ROLE.replace("444444444444", "666666666666"))
    held = catalogue.current().accounts
    assert re.fullmatch(r"cooper-[0-9a-f]{40}", held["666666666666"].external_id)


def test_it_lets_one_import_run_at_a_time_and_says_whose(store):
    wanted = draft((HEAD + "associations:\n  dev-read:\n    local:x:\n").encode())
    jobs.begin(wanted, "local:carol")
    with pytest.raises(jobs.ImportUnfinished, match=r"by local:carol.*0 of 1 steps"):
        jobs.begin(wanted, "local:dan")
    jobs.resume()
    jobs.begin(draft((HEAD + "associations:\n  dev-read:\n    local:y:\n").encode()), "local:dan")
    assert jobs.give_up().state == jobs.GIVEN_UP and jobs.unfinished() is None
    assert jobs.resume().state == jobs.GIVEN_UP
    assert {str(rule.group) for rule in Association.under("dev-read")} == {
        "local:developers",
        "local:x",
    }


def test_it_stops_where_somebody_changed_what_a_step_builds_on(store):
    jobs.begin(draft((HEAD + "associations:\n  dev-read:\n    local:x:\n").encode()), "local:carol")
    target = Target.find("dev-read")
    target.title = "Mine"
    catalogue.edit(lambda writes: writes.save(target), "dev-read")
    with pytest.raises(
        Exception, match="dev-read was changed by somebody else after this import was planned"
    ):
        jobs.resume()
    assert jobs.unfinished().applied == 0 and [
        str(r.group) for r in Association.under("dev-read")
    ] == ["local:developers"]


def test_it_makes_open_forms_stale_whose_associations_change(store):
    before = Target.find("dev-read").version
    imported(HEAD + "associations:\n  dev-read:\n    local:x:\n")
    assert Target.find("dev-read").version == before + 1


def test_it_reads_everything_anew_after_many_changes(store, monkeypatch):
    catalogue.current()
    monkeypatch.setattr(catalogue, "MOST_TOUCHED", 0)
    imported(HEAD + "associations:\n  dev-read:\n    local:x:\n")
    assert "local:x" in catalogue.current().by_group


def test_it_counts_what_an_import_grants_at_once(store, identity):
    imported(HEAD + "associations:\n  staging-db:\n    local:visitors:\n")
    assert [rule.target for rule in catalogue.current().associations_for(["local:visitors"])] == [
        "staging-db"
    ]

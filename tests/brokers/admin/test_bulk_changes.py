"""One change of many targets, who gains and loses by it, and who may become what, over HTTP."""

import re

import pytest

from accounts.models import Person
from brokers import catalogue
from brokers.admin import known_people
from brokers.models import Association, State, Target
from core import admin
from core.audit import AuditEvent, Event
from core.audit_history import events_of
from tests.support import faults
from tests.support.codes import next_code
from tests.support.faults import Fault
from tests.support.forms import confirmed, errors_in, fields_of, mark_in, submit

LIST, EXPLAIN = "/admin/brokers/target/", "/admin/brokers/target/explain/"
FORM = "target_form"
AGAIN, OK = 400, 200


@pytest.fixture
def carol(client_of):
    client_of("alice")
    client_of("bob")
    return client_of("carol")


def chosen(action: str, *names: str, **typed: str) -> dict[str, object]:
    return {"action": action, "_selected_action": list(names), "told": "1", **typed}


def done(browser, action: str, *names: str, **typed: str):
    return confirmed(browser, LIST, **chosen(action, *names, **typed), confirmed="yes")


def newest(name: str) -> AuditEvent:
    events = events_of(name, scan_index_forward=False)
    return next(each for each in events if each.event == Event.TARGET_CHANGED)


def test_it_asks_which_group_then_says_who_gains_what_and_then_takes_the_code(carol):
    asked = carol.post(LIST, {"action": "associate", "_selected_action": ["dev-read", "dev-admin"]})
    assert 'name="group"' in asked.text and 'name="code"' not in asked.text
    shown = carol.post(LIST, chosen("associate", "dev-read", "dev-admin", group="visitors"))
    assert (
        "1 person gains up to 2 of these targets" in shown.text
        and "Gains it: 1 person: local:bob" in shown.text
    )
    assert 'name="code"' in shown.text and Association.find("dev-read", "local:visitors") is None
    answer = done(carol, "associate", "dev-read", "dev-admin", group="visitors")
    assert "2 targets changed" in answer.text
    assert all(Association.find(name, "local:visitors") for name in ("dev-read", "dev-admin"))


def test_it_records_each_target_with_its_step_and_the_code(carol):
    done(carol, "associate", "dev-read", "dev-admin", group="visitors")
    event = newest("dev-admin")
    assert event.facts["associations"] == {"added": ["local:visitors"]}
    assert (event.facts["step"], event.facts["deed"], event.facts["step_up"]) == (
        "1 of 1",
        "associate",
        "code",
    )


def test_it_marks_an_administrator_who_entitles_themself(carol):
    done(carol, "associate", "dev-read", group="admins")
    assert newest("dev-read").facts["self_entitled"] == ["local:admins"]


@pytest.mark.parametrize(
    ("typed", "said"), [({"group": ""}, "required"), ({"group": "A B:x"}, "Not a valid group")]
)
def test_it_says_what_is_wrong_with_a_group_on_its_field(carol, typed, said):
    answer = carol.post(LIST, chosen("associate", "dev-read", **typed))
    assert (
        answer.status_code == AGAIN
        and said in errors_in(answer.text)
        and 'name="code"' not in answer.text
    )


def test_it_does_nothing_when_what_it_does_is_different_by_now(carol):
    shown = carol.post(LIST, chosen("associate", "dev-read", group="visitors"))
    catalogue.edit(
        lambda writes: writes.create(Association("dev-read", "local:visitors")), "dev-read"
    )
    sent = chosen("associate", "dev-read", group="visitors") | {
        "confirmed": "yes",
        "seen": mark_in(shown.text),
    }
    answer = carol.post(LIST, sent | {"code": next_code("carol")})
    assert "changed since you looked" in answer.text
    assert not [each for each in events_of("dev-read") if each.event == Event.TARGET_CHANGED]


def test_it_takes_targets_from_a_group(carol):
    shown = carol.post(LIST, chosen("dissociate", "dev-read", "dev-admin", group="developers"))
    assert "Loses it: 1 person: local:alice" in shown.text
    assert (
        "2 targets changed"
        in done(carol, "dissociate", "dev-read", "dev-admin", group="developers").text
    )
    assert Association.find("dev-read", "local:developers") is None


def test_it_leaves_what_is_so_already(carol):
    done(carol, "dissociate", "dev-read", group="developers")
    answer = done(carol, "dissociate", "dev-read", "dev-admin", group="developers")
    assert "1 target changed. 1 target needed no change" in answer.text


def test_it_disables_and_enables_with_a_try(carol, client_of):
    assert "2 targets changed" in done(carol, "disable", "dev-read", "dev-admin").text
    assert client_of("alice").get("/targets/dev-read/").status_code == 404
    assert "2 targets changed" in done(carol, "enable", "dev-read", "dev-admin").text
    assert Target.find("dev-read").state == State.ENABLED
    tried = [each for each in events_of("dev-read") if each.event == Event.TARGET_TRIED]
    assert tried


def test_it_enables_none_that_lacks_something_and_says_why(carol):
    done(carol, "disable", "dev-read", "dev-admin")
    target = Target.find("dev-read")
    target.role_arn = "arn:aws:iam::222222222222:role/nowhere"
    catalogue.edit(lambda writes: writes.save(target), "dev-read")
    answer = done(carol, "enable", "dev-read", "dev-admin")
    assert (
        "dev-read: AWS refuses sts:AssumeRole" in answer.text and "1 target changed" in answer.text
    )
    assert (Target.find("dev-read").state, Target.find("dev-admin").state) == (
        State.DISABLED,
        State.ENABLED,
    )


def test_it_marks_targets_sensitive(carol):
    assert "2 targets changed" in done(carol, "mark_sensitive", "dev-read", "dev-admin").text
    assert Target.find("dev-read").sensitive and Target.find("dev-read").state == State.ENABLED
    assert "1 target changed" in done(carol, "unmark_sensitive", "dev-read").text
    assert not Target.find("dev-read").sensitive


@pytest.mark.parametrize(
    ("seconds", "said"), [("60", "greater than or equal to 900"), ("x", "whole number")]
)
def test_it_refuses_a_longest_session_that_aws_would_not_give(carol, seconds, said):
    answer = carol.post(LIST, chosen("set_longest", "dev-read", max_seconds=seconds))
    assert answer.status_code == AGAIN and said in errors_in(answer.text)


def test_it_sets_the_longest_session_within_what_each_kind_allows(carol):
    answer = done(carol, "set_longest", "dev-uploads", "dev-read", max_seconds="86400")
    assert (
        "dev-read: AWS gives at most 43200 seconds" in answer.text
        and "1 target changed" in answer.text
    )
    assert (
        int(Target.find("dev-uploads").max_seconds),
        int(Target.find("dev-read").max_seconds),
    ) == (86400, 14400)


def test_a_step_whose_answer_is_lost_is_looked_for_and_said_to_be_done(carol, monkeypatch):
    monkeypatch.setattr("brokers.admin.bulk_changes.IN_ONE", 1)
    names = ("dev-admin", "dev-read", "dev-uploads")
    lost = Fault("dynamodb", "TransactWriteItems", table="associations", mode="lost")
    with faults.on(lost):
        answer = done(carol, "associate", *names, group="visitors")
    assert "3 targets changed" in answer.text and "not done" not in answer.text
    assert all(Association.find(name, "local:visitors") for name in names)


def test_it_does_not_claim_to_know_of_a_step_that_nothing_answers_for(carol, monkeypatch):
    monkeypatch.setattr("brokers.admin.bulk_changes.IN_ONE", 1)
    gone = Fault("dynamodb", "TransactWriteItems", table="associations", mode="reset", after=1)
    with faults.on(gone):
        answer = done(carol, "associate", "dev-admin", "dev-read", group="visitors")
    assert "not known whether step 2 was done" in answer.text
    assert "1 target changed" in answer.text


def test_it_says_which_step_was_not_done_and_leaves_the_rest_to_the_same_action(carol, monkeypatch):
    monkeypatch.setattr("brokers.admin.bulk_changes.IN_ONE", 1)
    names = ("dev-admin", "dev-read", "dev-uploads")
    busy = {"mode": "throttle", "after": 2}
    with faults.on(Fault("dynamodb", "TransactWriteItems", table="associations", **busy)):
        answer = done(carol, "associate", *names, group="visitors")
    assert "Step 3 of 3 was not done" in answer.text and "same action again" in answer.text
    assert "2 targets changed" in answer.text
    again = done(carol, "associate", *names, group="visitors")
    assert "1 target changed. 2 targets needed no change" in again.text
    assert all(Association.find(name, "local:visitors") for name in names)


def test_it_takes_all_of_the_list_where_all_were_chosen(carol, monkeypatch):
    monkeypatch.setattr(admin.site._registry[Target], "list_per_page", 5)
    page = carol.post(
        LIST, {"action": "disable", "_selected_action": ["dev-read"], "select_across": "1"}
    )
    assert "Disable: 12 targets" in page.text
    sent = fields_of(page.text) | {"confirmed": "yes", "code": next_code("carol")}
    assert sent["select_across"] == "1"
    assert "12 targets changed" in carol.post(LIST, sent, follow=True).text


def test_it_does_only_what_was_looked_at_to_the_second_and_to_the_target(carol):
    shown = carol.post(LIST, chosen("set_longest", "dev-read", max_seconds="900"))
    assert "its longest session is 900 seconds from now on" in shown.text
    seen = {"confirmed": "yes", "seen": mark_in(shown.text), "code": next_code("carol")}
    for other in (
        chosen("set_longest", "dev-read", max_seconds="43200"),
        chosen("set_longest", "dev-admin", max_seconds="900"),
    ):
        assert "changed since you looked" in carol.post(LIST, other | seen).text
    assert (
        "1 target changed"
        in carol.post(
            LIST, chosen("set_longest", "dev-read", max_seconds="900") | seen, follow=True
        ).text
    )


@pytest.mark.parametrize(
    ("action", "typed"), [("set_longest", {"max_seconds": "900"}), ("mark_sensitive", {})]
)
def test_it_enables_no_pending_target_by_the_way(carol, action, typed):
    target = Target.find("dev-read")
    target.state = str(State.PENDING)
    catalogue.edit(lambda writes: writes.save(target), "dev-read")
    assert (
        "Nobody gains or loses anything"
        in carol.post(LIST, chosen(action, "dev-read", **typed)).text
    )
    assert "1 target changed" in done(carol, action, "dev-read", **typed).text
    assert Target.find("dev-read").state == State.PENDING


def test_it_says_when_a_group_keeps_a_target_until_another_moment(carol):
    shown = carol.post(
        LIST, chosen("associate", "dev-read", group="developers", until="2040-01-31T18:00")
    )
    assert (
        "local:developers may become it until 2040-01-31 18:00 UTC, so far for good." in shown.text
    )


# -- who gains and loses, in the form --------------------------------------------------------------
CHANGE = "/admin/brokers/target/dev-read/change/"


def test_it_says_who_gains_and_loses_before_a_form_is_saved_and_burns_no_code(carol):
    page, code = carol.get(CHANGE), next_code("carol")
    sent = fields_of(page.text, FORM) | {
        "associations-1-group": "visitors",
        "associations-0-DELETE": "on",
        "code": code,
    }
    answer = carol.post(CHANGE, sent)
    assert answer.status_code == OK and "Gains it: 1 person: local:bob" in answer.text
    assert (
        "Loses it: 1 person: local:alice" in answer.text and "Nothing is saved yet" in answer.text
    )
    assert Association.find("dev-read", "local:visitors") is None
    again = carol.post(CHANGE, sent | {"impact_shown": mark_in(answer.text, "impact_shown")})
    assert again.status_code == 302 and Association.find("dev-read", "local:visitors")


def test_it_keeps_what_was_seen_when_only_the_code_is_wrong(carol):
    page = carol.get(CHANGE)
    sent = fields_of(page.text, FORM) | {"associations-1-group": "visitors", "code": "abcdef"}
    seen = {"impact_shown": mark_in(carol.post(CHANGE, sent).text, "impact_shown")}
    answer = carol.post(CHANGE, sent | seen)
    assert (
        "code is not valid now" in answer.text
        and mark_in(answer.text, "impact_shown") == seen["impact_shown"]
    )
    assert carol.post(CHANGE, sent | seen | {"code": next_code("carol")}).status_code == 302


def test_it_asks_nothing_of_the_sort_when_nobody_gains_or_loses(carol):
    page = carol.get(CHANGE)
    answer = carol.post(
        CHANGE, fields_of(page.text, FORM) | {"title": "New", "code": next_code("carol")}
    )
    assert answer.status_code == 302


def test_it_says_what_enabling_does(carol):
    submit(carol, CHANGE, FORM, enabled=None)
    page = carol.get(CHANGE)
    answer = carol.post(CHANGE, fields_of(page.text, FORM) | {"enabled": "on", "code": "1"})
    assert "local:developers may become it. Gains it: 1 person: local:alice" in answer.text


# -- who gains and loses, where associations are managed by themselves -----------------------------
ASSOCIATE = "/admin/brokers/association/add/"
RULE = "/admin/brokers/association/dev-read%7Clocal_3Adevelopers/"


def test_it_says_who_gains_before_an_association_is_added_and_burns_no_code(carol):
    sent = {"target": "dev-read", "group": "visitors", "until": "", "code": next_code("carol")}
    answer = carol.post(ASSOCIATE, sent)
    assert answer.status_code == OK and "Gains it: 1 person: local:bob" in answer.text
    assert (
        "Nothing is saved yet" in answer.text
        and Association.find("dev-read", "local:visitors") is None
    )
    seen = {"impact_shown": mark_in(answer.text, "impact_shown")}
    # what was seen is of one group and one target
    other = carol.post(ASSOCIATE, sent | seen | {"target": "dev-admin"})
    assert (
        "Nothing is saved yet" in other.text
        and Association.find("dev-admin", "local:visitors") is None
    )
    assert carol.post(ASSOCIATE, sent | seen).status_code == 302
    assert Association.find("dev-read", "local:visitors")


def test_it_says_who_loses_before_an_association_is_ended(carol):
    page = carol.get(f"{RULE}change/")
    sent = fields_of(page.text, "association_form") | {
        "until": "2020-01-01T00:00",
        "code": next_code("carol"),
    }
    answer = carol.post(f"{RULE}change/", sent)
    assert "Loses it: 1 person: local:alice" in answer.text
    assert Association.find("dev-read", "local:developers").until is None
    assert (
        carol.post(
            f"{RULE}change/", sent | {"impact_shown": mark_in(answer.text, "impact_shown")}
        ).status_code
        == 302
    )
    assert Association.find("dev-read", "local:developers").until.year == 2020


def test_it_asks_nothing_of_the_sort_for_an_association_that_gives_nothing(carol):
    sent = {
        "target": "dev-read",
        "group": "visitors",
        "until": "2020-01-01T00:00",
        "code": next_code("carol"),
    }
    ended = carol.post(ASSOCIATE, sent)
    assert "is past: it entitles nobody" in ended.text and "Gains it" not in ended.text
    submit(carol, CHANGE, FORM, enabled=None)
    sent = {"target": "dev-read", "group": "visitors", "until": "", "code": next_code("carol")}
    assert carol.post(ASSOCIATE, sent).status_code == 302


DELETED = (f"{LIST}dev-read/delete/", f"{RULE}delete/")


@pytest.mark.parametrize("address", DELETED)
def test_it_says_who_loses_before_something_is_deleted(carol, address):
    said = "dev-read: local:developers may no longer become it. Loses it: 1 person: local:alice."
    assert said in carol.get(address).text


@pytest.mark.parametrize("address", DELETED)
def test_it_says_nobody_loses_a_disabled_target_that_is_deleted(carol, address):
    submit(carol, CHANGE, FORM, enabled=None)
    page = carol.get(address).text
    assert "may no longer become it" not in page and "Loses it" not in page
    assert "local:developers" in page


def test_it_says_who_loses_when_several_associations_are_deleted_together(carol):
    submit(carol, CHANGE, FORM, **{"associations-1-group": "everybody"})
    person = Person.find("local:alice")
    person.groups = ["local:developers", "local:everybody"]
    person.save()
    # a minute later
    known_people.forget()
    keys = ["dev-read|local:developers", "dev-read|local:everybody"]
    list_of = "/admin/brokers/association/"
    alone = carol.post(list_of, {"action": "delete_chosen", "_selected_action": keys[:1]}).text
    assert "Loses it: nobody known so far" in alone
    both = carol.post(list_of, {"action": "delete_chosen", "_selected_action": keys}).text
    assert (
        "local:developers, local:everybody may no longer become it. "
        "Loses it: 1 person: local:alice." in both
    )


# -- who may become what ---------------------------------------------------------------------------
def test_it_shows_on_a_target_who_may_become_it_through_which_group(carol):
    page = carol.get(CHANGE).text
    text = re.sub(r"<[^>]+>", "", page)
    assert re.search(r"local:developers: 1 known person: local:alice", text)


@pytest.mark.parametrize(
    "query", [{"person": "local:alice"}, {"person": "alice"}, {"groups": "developers\nanalysts"}]
)
def test_it_says_what_somebody_may_become_and_why(carol, query):
    page = carol.get(EXPLAIN, query).text
    assert (
        "may become 8 targets now" in page
        and ">dev-read</a>" in page
        and "local:developers" in page
    )
    assert "yes, with a code" in page and ">staging-db</a>" not in page


def test_it_says_what_stands_in_the_way(carol):
    submit(carol, CHANGE, FORM, enabled=None)
    page = carol.get(EXPLAIN, {"person": "alice"}).text
    assert "no: the target is disabled" in page and "may become 7 targets now, of 8" in page
    submit(carol, "/admin/brokers/awsaccount/333333333333/change/", "awsaccount_form", stopped="on")
    assert "no: its AWS account is stopped" in carol.get(EXPLAIN, {"person": "alice"}).text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"person": "nobody"}, "Nobody with this name has signed in yet"),
        ({"groups": "A B:x"}, "Not a valid group"),
        ({"person": ""}, "Enter a person, or at least one group"),
    ],
)
def test_it_says_what_is_wrong_with_the_question(carol, query, said):
    answer = carol.get(EXPLAIN, query)
    assert answer.status_code == AGAIN and said in errors_in(answer.text)


def test_it_says_what_to_do_when_groups_lead_nowhere(carol):
    page = carol.get(EXPLAIN, {"groups": "nowhere"}).text
    assert "may become 0 targets" in page and "Associate one of the groups" in page


def test_it_shows_when_each_target_was_used_last(carol, client_of):
    client_of("alice").post("/targets/dev-read/credentials/", {"duration": "900"})
    page = carol.get(LIST).text
    assert (
        re.search(r'field-last_used">20\d\d-\d\d-\d\d<', page)
        and page.count('field-last_used">-<') == 11
    )

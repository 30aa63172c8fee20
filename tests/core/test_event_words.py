"""Events have one name on all pages: in lists, in the filter, in headings and histories."""

import re
from datetime import UTC, datetime

import pytest
from django.contrib.admin.utils import quote

from core import audit
from core.admin.event_choices import event_choices
from core.audit import AuditEvent, Event
from core.dynamo import transaction
from core.event_words import SUBJECTS, WORDS, same_words, way_in_words, words_of

LIST = "/admin/cooper/auditevent/"


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def put(kind: Event, **facts) -> AuditEvent:
    event = audit.event(kind, **facts)
    with transaction() as writes:
        writes.create(event)
    return event


def cells(page: str, column: str) -> list[str]:
    rows = page.partition('id="result_list"')[2]
    return re.findall(rf'<td [^>]*class="field-{column}">(.*?)</td>', rows)


def test_every_event_has_its_words_and_every_noun_its_subject():
    assert set(WORDS) == set(Event)
    nouns = [noun for nouns in SUBJECTS.values() for noun in nouns]
    assert len(nouns) == len(set(nouns))
    assert {event.partition(":")[0] for event in Event} == set(nouns)


def test_the_filter_offers_each_words_once_and_all_but_intents():
    choices = [choice for _, group in event_choices()[1:] for choice in group]
    labels = [label for _, label in choices]
    assert len(labels) == len(set(labels))
    offered = {event for name, _ in choices for event in same_words(name)}
    assert offered == set(Event) - {Event.GRANT_INTENDED}
    assert ("grant:begin:refused", "became a target: refused") in choices
    assert ("grant:finish:done", "became a target: issued") in choices
    assert ("grant:", "became a target: any result") in choices


@pytest.mark.parametrize("event", [*Event, "serve:"])
def test_an_address_may_name_any_event(event):
    names = [name for _, group in event_choices(event)[1:] if isinstance(group, list)
             for name, _ in group]  # fmt: skip
    others = [name for name, label in event_choices(event)[1:] if isinstance(label, str)]
    canonical = same_words(event)[:1] or [event]
    assert canonical[0] in [*names, *others]


def test_what_this_cooper_does_not_know_is_called_by_the_parts_of_its_name():
    assert str(words_of("new-thing:make-up:done")) == "new thing make up"
    assert str(words_of("new-thing:make-up:refused")) == "new thing make up: refused"


@pytest.mark.parametrize(
    ("facts", "way"),
    [
        ({"way": "console"}, "console"),
        ({"way": "credentials"}, "credentials"),
        ({"way": "credentials", "one_of_several": True}, "credentials, several at once"),
        ({"os_user": "root"}, "command on the host"),
        ({"service_token": "okta-hook"}, "service token"),
        ({}, ""),
    ],
)
def test_a_way_is_said_as_far_as_the_event_says_it(facts, way):
    assert way_in_words(facts) == way


def test_the_list_the_filter_and_the_page_of_an_event_say_the_same(carol, client_of):
    alice = client_of("alice")
    alice.post("/targets/dev-read/credentials/", {"duration": 900})
    alice.post("/targets/dev-read/console/", {"duration": 900})
    page = carol.get(LIST, {"q": "dev-read", "event": "grant:finish:done"}).text
    assert cells(page, "what") == ["became a target"] * 2
    assert cells(page, "result") == ["issued"] * 2
    assert cells(page, "way") == ["console", "credentials"]
    assert '<option value="grant:finish:done" selected>became a target: issued</option>' in page

    address = re.findall(r'class="field-when"><a href="([^"]+)"', page)[0]
    event = carol.get(address.replace("&amp;", "&")).text
    [heading] = re.findall(r"<h1>(.*?)</h1>", event)
    assert heading.startswith("Became a target: issued <small><time ") and " UTC</time>" in heading
    assert "<title>Became a target: issued · Audit log · cooper</title>" in event
    assert "grant:finish:done" in event and ">console<" in event


def test_one_choice_has_the_refusals_before_and_after_an_intent(carol):
    put(Event.GRANT_REFUSED, target="dev-read", why="before")
    put(Event.GRANT_STOPPED, target="dev-read", why="after")
    put(Event.GRANT_DONE, target="dev-read")
    for name in (Event.GRANT_REFUSED, Event.GRANT_STOPPED):
        page = carol.get(LIST, {"event": str(name)}).text
        assert sorted(cells(page, "because")) == ["after", "before"]
        assert 'value="grant:begin:refused" selected' in page


def test_a_test_of_a_target_that_failed_says_why(carol):
    put(Event.TARGET_TRY_FAILED, target="dev-read", findings=["AWS refuses it.", "Look there."])
    page = carol.get(LIST, {"event": "target:try:failed"}).text
    assert cells(page, "because") == ["AWS refuses it. Look there."]
    assert cells(page, "what") == ["tested a target"] and "failed" in cells(page, "result")[0]


def test_an_intents_page_is_headed_by_its_outcome(carol):
    day, at = audit.event_key(datetime.now(UTC), "abc")
    with transaction() as writes:
        intent = audit.event(Event.GRANT_INTENDED, at=(day, at), target="dev-read", way="console")
        writes.create(intent)
        facts = {"may_have_been_issued": True, "why": "no answer"}
        writes.create(audit.event(Event.GRANT_FAILED, at=(day, f"{at}#outcome"), **facts))
    page = carol.get(f"{LIST}{quote(intent.pk)}/change/").text
    assert "<h1>Became a target: may have been issued <small>" in page
    assert "<code>grant:begin:intended</code>, <code>grant:finish:failed</code>" in page

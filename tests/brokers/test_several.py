"""Several targets at once: one grant after another, on a page that grows."""

import json
import re
from html import unescape
from pathlib import Path

import botocore.configloader
import pytest

from accounts.models import WebSession
from brokers import catalogue, formats_of_several, several
from brokers.models import Target
from core.audit import Event
from core.event_words import way_in_words
from core.installation import STOP_SWITCH_ITEM, Installation
from tests.support.aws_refusals import refusing
from tests.support.credentials_page import copied_text
from tests.support.events import all_events

PATH = "/credentials/"
THREE = ["dev-read", "dev-uploads", "staging-deploy"]


def take(browser, targets=THREE, **fields):
    return browser.post(PATH, {"target": targets, "duration": "900", **fields})


def page_of(answer) -> str:
    return b"".join(answer.streaming_content).decode()


def kinds(*events: Event):
    return [event for event in all_events() if event.event in events]


def text_of(part: bytes) -> str:
    return unescape(re.sub(r"<[^>]+>", "", part.decode()))


def stop_all() -> None:
    switch = Installation.find(STOP_SWITCH_ITEM)
    assert switch is not None
    switch.stopped = True
    switch.save()


@pytest.fixture
def alice(client_of):
    return client_of("alice")


# -- the list --------------------------------------------------------------------------------------
def test_the_list_has_what_the_person_may_become_and_grants_nothing(alice):
    page = alice.get(f"{PATH}?target=dev-read&target=nowhere").text
    assert {"dev-read", "dev-uploads"} <= set(re.findall(r'name="target" value="([^"]+)"', page))
    assert re.findall(r'value="([^"]+)" id="t-[^"]+" checked', page) == ["dev-read"]
    assert re.search(r'value="prod-admin" id="t-prod-admin" disabled', page)
    assert "nowhere" not in page
    assert '<a href="/targets/prod-admin/">Open it</a>' in page
    assert kinds(Event.GRANT_INTENDED) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"target": []}, "Tick one target at least."),
        ({"target": [f"t{number}" for number in range(61)]}, "Tick 60 targets at most."),
        ({"target": ["x\n[default]"]}, "One of these is not the name of a target."),
        ({"target": ["dev-read"], "duration": "soon"}, "Enter a whole number."),
        ({"target": ["dev-read"], "duration": "5"}, "greater than or equal to 900"),
        ({"target": ["dev-read"], "reason": "x" * 501}, "at most 500 characters"),
        ({"target": ["dev-read"], "format": "cmd"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_used_comes_back_as_typed(alice, fields, message):
    answer = alice.post(PATH, fields)
    assert answer.status_code == 400
    assert message in answer.text
    if fields["target"] == ["dev-read"]:
        assert re.findall(r'value="([^"]+)" id="t-[^"]+" checked', answer.text) == ["dev-read"]
    assert kinds(Event.GRANT_INTENDED) == []


# -- what comes of it ------------------------------------------------------------------------------
def test_three_targets_are_three_grants_and_one_block_of_profiles(alice, tmp_path: Path):
    answer = take(alice, reason="TICKET-7")
    assert answer["Cache-Control"].startswith("no-store")
    page = page_of(answer)

    file = tmp_path / "credentials"
    file.write_text(copied_text(page, "ini"))
    profiles = botocore.configloader.raw_config_parse(str(file))
    assert list(profiles) == ["cooper-dev-read", "cooper-dev-uploads", "cooper-staging-deploy"]

    done = kinds(Event.GRANT_DONE)
    assert sorted(event.target for event in done) == sorted(THREE)
    assert len({event.grant for event in done}) == 3
    assert {event.facts["access_key_id"] for event in done} == {
        profile["aws_access_key_id"] for profile in profiles.values()
    }
    assert {event.request_id for event in done} == {answer["X-Request-Id"]}
    assert {event.facts["reason"] for event in done} == {"TICKET-7"}
    assert {way_in_words(event.facts) for event in done} == {"credentials, several at once"}
    assert {event.source for event in done} == {"127.0.0.1"}

    as_json = json.loads(copied_text(page, "json"))
    assert list(as_json) == list(profiles)
    assert copied_text(page, "configure").count(" aws configure set ") == 12
    assert page.rstrip().endswith("</html>")


# -- the format ------------------------------------------------------------------------------------
def first_format_of(page: str) -> list[str]:
    """Return the format that the page begins with, then the one that its select shows."""
    return [
        re.search(r'data-format="(\w+)"', page)[1],
        re.search(r'<option value="(\w+)" selected', page)[1],
    ]


def test_three_targets_in_fish_are_a_command_for_each(alice):
    page = page_of(take(alice, format="fish"))
    assert first_format_of(page) == ["fish", "fish"]
    lines = copied_text(page, "fish").splitlines()
    assert [line.split(";")[0] for line in lines] == [
        " function use-dev-read",
        " function use-dev-uploads",
        " function use-staging-deploy",
    ]
    assert "a shell holds one identity at a time" in page
    for other in ("bash", "powershell", "configure", "ini", "json"):
        assert copied_text(page, other).count("ASIA") == 3


@pytest.mark.parametrize("format_id", formats_of_several.GROWING)
def test_a_format_that_grows_is_what_it_is_as_a_whole(alice, format_id):
    page = page_of(take(alice, format=format_id))
    other = page_of(take(alice, format="ini" if format_id != "ini" else "bash"))

    def without_values(text: str) -> str:
        kept = [line for line in text.splitlines() if not line.startswith("#")]
        return re.sub(r"ASIA\w+|[\w/+=]{32,}|\d{4}-[\d:TZ-]+", "", "\n".join(kept))

    grown = without_values(copied_text(page, format_id))
    assert grown.rstrip("\n") == without_values(copied_text(other, format_id))


def test_the_format_used_last_comes_first_where_several_have_it(alice):
    page_of(take(alice, format="powershell"))
    assert '<option value="powershell" selected' in alice.get(PATH).text
    assert first_format_of(page_of(take(alice))) == ["powershell", "powershell"]

    alice.post("/credentials/format/", {"format": "cmd"})
    assert '<option value="ini" selected' in alice.get(PATH).text
    assert first_format_of(page_of(take(alice))) == ["ini", "ini"]


def test_the_labels_of_a_page_are_those_of_its_formats(alice):
    page = page_of(take(alice))
    select = re.search(r'<select id="format".*?</select>', page, re.DOTALL)[0]
    options = dict(re.findall(r'value="(\w+)"[^>]*>([^<]+)<', select))
    assert options == formats_of_several.LABELS_OF_SEVERAL
    headings = dict(re.findall(r'<h2 id="f-(\w+)">([^<]+)<', page))
    assert headings == options


def test_pages_lead_here(alice):
    target = alice.post("/targets/dev-read/credentials/", {"duration": "900"}).text
    assert '<a href="/credentials/?target=dev-read">Take several targets at once</a>' in target
    assert '<a href="/credentials/">Credentials of several targets</a>' in alice.get("/me/").text


# -- an answer that grows --------------------------------------------------------------------------
def test_a_page_that_was_cut_says_so(alice):
    answer = take(alice)
    assert answer["X-Accel-Buffering"] == "no"
    assert "Content-Length" not in answer.headers
    parts = list(answer.streaming_content)
    beginning = b"".join(parts[:3]).decode()
    # hidden by what comes last alone
    assert "the connection was cut" in beginning and 'class="result"' not in beginning
    assert beginning.count('class="profile"') == 2
    assert 'class="result"' in b"".join(parts[3:]).decode()


def test_each_profile_is_sent_as_soon_as_it_is_granted(alice):
    parts = iter(take(alice).streaming_content)
    next(parts)
    assert kinds(Event.GRANT_INTENDED) == []
    assert "[cooper-dev-read]" in text_of(next(parts))
    assert [event.target for event in kinds(Event.GRANT_DONE)] == ["dev-read"]


def test_whoever_goes_away_gets_no_further_grant(alice):
    answer = take(alice)
    parts = iter(answer.streaming_content)
    next(parts)
    next(parts)
    answer.close()
    assert [event.target for event in kinds(Event.GRANT_INTENDED)] == ["dev-read"]


def test_no_secret_is_shown_before_it_is_wanted_or_kept_anywhere(alice):
    page = page_of(take(alice))
    secrets = set(re.findall(r'<span class="secret"><span>([^<]+)</span></span>', page))
    assert len(secrets) == 6
    rest = re.sub(r'<span class="secret"><span>[^<]+</span></span>', "", page)
    kept = str([event.serialize() for event in all_events()])
    kept += str([alice.session.decode(str(each.data)) for each in WebSession.everything()])
    assert not [secret for secret in secrets if secret in rest or secret in kept]


def test_a_target_is_granted_once_however_often_it_is_ticked(alice):
    page_of(take(alice, ["dev-read", "dev-read"]))
    assert len(kinds(Event.GRANT_INTENDED)) == 1


def test_a_tool_gets_json(alice):
    answer = alice.post(
        PATH, {"target": ["dev-read", "prod-admin"]}, headers={"accept": "application/json"}
    )
    content = answer.json()
    assert content["profiles"]["cooper-dev-read"]["Version"] == 1
    assert "one-time code" in content["problems"]["prod-admin"]


# -- what is left out, and what fails --------------------------------------------------------------
def test_a_sensitive_one_and_one_that_demands_a_reason_are_left_out_and_named(alice):
    target = Target.find("dev-uploads")
    assert target is not None
    target.reason_pattern = "TICKET-[0-9]{1,6}"
    catalogue.edit(lambda writes: writes.save(target), "dev-uploads")

    page = page_of(take(alice, ["prod-admin", "dev-uploads", "dev-read"]))
    assert "1 granted, 2 left out" in page
    assert "take it by itself" in page and 'href="/targets/prod-admin/"' in page
    assert [event.target for event in kinds(Event.GRANT_INTENDED)] == ["dev-read"]
    assert kinds(Event.GRANT_REFUSED) == []


def test_what_aws_refuses_is_named_and_the_rest_is_given(alice):
    with refusing("sts", "AssumeRole", "AccessDenied", times=1) as refused:
        page = page_of(take(alice))
    assert refused == ["AssumeRole"]
    assert "2 granted, 1 not" in page
    assert "# 1 of 3: no dev-read." in page and "[cooper-staging-deploy]" in page
    assert [event.target for event in kinds(Event.GRANT_FAILED)] == ["dev-read"]


@pytest.mark.parametrize("name", ["nowhere", "staging-db"])
def test_unknown_and_not_yours_answer_alike(alice, name):
    page = page_of(take(alice, [name]))
    assert "0 granted, 1 not" in page
    assert f"no {name}. Target not found, or you have no access." in page


def test_an_emergency_stop_in_the_middle_stops_the_rest(alice):
    parts = iter(take(alice).streaming_content)
    next(parts)
    assert "[cooper-dev-read]" in text_of(next(parts))
    stop_all()
    assert "no dev-uploads. All grants are stopped" in text_of(next(parts))
    assert "no staging-deploy. Not tried: All grants are stopped" in text_of(next(parts))
    end = b"".join(parts).decode()
    assert "1 granted, 2 not" in end
    assert [event.target for event in kinds(Event.GRANT_STOPPED)] == ["dev-uploads"]
    assert len(kinds(Event.GRANT_INTENDED)) == 2


def test_no_further_grant_begins_when_they_took_too_long(alice, monkeypatch):
    monkeypatch.setattr(several, "MOST_SECONDS", -1.0)
    page = page_of(take(alice))
    assert page.count("Not tried: the others took too long.") == 6
    assert kinds(Event.GRANT_INTENDED) == []
    # the way to the rest
    assert re.findall(r'type="hidden" name="target" value="([^"]+)"', page) == THREE


def test_an_error_that_nobody_expected_loses_nothing_of_the_others(alice, monkeypatch):
    right = several.grant
    failed = []

    def broken(identity, request, now, catalogue_now):
        if request.target == "dev-uploads":
            failed.append(request.target)
            raise KeyError("secret")
        return right(identity, request, now, catalogue_now)

    monkeypatch.setattr(several, "grant", broken)
    page = page_of(take(alice))
    assert failed == ["dev-uploads"]
    assert "2 granted, 1 not" in page and "KeyError" not in page


# -- limits ----------------------------------------------------------------------------------------
def test_several_have_a_limit_of_their_own(alice, settings):
    settings.COOPER_GRANTS_PER_MINUTE = 1
    settings.COOPER_PROFILES_PER_MINUTE = 2
    page = page_of(take(alice))
    assert "2 granted, 1 not" in page and "Too many requests." in page
    # the ordinary limit is as before, for one
    one = {"duration": "900"}
    assert alice.post("/targets/dev-read/credentials/", one).status_code == 200
    assert alice.post("/targets/dev-read/credentials/", one).status_code == 429


def test_nobody_gets_anything_without_signing_in_and_the_ticks_are_kept(client_of):
    answer = client_of(None).post(PATH, {"target": THREE})
    assert answer.status_code == 302 and "next=%2Fcredentials%2F" in answer["Location"]
    assert kinds(Event.GRANT_INTENDED) == []

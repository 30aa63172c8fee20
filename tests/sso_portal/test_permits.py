"""Targets that take a code or a reason: closed to command lines, or by a permit for one grant."""

import json
import re
from dataclasses import replace
from functools import partial
from urllib.parse import quote

import pytest
from django.test import Client

from accounts.command_lines import CommandLine
from accounts.end_reasons import EndReason
from accounts.models import Person
from brokers import catalogue
from brokers.models import Association, Target
from brokers.permits import Permit
from brokers.sts import assume_role
from core.dynamo import Transaction, transaction
from core.installation import STOP_SWITCH_ITEM, Installation
from sso_portal import offers
from tests.support import clock
from tests.support.codes import give_device, next_code
from tests.support.command_line import CommandLineTool, error_of, get_portal
from tests.support.events import all_events
from tests.support.races import PROCESSES, all_at_once, in_processes

PROD = "444444444444"
DEV = "222222222222"
PATTERN = r"OPS-\d{1,6}"
LINK = re.compile(r"http://testserver(/permit/[0-9a-f]{40}/)")


def change_target(name: str, **attributes: object) -> None:
    target = Target.find(name)
    for attribute, value in attributes.items():
        setattr(target, attribute, value)
    catalogue.edit(lambda writes: writes.save(target), name)


@pytest.fixture
def alice(client_of):
    give_device("alice")
    return client_of("alice")


@pytest.fixture
def tool(alice):
    return CommandLineTool().sign_in(alice)


@pytest.fixture
def opened(store) -> None:
    """Open the sensitive target of the seed to command lines."""
    change_target("prod-admin", command_lines="permit")


def ask(tool: CommandLineTool, address: str = "127.0.0.1"):
    there = replace(tool, extra={"REMOTE_ADDR": address})
    return there.credentials(PROD, "prod-admin")


def link_in(response) -> str:
    """Return the path of the link that a refusal prints."""
    assert error_of(response) == "ForbiddenException"
    message = response.json()["message"]
    assert LINK.search(message), message
    return LINK.search(message)[1]


def permit(browser: Client, link: str, **fields: str):
    return browser.post(link, {"code": next_code("alice"), "reason": "", **fields})


def events_called(*names: str):
    return [event for event in all_events() if str(event.event) in names]


# -- which are listed ------------------------------------------------------------------------------
def roles_of(tool: CommandLineTool) -> list[str]:
    roles = get_portal("assignment/roles", tool.access, account_id=PROD).json()["roleList"]
    return [role["roleName"] for role in roles]


def test_a_closed_one_is_listed_nowhere(tool, alice):
    assert "prod-admin" not in roles_of(tool)
    assert "prod-admin" not in alice.get("/command-line/").text


def test_an_opened_one_is_listed_and_marked(opened, tool, alice):
    assert "prod-admin" in roles_of(tool)
    page = alice.get("/command-line/").text
    assert "[profile cooper-prod-admin]" in page
    marked = page.split("<code>prod-admin</code>")[1].split("</label>")[0]
    assert "with a permit each time" in marked
    assert "with a permit" not in page.split("<code>dev-read</code>")[1].split("</label>")[0]


@pytest.mark.parametrize(
    ("attributes", "is_open"),
    [
        ({}, True),
        ({"sensitive": True}, False),
        ({"reason_pattern": PATTERN, "reason_example": "OPS-42"}, False),
        ({"sensitive": True, "command_lines": "permit"}, True),
        ({"sensitive": True, "command_lines": "nonsense"}, False),
    ],
)
def test_one_place_decides_whether_a_target_is_open(store, attributes, is_open):
    change_target("dev-read", **attributes)
    current = catalogue.current()
    row = current.targets["dev-read"]
    assert offers.is_open(row, current, CommandLine("x", way="browser")) is is_open
    assert offers.is_open(row, current, None) is is_open
    # by a device code, or unknown: never what takes a code or a reason
    for way in ("device code", None):
        line = CommandLine("x", way=way)
        assert offers.is_open(row, current, line) is (not attributes)


def test_a_refusal_names_the_owner_and_the_page_where_its_person_is_entitled(tool):
    change_target("prod-admin", owner="Team Platform")
    response = ask(tool)
    assert error_of(response) == "ForbiddenException"
    message = response.json()["message"]
    assert "http://testserver/targets/prod-admin/" in message and "Team Platform" in message
    refusal = all_events()[-1]
    assert (str(refusal.event), refusal.facts["way"]) == ("grant:begin:refused", "command line")


def test_without_an_owner_it_names_the_default_contact(tool):
    change_target("prod-admin", owner=None)
    contact = str(Installation.find(STOP_SWITCH_ITEM).default_contact)
    assert contact and f"or ask {contact}." in ask(tool).json()["message"]


def test_who_is_not_entitled_hears_the_same_as_of_an_unknown_one(opened, tool):
    for association in list(Association.under("prod-admin")):
        catalogue.edit(partial(Transaction.delete, document=association), "prod-admin")
    assert ask(tool).json() == tool.credentials(PROD, "nothing-there").json()


def test_the_page_of_a_target_says_how_command_lines_become_it(store, alice):
    def said(name: str) -> list[str]:
        page = alice.get(f"/targets/{name}/").text
        return re.findall("<dt>Command lines</dt><dd>(.*?)</dd>", page)

    assert (said("dev-read"), said("prod-admin")) == ([], ["Closed"])
    change_target("prod-admin", command_lines="permit")
    assert said("prod-admin") == ["With a permit each time"]


# -- the honest way --------------------------------------------------------------------------------
def test_it_prints_a_link_whose_page_permits_one_grant(opened, tool, alice):
    link = link_in(ask(tool))
    message = ask(tool).json()["message"]
    assert message.startswith("prod-admin takes a one-time code. Open http://testserver/permit/")
    assert message.endswith("/ within 10 minutes, then run the command again.")
    assert link_in(ask(tool)) == link

    page = alice.get(link).text
    for shown in ("botocore-client-cooper", "127.0.0.1", "prod-admin"):
        assert shown in page
    answer = permit(alice, link)
    assert (answer.status_code, answer["Location"]) == (302, link)
    assert "run the command again" in alice.get(link).text

    assert ask(tool).status_code == 200
    assert "This permit was used" in alice.get(link).text
    assert link_in(ask(tool)) != link
    # another asking has taken its place
    assert alice.get(link).status_code == 410


def test_the_audit_log_has_both_addresses_the_reason_and_the_code(opened, tool, alice):
    link = link_in(ask(tool, "10.1.1.1"))
    alice.post(link, {"code": next_code("alice"), "reason": "a leak"}, REMOTE_ADDR="10.2.2.2")
    assert ask(tool, "10.1.1.1").status_code == 200

    asked, given, intended = events_called(
        "permit:ask:done", "permit:give:done", "grant:begin:intended"
    )
    line = asked.facts["command_line"]
    assert {asked.target, given.target, intended.target} == {"prod-admin"}
    assert {asked.person, given.person, intended.person} == {"local:alice"}
    assert (asked.source, given.source) == ("10.1.1.1", "10.2.2.2")
    assert given.facts["asking_address"] == "10.1.1.1"
    assert given.facts["command_line"] == intended.facts["command_line"] == line
    assert (intended.source, intended.facts["permit_address"]) == ("10.1.1.1", "10.2.2.2")
    assert (intended.facts["reason"], intended.facts["step_up"]) == ("a leak", "code")
    assert given.facts["permit"] == intended.facts["permit"] == asked.facts["permit"]


def test_a_demanded_reason_reaches_aws(tool, alice, monkeypatch):
    change_target(
        "dev-read", reason_pattern=PATTERN, reason_example="OPS-42", command_lines="permit"
    )
    sent = []
    assume = assume_role.assume
    monkeypatch.setattr(
        assume_role, "assume", lambda arguments: sent.append(arguments) or assume(arguments)
    )
    refused = tool.credentials(DEV, "dev-read")
    assert "takes a reason such as OPS-42" in refused.json()["message"]
    link = link_in(refused)
    wrong = alice.post(link, {"reason": "because"})
    assert wrong.status_code == 400 and "such as OPS-42" in wrong.text

    assert alice.post(link, {"reason": " OPS-7 "}).status_code == 302
    assert tool.credentials(DEV, "dev-read").status_code == 200
    tags = {tag["Key"]: tag["Value"] for tag in sent[-1]["Tags"]}
    assert tags["cooper:reason"] == "OPS-7"


def test_a_wrong_reason_uses_no_code_up(opened, tool, alice):
    change_target("prod-admin", reason_pattern=PATTERN, reason_example="OPS-42")
    link = link_in(ask(tool))
    code = next_code("alice")
    assert alice.post(link, {"code": code, "reason": "because"}).status_code == 400
    assert alice.post(link, {"code": code, "reason": "OPS-7"}).status_code == 302


# -- what it does not permit -----------------------------------------------------------------------
def test_opening_it_grants_nothing(opened, tool, alice):
    link = link_in(ask(tool))
    for _ in range(2):
        assert alice.get(link).status_code == 200
        assert alice.head(link).status_code == 200
    assert link_in(ask(tool)) == link


def test_it_is_for_its_person_alone(opened, tool, client_of):
    link = link_in(ask(tool))
    for username in ("bob", "carol"):
        assert client_of(username).get(link).status_code == 403
        assert client_of(username).post(link, {"code": "123456"}).status_code == 403
    nobody = client_of(None)
    assert nobody.get(link)["Location"] == f"/login/?next={quote(link, safe='')}"
    assert nobody.post(link, {"code": next_code("alice")})["Location"].startswith("/login/")
    assert link_in(ask(tool)) == link


def test_it_takes_the_csrf_token(opened, tool, client_of):
    link = link_in(ask(tool))
    browser = client_of("alice", enforce_csrf_checks=True)
    assert permit(browser, link).status_code == 403
    assert link_in(ask(tool)) == link


@pytest.mark.parametrize("code", ["", "000000", "nonsense"])
def test_it_takes_the_code(opened, tool, alice, code):
    link = link_in(ask(tool))
    answer = alice.post(link, {"code": code})
    assert answer.status_code in (400, 403)
    assert 'aria-describedby="id_code_helptext id_code_error"' in answer.text
    assert link_in(ask(tool)) == link


def test_a_code_works_once(opened, tool, alice):
    code = next_code("alice")
    alice.post("/targets/prod-admin/credentials/", {"code": code, "duration": "900"})
    link = link_in(ask(tool))
    assert alice.post(link, {"code": code}).status_code == 400
    assert link_in(ask(tool)) == link


def test_without_a_device_it_leads_to_set_one_up(opened, client_of):
    carol_like = client_of("alice")
    tool = CommandLineTool().sign_in(carol_like)
    link = link_in(ask(tool))
    page = carol_like.get(link).text
    assert 'href="/device/">Set up a device first' in page and 'name="code"' not in page
    assert carol_like.post(link, {"code": "123456"}).status_code == 403


def test_it_is_for_the_command_line_that_asked(opened, tool, alice):
    other = CommandLineTool().sign_in(alice)
    permit(alice, link_in(ask(tool)))
    assert error_of(ask(other)) == "ForbiddenException"
    assert ask(tool).status_code == 200


def test_it_is_for_the_address_that_asked(opened, tool, alice):
    permit(alice, link_in(ask(tool, "10.1.1.1")))
    assert error_of(ask(tool, "10.1.1.2")) == "ForbiddenException"
    assert ask(tool, "10.1.1.1").status_code == 200


def test_it_is_for_its_target(opened, tool, alice):
    change_target("dev-read", sensitive=True, command_lines="permit")
    permit(alice, link_in(ask(tool)))
    assert error_of(tool.credentials(DEV, "dev-read")) == "ForbiddenException"
    assert ask(tool).status_code == 200


def test_it_lasts_two_minutes(opened, tool, alice):
    link = link_in(ask(tool))
    permit(alice, link)
    clock.shift(121)
    assert link_in(ask(tool)) != link
    assert alice.get(link).status_code == 410


def test_the_link_lasts_ten_minutes(opened, tool, alice):
    link = link_in(ask(tool))
    clock.shift(530)
    assert "within 2 minutes" in ask(tool).json()["message"]
    clock.shift(71)
    assert alice.get(link).status_code == 410
    assert permit(alice, link).status_code == 410
    assert link_in(ask(tool)) != link


def test_a_command_line_that_is_over_gets_no_permit(opened, tool, alice):
    link = link_in(ask(tool))
    alice.post("/command-line/end-all/")
    assert alice.get(link).status_code == 410
    assert permit(alice, link).status_code == 410


def test_its_person_signs_a_strange_command_line_out_there(opened, tool, alice):
    page = alice.get(link_in(ask(tool))).text
    session_id = CommandLine.everything()[0].session_id
    assert f'name="command_line" value="{session_id}"' in page
    alice.post("/command-line/end/", {"command_line": session_id})
    assert error_of(ask(tool)) == "UnauthorizedException"


def test_a_command_line_by_a_device_code_gets_no_link_and_has_no_use_of_a_permit(
    opened, tool, alice
):
    permit(alice, link_in(ask(tool)))
    [line] = CommandLine.everything()
    line.way = "device code"
    with transaction() as writes:
        writes.save(line)
    message = ask(tool).json()["message"]
    assert message.startswith("prod-admin is closed to command lines that were signed in by a code")
    assert "prod-admin" not in roles_of(tool)
    assert events_called("grant:begin:intended") == []


@pytest.mark.parametrize(
    "attributes", [{"command_lines": None}, {"state": "disabled"}], ids=["closed", "disabled"]
)
def test_a_permit_counts_for_nothing_once_its_target_is_taken_away(opened, tool, alice, attributes):
    permit(alice, link_in(ask(tool)))
    change_target("prod-admin", **attributes)
    assert error_of(ask(tool)) == "ForbiddenException"


def test_a_permit_without_a_code_counts_for_nothing_once_the_target_takes_one(tool, alice):
    change_target(
        "dev-read", reason_pattern=PATTERN, reason_example="OPS-42", command_lines="permit"
    )
    link = link_in(tool.credentials(DEV, "dev-read"))
    assert alice.post(link, {"reason": "OPS-7"}).status_code == 302
    change_target("dev-read", sensitive=True)
    assert link_in(tool.credentials(DEV, "dev-read")) != link


def test_a_new_epoch_ends_it(opened, tool, alice):
    permit(alice, link_in(ask(tool)))
    person = Person.find("local:alice")
    person.start_new_epoch(EndReason.ADMINISTRATOR)
    with transaction() as writes:
        writes.save(person)
    assert error_of(ask(tool)) == "UnauthorizedException"


def test_processes_at_once_get_one_grant(opened, tool, alice):
    permit(alice, link_in(ask(tool)))
    in_processes([lambda: ask(tool)] * PROCESSES, lambda: None)
    assert len(events_called("grant:begin:intended")) == 1
    assert len(events_called("grant:finish:done")) == 1


def test_threads_at_once_get_one_grant(opened, tool, alice):
    for _ in range(3):
        permit(alice, link_in(ask(tool)))
        answers = all_at_once([lambda: ask(tool)] * 6)
        assert sorted(answer.status_code for answer in answers) == [200, *[403] * 5]
    granted = events_called("grant:begin:intended")
    assert len(granted) == 3


def test_forms_at_once_permit_one_grant(tool, alice):
    # it takes no code, which would hold by itself that one form counts
    change_target(
        "dev-read", reason_pattern=PATTERN, reason_example="OPS-42", command_lines="permit"
    )
    link = link_in(tool.credentials(DEV, "dev-read"))
    all_at_once([lambda: alice.post(link, {"reason": "OPS-7"})] * 4)
    assert len(events_called("permit:give:done")) == 1
    answers = [tool.credentials(DEV, "dev-read").status_code for _ in range(2)]
    assert answers == [200, 403]


def test_asking_at_once_is_one_link(opened, tool):
    answers = all_at_once([lambda: ask(tool)] * 6)
    assert len({link_in(answer) for answer in answers}) == 1
    assert len(events_called("permit:ask:done")) == 1


def test_it_is_kept_for_a_day_and_no_longer(opened, tool):
    ask(tool)
    [stored] = Permit.everything()
    assert 0 < stored.expires.timestamp() - float(stored.ends_at) <= 86_400


@pytest.mark.parametrize("link", ["0" * 40, "0" * 41, "nonsense", "x" * 3_000])
def test_a_link_that_there_is_none_of_is_refused(alice, link):
    assert alice.get(f"/permit/{link}/").status_code == 403
    assert alice.post(f"/permit/{link}/").status_code == 403


# -- the JSON API ----------------------------------------------------------------------------------
def api(tool: CommandLineTool, name: str = "prod-admin"):
    return Client(raise_request_exception=False).post(
        f"/api/v1/targets/{name}/credentials",
        content_type="application/json",
        HTTP_AUTHORIZATION=f"Bearer {tool.access}",
    )


def test_the_api_asks_for_the_same_permit(opened, tool, alice):
    refused = api(tool)
    content = refused.json()
    assert (refused.status_code, content["error"]) == (403, "permit_needed")
    link = LINK.search(content["message"])[1]
    assert content["permitUrl"] == f"http://testserver{link}"
    permit(alice, link)
    assert api(tool).status_code == 200
    assert api(tool).json()["error"] == "permit_needed"


def test_the_api_lists_it_and_says_so(opened, tool):
    answer = Client().get("/api/v1/targets", HTTP_AUTHORIZATION=f"Bearer {tool.access}")
    permits = {target["name"]: target["takesPermit"] for target in answer.json()["targets"]}
    assert permits["prod-admin"] is True and permits["dev-read"] is False


def test_the_api_says_of_a_closed_one_whom_to_ask(tool):
    refused = api(tool)
    assert (refused.status_code, refused.json()["error"]) == (403, "refused")
    assert "http://testserver/targets/prod-admin/" in refused.json()["message"]


def test_the_description_has_the_refusal(store):
    text = json.dumps(Client().get("/api/v1/openapi.json").json())
    assert "permit_needed" in text and "permitUrl" in text and "takesPermit" in text

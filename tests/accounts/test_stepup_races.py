"""One code sent to three server processes at once, and eight edits of one target at once."""

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import LocalAccount
from brokers.models import Association, Target
from core.audit import Event
from core.audit_history import events_of
from core.installation import Installation
from tests.conftest import sign_in
from tests.support.codes import give_device, next_code
from tests.support.forms import fields_of, mark_in, submit
from tests.support.races import AT_ONCE, PROCESSES, all_at_once
from tests.support.served import serving

TARGET, FORM = "/admin/brokers/target/dev-read/change/", "target_form"
TOKEN = "x" * 32
"""A CSRF secret: cookie and form have to hold the same one."""


# -- one code, three processes ---------------------------------------------------------------------
@pytest.fixture
def servers(store) -> Iterator[list[str]]:
    """Start three servers on one store."""
    Installation.find("demo").delete()
    with ExitStack() as stack:
        yield [stack.enter_context(serving(store.environment())) for _ in range(PROCESSES)]


def person(number: int) -> str:
    """Make a person with a device who may become prod-admin; return their session cookie."""
    name = f"racer-{number}"
    LocalAccount(name, groups=["developers"], password="unusable").save()
    give_device(name)
    browser = Client()
    sign_in(browser, name)
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


def become(server: str, cookie: str, code: str) -> int:
    """Ask a server for credentials of a sensitive target; return the status."""
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
        "Origin": server,
        "Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}; {settings.CSRF_COOKIE_NAME}={TOKEN}",
    }
    body = urlencode({"duration": 900, "code": code, "csrfmiddlewaretoken": TOKEN})
    host = urlsplit(server).netloc
    with closing(http.client.HTTPConnection(host, timeout=30)) as connection:
        connection.request("POST", "/targets/prod-admin/credentials/", body, headers)
        answer = connection.getresponse()
        told = json.loads(answer.read())
    assert ("AccessKeyId" in told) == (answer.status == 200), told
    return answer.status


def one_code_by_eight(store, servers, rounds: int) -> None:
    for number in range(rounds):
        cookie, issued = person(number), len(store.issued)
        code = next_code(f"racer-{number}")
        asked = [servers[place % len(servers)] for place in range(AT_ONCE)]
        answers = all_at_once([partial(become, server, cookie, code) for server in asked])
        assert Counter(answers)[200] == 1, (number, answers)
        assert set(answers) <= {200, 400, 403}, answers
        assert len(store.issued) == issued + 1


def test_it_gives_one_code_to_one_of_eight_over_three_processes(store, servers):
    one_code_by_eight(store, servers, 5)


@pytest.mark.soak
def test_it_gives_one_code_to_one_of_eight_over_three_processes_fifty_times(store, servers):
    one_code_by_eight(store, servers, 50)


# -- one target, eight edits -----------------------------------------------------------------------
@pytest.fixture
def administrators(client_of, settings) -> list[Client]:
    """Return eight web sessions of two administrators, each with an open window."""
    settings.COOPER_STEP_UP_SECONDS = 300
    give_device("dan")
    browsers = [client_of(name) for name in ("carol", "dan") for _ in range(AT_ONCE // 2)]
    for browser in browsers:
        assert submit(
            browser,
            "/admin/brokers/awsaccount/555555555555/change/",
            "awsaccount_form",
            name=str(id(browser)),
        )
    return browsers


def seen(browser: Client, sent: dict[str, str]) -> dict[str, str]:
    """Look at who gains what by a form; nothing is saved by that."""
    return {"impact_shown": mark_in(browser.post(TARGET, sent).text, "impact_shown")}


def eight_edits(administrators: list[Client], rounds: int) -> None:
    for number in range(rounds):
        version = int(Target.find("dev-read").version)
        forms = [fields_of(browser.get(TARGET).text, FORM) for browser in administrators]
        said = [f"Round {number} by {place}" for place in range(AT_ONCE)]
        groups = [f"local:round-{number}-{place}" for place in range(AT_ONCE)]
        rows = int(forms[0]["associations-INITIAL_FORMS"])

        typed = [
            {"title": said[place], f"associations-{rows}-group": groups[place]}
            for place in range(AT_ONCE)
        ]
        typed = [each | seen(administrators[0], forms[0] | each) for each in typed]
        answers = all_at_once(
            [
                partial(administrators[place].post, TARGET, forms[place] | typed[place])
                for place in range(AT_ONCE)
            ]
        )
        codes = Counter(answer.status_code for answer in answers)
        won = [place for place, answer in enumerate(answers) if answer.status_code == 302]
        assert len(won) == 1 and codes[409] == AT_ONCE - 1, codes
        stored = Target.find("dev-read")
        assert (stored.title, int(stored.version)) == (said[won[0]], version + 1)
        there = {str(rule.group) for rule in Association.under("dev-read")}
        assert groups[won[0]] in there and not there & (set(groups) - {groups[won[0]]})
        lost = answers[(won[0] + 1) % AT_ONCE].text
        assert "Somebody else changed this" in lost and f"Now: {said[won[0]]}" in lost
    saved = [each for each in events_of("dev-read") if each.event == Event.TARGET_CHANGED]
    assert len(saved) == rounds


def test_it_loses_no_edit_of_eight_at_once(administrators):
    eight_edits(administrators, 4)


@pytest.mark.soak
def test_it_loses_no_edit_of_eight_at_once_fifty_times(administrators):
    eight_edits(administrators, 50)

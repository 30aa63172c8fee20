"""Hostile and broken messages: the rule that is meant to refuses each, and nobody is signed in."""

import logging
import resource
import tracemalloc
from typing import Any

import pytest
from django.test import Client

from accounts.models import Person
from tests.support.events import all_events
from tests.support.saml_hostile import HOSTILE
from tests.support.saml_kit import Attribute
from tests.support.saml_stage import (
    message_form,
    post_form,
    signed_in_person,
    start_sign_in,
    use_own_certificate,
)

CHUNK = 30
CHUNKS = [list(HOSTILE)[start : start + CHUNK] for start in range(0, len(HOSTILE), CHUNK)]

LARGE = (
    "60,000 elements",
    "9,000 attributes",
    "5,000 levels",
    "1.6 MB",
    "a deflated bomb",
    "signed by a foreign key",
)
LOG_LINE_LIMIT = 600


@pytest.fixture
def own_certificate(connected, tmp_path, monkeypatch):
    return use_own_certificate(tmp_path, monkeypatch)


def post_hostile(browser: Client, name: str) -> Any:
    """Post a message that claims to answer this browser's request; return the response."""
    _, build = HOSTILE[name]
    return post_form(browser, message_form(build(start_sign_in(browser))))


def lines_of_cooper(caplog: Any) -> list[str]:
    """Return the lines in the log, of libraries too, but not the tests' own and of requests."""
    return [
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith(("cooper.access", "django", "faker", "moto"))
    ]


def find_flaw(browser: Client, name: str, caplog: Any) -> str:
    """Say what is wrong with the way in which a hostile message was refused, or ""."""
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        response = post_hostile(browser, name)
    lines = lines_of_cooper(caplog)

    is_refused = response.status_code in (400, 403) and "Not signed in" in response.text
    if not is_refused or signed_in_person(browser):
        return f"{response.status_code}, {lines[:1]}"
    if len(lines) != 1 or len(lines[0]) > LOG_LINE_LIMIT:
        return f"{len(lines)} lines: {lines[:1]}"

    rule, _ = HOSTILE[name]
    reason = lines[0].partition("refused: ")[2].strip("'\"")
    return "" if reason.startswith(rule) else reason


@pytest.mark.parametrize("number", range(len(CHUNKS)))
def test_it_refuses_every_hostile_message_by_its_rule_on_one_page(
    own_certificate, client_of, caplog, number
):
    flaws = {name: find_flaw(client_of(None), name, caplog) for name in CHUNKS[number]}
    assert {name: flaw for name, flaw in flaws.items() if flaw} == {}

    assert {person.provider for person in Person.everything()} <= {"local"}
    events = [event.event for event in all_events()]
    assert events.count("person:sign-in:refused") == len(flaws)


def test_there_are_many_of_them():
    assert len(HOSTILE) >= 250


def cpu_seconds() -> float:
    """Return what this process and its children used."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


@pytest.mark.parametrize("name", LARGE)
def test_none_costs_more_than_a_second_or_50_mib(own_certificate, client_of, name):
    browser = client_of(None)
    groups = tuple(f"{number}" + "x" * 200 for number in range(5_500))
    idp = start_sign_in(browser).with_changes(attributes=(Attribute("groups", groups),))
    _, build = HOSTILE[name]
    form = message_form(build(idp))

    before = cpu_seconds()
    assert post_form(browser, form).status_code in (400, 403)
    assert cpu_seconds() - before <= 1

    tracemalloc.start()
    post_form(browser, form)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 50 * 2**20

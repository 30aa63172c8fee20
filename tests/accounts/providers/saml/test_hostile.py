"""Hostile and broken messages: each refused on one page, 4xx, by the rule that is meant to, and nobody signed in."""

import logging
import resource
import tracemalloc
from typing import Any

import pytest
from django.test import Client

from accounts.models import Person
from accounts.providers.saml import keys
from core.audit import AuditEvent
from tests.support.saml_hostile import HOSTILE
from tests.support.saml_kit import Attribute
from tests.support.saml_stage import message_form, post_form, signed_in_person, start_sign_in

CHUNK = 30
CHUNKS = [list(HOSTILE)[start : start + CHUNK] for start in range(0, len(HOSTILE), CHUNK)]


@pytest.fixture
def ours(connected, tmp_path, monkeypatch):
    """Let "OURS" stand for cooper's certificate."""
    file = tmp_path / "ours.pem"
    file.write_text(keys.stored()[0]["certificate"])
    monkeypatch.setattr("tests.support.saml_kit.OURS", str(file))


def outcome(browser: Client, made: Any, caplog: Any) -> tuple[Any, list[str]]:
    """Return the answer to a message that claims to answer this browser's request, and the lines it left in the log."""
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        answer = post_form(browser, message_form(made(start_sign_in(browser))))
    return answer, [
        each.getMessage()
        for each in caplog.records
        if not each.name.startswith(("django", "faker", "moto"))
    ]


def used() -> float:
    """Return CPU seconds of this process and of its children."""
    own, theirs = (
        resource.getrusage(resource.RUSAGE_SELF),
        resource.getrusage(resource.RUSAGE_CHILDREN),
    )
    return own.ru_utime + own.ru_stime + theirs.ru_utime + theirs.ru_stime


def wrong(browser: Client, name: str, caplog: Any) -> str:
    """Say what is wrong with the way a hostile message was taken, or ""."""
    rule, made = HOSTILE[name]
    answer, lines = outcome(browser, made, caplog)
    reason = lines[0].partition("refused: ")[2].strip("'\"") if lines else ""
    fine = (
        answer.status_code in (400, 403)
        and "Not signed in" in answer.text
        and not signed_in_person(browser)
    )
    if not fine or len(lines) != 1 or len(lines[0]) > 600:
        return f"{answer.status_code}, {len(lines)} lines: {lines[:1]}"
    return "" if reason.startswith(rule) else reason


@pytest.mark.parametrize("number", range(len(CHUNKS)))
def test_it_refuses_every_hostile_message_by_its_rule_on_one_page(ours, client_of, caplog, number):
    found = {name: wrong(client_of(None), name, caplog) for name in CHUNKS[number]}
    assert {name: said for name, said in found.items() if said} == {}
    assert [p.person for p in Person.everything() if p.provider != "local"] == []
    assert sum(e.event == "person:sign-in:refused" for e in AuditEvent.everything()) == len(found)


def test_it_has_more_than_120_of_them():
    assert len(HOSTILE) >= 250


LARGE = (
    "a crowd of elements",
    "a crowd of attributes",
    "a tower",
    "1.6 MB",
    "a deflated bomb",
    "signed by a foreign key",
)


def test_none_costs_more_than_a_second_or_50_mib(ours, client_of):
    costs = {}
    for name in LARGE:
        browser = client_of(None)
        idp = start_sign_in(browser).with_changes(
            attributes=(Attribute("groups", tuple(f"{n}" + "x" * 200 for n in range(5_500))),)
        )
        fields = message_form(HOSTILE[name][1](idp))
        begun = used()
        assert post_form(browser, fields).status_code in (400, 403)
        spent = used() - begun
        tracemalloc.start()
        post_form(browser, fields)
        costs[name] = (spent, tracemalloc.get_traced_memory()[1] / 2**20)
        tracemalloc.stop()
    assert {name: cost for name, cost in costs.items() if cost[0] > 1 or cost[1] > 50} == {}

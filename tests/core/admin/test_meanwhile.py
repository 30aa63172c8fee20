"""Somebody else saves or deletes a target between two steps of one save."""

import pytest

from brokers import catalogue
from brokers.admin import TargetAdmin, target_save
from brokers.models import Target
from tests.support.codes import next_code
from tests.support.forms import errors_in, fields_of

DEV_READ, FORM = "/admin/brokers/target/dev-read/change/", "target_form"
MOVED, STALE = 302, 409


@pytest.fixture
def carol(client_of):
    client_of("alice")
    return client_of("carol")


def meanwhile(monkeypatch, hook: str, act) -> None:
    """Let somebody else act just after a hook of the ModelAdmin."""
    real = getattr(TargetAdmin, hook)

    def hook_and_act(self, request, operation):
        result = real(self, request, operation)
        act()
        return result

    monkeypatch.setattr(TargetAdmin, hook, hook_and_act)


def save(carol, **typed):
    sent = fields_of(carol.get(DEV_READ).text, FORM) | {"code": next_code("carol")}
    return carol.post(DEV_READ, sent | typed)


def test_a_target_that_is_deleted_meanwhile_leads_away_from_its_form(carol, monkeypatch):
    meanwhile(monkeypatch, "prepare", lambda: target_save.delete(Target.find("dev-read")))
    answer = save(carol, title="New")
    assert answer.status_code == MOVED and answer["Location"] == "/admin/"
    assert "Perhaps it was deleted?" in carol.get("/admin/").text


def test_a_target_that_is_changed_while_its_impact_is_shown_is_stale(carol, monkeypatch):
    def change_title():
        target = Target.find("dev-read")
        target.title = "Dan's title"
        catalogue.edit(lambda writes: writes.save(target), "dev-read")

    meanwhile(monkeypatch, "preview_impact", change_title)
    answer = save(carol, **{"associations-0-DELETE": "on", "title": "New"})
    assert answer.status_code == STALE
    assert "Now: Dan&#x27;s title" in errors_in(answer.text)
    assert 'class="errornote"' in answer.text

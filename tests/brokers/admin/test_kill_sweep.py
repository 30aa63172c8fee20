"""Operations of the admin, killed before and after each call to AWS: no step is half applied."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from brokers import catalogue
from brokers.models import Association, Change, Target
from core.audit import Event
from core.audit_history import events_of
from tests.support import clock
from tests.support.codes import next_code
from tests.support.forms import confirmed, fields_of, looked_at
from tests.support.kill_sweep import killed_at

CHANGE, DELETE, LIST = (
    f"/admin/brokers/target/{part}" for part in ("dev-read/change/", "dev-read/delete/", "")
)
GROUPS = [f"local:group-{number:02}" for number in range(20)]
MOST_CALLS = 300
"""More calls than any of the operations makes."""


def save_with_twenty_associations(carol: Any) -> None:
    """Give dev-read a title and twenty groups more, as the form does."""
    page = carol.get(CHANGE)
    rows = {f"associations-{number}-group": group for number, group in enumerate(GROUPS, 1)}
    rows["associations-TOTAL_FORMS"] = str(len(GROUPS) + 1)
    sent = (
        fields_of(page.text, "target_form")
        | rows
        | {"title": "Twenty more", "code": next_code("carol")}
    )
    assert looked_at(carol, CHANGE, sent).status_code == 302


def delete(carol: Any) -> None:
    """Delete dev-read, which has twenty groups."""
    assert confirmed(carol, DELETE).status_code == 200


def entitle_in_bulk(carol: Any) -> None:
    """Let a group become six targets, in steps of two."""
    names = ["data-analyst", "dev-admin", "dev-read", "prod-read", "staging-db", "staging-read"]
    chosen = {"action": "associate", "_selected_action": names, "told": "1", "group": "visitors"}
    assert confirmed(carol, LIST, **chosen, confirmed="yes").status_code == 200


def twenty_groups(carol: Any) -> None:
    catalogue.edit(
        lambda writes: [writes.create(Association("dev-read", group)) for group in GROUPS],
        "dev-read",
    )


def nothing(carol: Any) -> None:
    """Begin with the seed."""


def said_and_done() -> None:
    """Demand that the audit log, the catalogue and its change log agree with the tables."""
    for name in (
        "dev-read",
        "dev-admin",
        "staging-db",
        "prod-read",
        "data-analyst",
        "staging-read",
    ):
        target = Target.find(name)
        there = {str(rule.group) for rule in Association.under(name)}
        added, removed, events = set(), set(), []
        for each in events_of(name):
            if each.event in (Event.TARGET_CHANGED, Event.TARGET_DELETED):
                events.append(each)
                changed = each.facts.get("associations") or {}
                added |= set(changed.get("added", ()))
                removed |= set(changed.get("removed", ()))
        deleted = any(each.event == Event.TARGET_DELETED for each in events)
        assert (target.state == "deleted") is deleted
        assert added - removed <= there and not removed & there
        assert (target.title == "Twenty more") is any(
            "title" in (each.facts.get("changes") or {}) for each in events
        )
        new = there - SEEDED[name]
        assert new == added - removed or deleted
    catalogue.forget()
    held, log = (
        catalogue.current(),
        [each for each in Change.everything() if int(each.number) != catalogue.STAMP],
    )
    assert held.number == max((int(each.number) for each in log), default=0)
    assert {
        name: set(map(str, rules)) for name, rules in held.associations_by_target.items()
    } == by_target()


def by_target() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for rule in Association.everything():
        found.setdefault(str(rule.target), set()).add(str(rule))
    return found


SEEDED: dict[str, set[str]] = {}
OPERATIONS = {
    "a save with 20 associations": (nothing, save_with_twenty_associations),
    "a delete": (twenty_groups, delete),
    "a bulk operation in three steps": (nothing, entitle_in_bulk),
}


def sweep(client_of: Any, store: Any, name: str, every: int) -> int:
    """Kill the operation at every n-th call, before and after it; return the number of deaths."""
    prepare, operation = OPERATIONS[name]
    carol = client_of("carol")
    prepare(carol)
    SEEDED.clear()
    for target in Target.everything():
        SEEDED[str(target.name)] = {str(rule.group) for rule in Association.under(target.name)}
    kept, deaths = copy.deepcopy(dict(store.tables)), 0
    for number in range(1, MOST_CALLS, every):
        for after in (False, True):
            # carol's codes turn the clock on, but her web session begins anew: so does the time
            with clock.travelling():
                died = killed_at(number, after, lambda: operation(carol))
                said_and_done()
                if not died:
                    return deaths
                deaths += 1
                goes_on(operation, carol)
            store.tables.clear()
            store.tables.update(copy.deepcopy(kept))
            catalogue.forget()
    raise AssertionError(f"more than {MOST_CALLS} calls")


def goes_on(operation: Callable[[Any], None], carol: Any) -> None:
    """Do the operation again after a death: the whole of it is there then, once."""
    if operation is delete:
        if Target.find("dev-read").state != "deleted":
            operation(carol)
        assert not list(Association.under("dev-read"))
    elif operation is entitle_in_bulk:
        operation(carol)
        assert all(
            Association.find(name, "local:visitors")
            for name in ("dev-read", "staging-read", "data-analyst")
        )
    elif Target.find("dev-read").title != "Twenty more":
        operation(carol)
    said_and_done()


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch):
    monkeypatch.setattr("brokers.admin.bulk_changes.IN_ONE", 2)


@pytest.mark.parametrize("name", OPERATIONS)
def test_it_is_whole_wherever_it_is_killed(client_of, store, name):
    assert sweep(client_of, store, name, 29) > 2


@pytest.mark.soak
@pytest.mark.parametrize("name", OPERATIONS)
def test_it_is_whole_wherever_it_is_killed_at_every_call(client_of, store, name, capsys):
    deaths = sweep(client_of, store, name, 1)
    with capsys.disabled():
        print(f"{name}: {deaths} deaths")  # noqa: T201 - the figure is what one runs this for
    assert deaths > 30

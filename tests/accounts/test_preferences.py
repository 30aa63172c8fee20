"""Preferences: an item of one's own, read with each request, one write a change, and bounded."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.test import RequestFactory

from accounts import preferences
from accounts.identity import Identity
from accounts.models import Person, StoredPreferences
from accounts.preferences import DEFAULTS, Preferences, TargetChoices
from core.errors import Invalid
from tests.support import faults

ALICE = "local:alice"
BOB = "local:bob"
CHOICES = TargetChoices("eu-west-1", "s3", 3600)

CHANGES: dict[str, tuple[Callable[[str], None], Preferences]] = {
    "theme": (partial(preferences.set_theme, theme="dark"), Preferences(theme="dark")),
    "new tab": (partial(preferences.set_new_tab, new_tab=False), Preferences(new_tab=False)),
    "format": (
        partial(preferences.set_credentials_format, name="fish"),
        Preferences(credentials_format="fish"),
    ),
    "star": (
        partial(preferences.star, key="target:dev.read"),
        Preferences(starred=frozenset({"target:dev.read"})),
    ),
    "fold": (
        partial(preferences.fold, key="aws-account:111122223333"),
        Preferences(folded=frozenset({"aws-account:111122223333"})),
    ),
    "choice": (
        partial(preferences.choose, target="dev.read", choices=CHOICES),
        Preferences(choices={"dev.read": CHOICES}),
    ),
}


def stored(person: str = ALICE) -> Preferences:
    """Return a person's preferences as a request of theirs gets them."""
    request = RequestFactory().get("/")
    provider, _, subject = person.partition(":")
    request.identity = Identity(provider, subject)  # type: ignore[attr-defined]
    return preferences.preferences_of(request)


def writes() -> list[str]:
    calls = [call.operation for call in faults.journal()]
    return [operation for operation in calls if operation not in ("BatchGetItem", "GetItem")]


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_one_write_to_an_item_of_its_own(store, what):
    assert stored() == DEFAULTS
    faults.clear()
    change, after_change = CHANGES[what]
    change(ALICE)

    # the first choice of all finds no map to put it into
    assert writes() == ["UpdateItem"] * (2 if what == "choice" else 1)
    assert {table for call in faults.journal() for table in call.tables} == {"cooper-once"}
    assert stored() == after_change
    assert stored(BOB) == DEFAULTS


def test_changes_stand_beside_each_other(store):
    for change, _ in CHANGES.values():
        change(ALICE)
    faults.clear()
    preferences.choose(ALICE, "prod", TargetChoices("us-east-1", "", 900))
    preferences.choose(ALICE, "dev.read", TargetChoices("us-east-1", "ec2", 900))
    assert writes() == ["UpdateItem", "UpdateItem"]

    preferences.unstar(ALICE, "target:dev.read")
    preferences.unfold(ALICE, "aws-account:111122223333")
    assert stored() == Preferences(
        "dark",
        False,
        "fish",
        choices={
            "dev.read": TargetChoices("us-east-1", "ec2", 900),
            "prod": TargetChoices("us-east-1", "", 900),
        },
    )


@pytest.mark.parametrize(
    ("limit", "add", "words"),
    [
        ("MOST_STARRED", preferences.star, "stars"),
        ("MOST_FOLDED", preferences.fold, "folded"),
    ],
)
def test_there_is_a_most_of_stars_and_folds(store, monkeypatch, limit, add, words):
    monkeypatch.setattr(preferences, limit, 2)
    add(ALICE, "target:one")
    add(ALICE, "target:two")
    with pytest.raises(Invalid, match=words):
        add(ALICE, "target:three")

    # what is there already is no more
    add(ALICE, "target:two")
    assert len(stored().starred | stored().folded) == 2


def test_there_is_a_most_of_choices(store, monkeypatch):
    monkeypatch.setattr(preferences, "MOST_CHOICES", 2)
    for target in ("one", "two", "one"):
        preferences.choose(ALICE, target, CHOICES)
    with pytest.raises(Invalid, match="2 targets"):
        preferences.choose(ALICE, "three", CHOICES)
    assert set(stored().choices) == {"one", "two"}


@pytest.mark.parametrize(
    "change",
    [
        partial(preferences.set_theme, theme="Dark"),
        partial(preferences.star, key="target:"),
        partial(preferences.star, key="target:a\nb"),
        partial(preferences.star, key="person:alice"),
        partial(preferences.fold, key="target:" + "x" * 100),
        partial(preferences.unfold, key="\ud800"),
        partial(preferences.set_credentials_format, name="x" * 101),
        partial(preferences.choose, target="a b", choices=CHOICES),
        partial(preferences.choose, target="a", choices=TargetChoices("x" * 101)),
    ],
)
def test_nothing_else_is_kept(store, change):
    with pytest.raises(Invalid):
        change(ALICE)
    assert writes() == []


def test_what_a_later_cooper_stored_is_read_without_fault(store):
    key = preferences.preferences_key(ALICE)
    actions = [
        StoredPreferences.theme.set("sepia"),
        StoredPreferences.choices.set({"dev": {"region": "eu-west-1", "tab": "x"}, "odd": "text"}),
    ]
    StoredPreferences.update_item(key, actions=actions)
    assert stored() == Preferences(choices={"dev": TargetChoices("eu-west-1")})


def test_first_choices_at_the_same_moment_are_all_kept(store):
    names = [f"target-{number}" for number in range(8)]
    threads = [
        threading.Thread(target=preferences.choose, args=(ALICE, name, CHOICES)) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(stored().choices) == set(names)


def test_a_page_reads_them_in_its_one_read_and_the_person_is_left_alone(client_of):
    browser = client_of("alice")
    browser.get("/")
    version = Person.find(ALICE).version
    preferences.star(ALICE, "target:dev-read")
    faults.clear()

    request = browser.get("/").wsgi_request
    assert preferences.preferences_of(request).starred == {"target:dev-read"}
    # the query is of the person's own history, which home shows
    assert [call.operation for call in faults.journal()] == ["BatchGetItem", "Query"]
    assert Person.find(ALICE).version == version


def test_nobody_has_the_defaults(client_of):
    assert preferences.preferences_of(client_of(None).get("/login/").wsgi_request) is DEFAULTS

"""Administrators change targets at the same moment: all is done, or the page says who is busy."""

from functools import partial

from brokers import catalogue
from brokers.models import Target
from tests.support.many_people import windows
from tests.support.races import all_at_once

NAMES = ("dev-read", "dev-admin", "staging-read", "prod-admin")


def set_title(name: str) -> None:
    target = Target.find(name)
    target.title = f"New {name}"
    catalogue.edit(lambda writes: writes.save(target), name)


def test_edits_of_several_targets_are_all_done(store):
    with windows(store):
        all_at_once([partial(set_title, name) for name in NAMES])
    assert store.conflicts, "they did not meet: this shows nothing"
    assert [Target.find(name).title for name in NAMES] == [f"New {name}" for name in NAMES]
    assert [catalogue.current().targets[name].title for name in NAMES] == [
        f"New {name}" for name in NAMES
    ]

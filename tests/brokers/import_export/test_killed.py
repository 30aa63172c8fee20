"""An import that is killed has applied what it says, and can be resumed.

Forks of this process are killed before and just after each call to AWS; real commands, at some.
"""

import copy
import itertools
import json
import signal
import subprocess
import time
import zlib
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from brokers import catalogue
from brokers.import_export import jobs
from brokers.import_export.drafts import draft
from brokers.models import Association, Import, ImportPart, Target
from core.audit import Event
from tests.support import faults
from tests.support.events import all_events
from tests.support.faults import Fault
from tests.support.import_files import emptied, exported, imported, many
from tests.support.kill_sweep import killed_at
from tests.support.patience import patient
from tests.support.served import ROOT, clean, manage

__all__ = ["patient"]  # a fixture

GROUPS = 3


def half_applied() -> list[str]:
    """Return targets that are not there with all their associations and one event each."""
    groups = Counter(str(rule.target) for rule in Association.everything())
    added = Counter(str(each.target) for each in all_events() if each.event == Event.TARGET_ADDED)
    there = {str(each.name) for each in Target.everything()}
    named = there | set(groups) | set(added)
    return [
        name for name in named if (name in there, groups[name], added[name]) != (True, GROUPS, 1)
    ]


def finished() -> int:
    """Return how often the audit log says that an import is done."""
    return sum(each.event == Event.IMPORT_DONE for each in all_events())


def holds(text: str, said: list[int]) -> None:
    """Demand that what a killed import says of itself is true, and that it goes on to the whole."""
    catalogue.forget()
    found = jobs.newest()
    assert half_applied() == []
    applied = int(found.applied) if found is not None else 0
    assert max(said, default=0) <= applied
    assert {str(each.name) for each in Target.everything()} == targets_of(found)
    if applied == 0:
        assert finished() == 0
    elif applied == found.total:
        assert found.state == jobs.DONE and finished() == 1
    else:
        assert found.state == jobs.RUNNING and finished() == 0
    if found is None:
        imported(text)
    else:
        jobs.resume()
    assert half_applied() == [] and finished() == 1 and exported() == text
    assert Import.find(jobs.SLOT).state == jobs.DONE


def import_saying(text: str, told: Path) -> None:
    """Import a file, noting each step that is said to be applied."""
    jobs.begin(draft(text.encode()), "local:carol")
    jobs.resume(on_step=lambda found: told.write_text(str(found.applied)))


def targets_of(found: Import | None) -> set[str]:
    """Return the targets of the steps that are said to be applied."""
    names: set[str] = set()
    for number in range(1, (int(found.applied) if found is not None else 0) + 1):
        step = json.loads(zlib.decompress(bytes(ImportPart.find(found.number, number).body)))
        names |= {each["name"] for each in step["targets"]}
    return names


@pytest.mark.parametrize(
    ("targets", "points"), [(30, (2, 7, 11)), pytest.param(500, (), marks=pytest.mark.soak)]
)
def test_it_holds_and_goes_on_wherever_it_is_killed(store, patient, tmp_path, targets, points):
    emptied(store)
    text, told = many(targets, targets * GROUPS), tmp_path / "told"
    before = copy.deepcopy(dict(store.tables))
    for point in points or itertools.count(1):
        for after in (False, True):
            store.tables.clear()
            store.tables.update(copy.deepcopy(before))
            catalogue.forget()
            told.write_text("0")
            killed = killed_at(point, after, partial(import_saying, text, told))
            holds(text, [int(told.read_text())])
            assert killed or not points
            if not killed:
                return


KILLS = [
    *[
        (mode, "TransactWriteItems", "targets", 60, after)
        for mode in ("hang", "drip")
        for after in (0, 2)
    ],
    *[
        pytest.param(mode, "", "", 500, after, marks=pytest.mark.soak)
        for mode in ("hang", "drip")
        for after in range(0, 130, 4)
    ],
]


@pytest.mark.parametrize(("mode", "operation", "table", "targets", "after"), KILLS)
def test_it_holds_and_goes_on_after_kill_9(store, tmp_path, mode, operation, table, targets, after):
    emptied(store)
    text = many(targets, targets * GROUPS)
    (tmp_path / "targets.yaml").write_text(text)
    words = manage("cooper_import", "--yes", str(tmp_path / "targets.yaml"))
    # hang: the call never happens; drip: it is done, and its answer never ends
    fault = Fault("dynamodb", operation, table, mode=mode, seconds=60, after=after, times=1)
    with faults.on(fault) as [struck]:
        process = subprocess.Popen(
            words, cwd=ROOT, env=clean(store.environment()), stdout=subprocess.PIPE, text=True
        )
        while not struck.hit and process.poll() is None:
            time.sleep(0.01)
        if mode == "drip":
            time.sleep(0.3)
        process.send_signal(signal.SIGKILL)
        told, _ = process.communicate(timeout=20)
    assert struck.hit == 1, told
    faults.clear()
    said = [int(line.split()[0]) for line in told.splitlines() if line.endswith("steps applied")]
    assert "Done" not in told
    holds(text, said)

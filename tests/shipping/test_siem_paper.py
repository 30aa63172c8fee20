"""docs/siem.md names every event and field that there is."""

import re
from collections import Counter

from core.audit import Event
from core.audit_export import COLUMNS
from core.event_words import WORDS
from tests.support.paths import ROOT

PAPER = (ROOT / "docs/siem.md").read_text(encoding="utf-8")


def test_it_has_each_kind_of_event_once_in_the_words_of_pages() -> None:
    rows = re.findall(r"^\| `([a-z-]+:[a-z-]+:[a-z-]+)` \| (.+) \|$", PAPER, re.MULTILINE)
    assert Counter(name for name, _ in rows) == Counter(map(str, Event))
    assert dict(rows) == {str(event): str(words) for event, words in WORDS.items()}


def test_it_has_each_field_in_order() -> None:
    table = PAPER.split("## The format")[1].split("A line that is too large")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == COLUMNS

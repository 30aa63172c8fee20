"""A file may be written by hand, and an export says all that there is."""

import re

from brokers import catalogue
from brokers.import_export.drafts import draft
from brokers.models import Association, Target
from core.audit import Event
from demo.seed import READ_S3
from tests.support.events import all_events
from tests.support.import_files import A, exported, imported
from tests.support.paths import ROOT


# -- what a file may say ---------------------------------------------------------------------------
def test_it_takes_a_file_written_by_hand(store):
    text = A + "labels: [env=dev, env=dev]\nassociations:\n  a: {visitors: 2030-01-02}\n"
    imported(text)
    target, [rule] = Target.find("a"), Association.under("a")
    assert (target.state, target.aws_account, list(target.labels)) == (
        "pending",
        "444444444444",
        ["env=dev"],
    )
    assert (rule.group, f"{rule.until:%Y-%m-%d %H:%M}") == ("local:visitors", "2030-01-03 00:00")


def test_it_takes_the_example_of_the_paper(store):
    paper = (ROOT / "docs/import-export.md").read_text()
    example = re.findall(r"```yaml\n(.*?)```", paper, re.DOTALL)[0]
    external_id = str(catalogue.current().accounts["222222222222"].external_id)
    imported(re.sub(r"external_id: .*", f"external_id: {external_id}", example))
    assert (
        Target.find("sandbox-uploads").state == "pending"
        and len(list(Association.under("sandbox-read"))) == 2
    )


def test_it_keeps_texts_as_they_are(store):
    titles = [
        "null",
        "~",
        "yes",
        "123",
        "1e3",
        "a: b",
        "# x",
        "'quoted'",
        "ümlaut ☃",
        "- x",
        "0x1F",
        "2030-01-01",
        "x" * 120,
    ]
    for title in titles:
        target = Target.find("dev-read")
        target.title, target.description = title, f"{title}\r\nsecond line\n\nfourth"
        catalogue.edit(lambda writes, target=target: writes.save(target), "dev-read")
        assert not draft(exported().encode()).plan


def test_it_keeps_policies_readable(store):
    target = Target.find("dev-uploads")
    target.session_policy = '{\n  "Version": "2012-10-17",\n  "Statement": []\n}'
    catalogue.edit(lambda writes: writes.save(target), "dev-uploads")
    assert '    session_policy: |-\n      {\n        "Version"' in exported()


def test_it_puts_no_secret_in_a_file_unless_asked_for(store):
    target = Target.find("dev-uploads")
    assert "ciphertext" not in exported() and str(target.access_key_id) not in exported()
    assert exported(with_keys=True).count("ciphertext:") == 3 and READ_S3 in exported()


def test_it_writes_the_same_file_each_time(store):
    assert exported() == exported()
    assert exported().startswith(
        "cooper: 2\ndefault_contact: Platform team, platform@example.com\n"
        "accounts:\n  '222222222222':\n    name: Dev"
    )


def test_it_records_an_export_before_it_hands_it_out(store):
    exported(with_keys=True)
    [event] = [each for each in all_events() if each.event == Event.EXPORT_DONE]
    assert event.facts["targets"] == 12 and event.facts["with_keys"] is True

"""Items of the audit log that are no events: they are shown as they stand, and stop nothing."""

import io

import pytest
from django.core.management import call_command

from core import audit
from core.audit import Event
from core.dynamo import pk_of

ODD = {
    "details that are no JSON": {"details": "no JSON"},
    "details that are a list": {"details": "[1, 2]"},
    "a moment that is none": {"at": "T10:00:00.banana#odd"},
    "a moment without a zone": {"at": "T00:00:00#odd"},
    "no kind": {"event": ""},
    "an unknown kind": {"event": "person:banish:done"},
}


@pytest.fixture(params=ODD)
def odd(request, store):
    """Return an item of today that whoever may write to the table has put there."""
    event = audit.event(Event.PERSON_CHANGED, person="local:alice", target="dev-read")
    changed = dict(ODD[request.param])
    day = event.day[: len("2026-11-26")]
    if "at" in changed:
        changed["at"] = f"{day}{changed['at']}"
    for name, value in changed.items():
        setattr(event, name, value)
    item = {name: value for name, value in event.serialize().items() if value != {"S": ""}}
    type(event)._get_connection().put_item(event.day, range_key=event.at, attributes=item)
    return event


@pytest.mark.parametrize(
    "address",
    [
        "/admin/cooper/auditevent/",
        "/admin/cooper/auditevent/?q=banana",
        "/admin/brokers/target/dev-read/history/",
        "/admin/brokers/target/dev-read/change/",
        "/admin/accounts/person/local:alice/",
        "/admin/brokers/target/",
        "/admin/",
        "/me/",
    ],
)
def test_pages_are_shown(odd, client_of, address):
    assert client_of("carol").get(address).status_code < 500


def test_its_own_page_is_shown(odd, client_of):
    address = f"/admin/cooper/auditevent/{pk_of((odd.day, odd.at))}/change/"
    assert client_of("carol").get(address).status_code < 500


@pytest.mark.parametrize("export_format", ["jsonl", "csv"])
def test_it_is_exported(odd, export_format):
    output = io.StringIO()
    day = odd.day[: len("2026-11-26")]
    words = ("export", "--from", day, "--to", day, "--format", export_format)
    call_command("cooper_audit", *words, stdout=output, stderr=output)

"""Without an audit log nothing is granted or changed; it is said so, at once, and passes by itself.

R1c: the table is denied, throttled, stalled, or gone.
"""

import pytest

from brokers.models import Target
from core.installation import STOP_SWITCH_ITEM, Installation
from tests.support import faults
from tests.support.codes import next_code
from tests.support.command_line import CommandLineTool
from tests.support.events import all_events
from tests.support.fault_flows import JSON, become, form
from tests.support.faults import Fault
from tests.support.forms import fields_of

MODES = ("deny", "throttle", "stall", "gone", "reset", "error")
TRIES = 3
CHANGE = "/admin/brokers/target/dev-read/change/"
WAYS = {
    "console": become("dev-read", "console"),
    "credentials": become("dev-uploads", "credentials"),
    "for a tool": become("dev-read", "credentials", **JSON),
}


def down(mode):
    return Fault("dynamodb", table="audit", mode=mode, seconds=3.0, status=503)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_granted_and_it_is_said_why(client_of, store, mode, way):
    alice = client_of("alice")
    WAYS[way](alice)
    issued, events = len(store.issued), len(all_events())
    faults.clear()
    with faults.on(down(mode)):
        answer = WAYS[way](alice)
    assert answer.status_code == 503 and "Location" not in answer
    assert "cannot write its audit log" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert len(store.issued) == issued
    # what stalls is written later, all the same
    assert mode == "stall" or len(all_events()) == events
    # it is tried for one event, and not for another one that says so
    assert faults.count("dynamodb", "PutItem", "audit") == 0
    assert faults.count("dynamodb", "TransactWriteItems", "audit") <= TRIES
    if mode == "stall":
        # whether it was written all the same is looked at once
        assert faults.count("dynamodb", "GetItem", "audit") == 1

    assert WAYS[way](alice).status_code in (200, 303), "it passes by itself"


@pytest.mark.parametrize("mode", ["deny", "gone"])
def test_a_command_line_is_told_too(client_of, store, mode):
    tool = CommandLineTool().sign_in(client_of("alice"))
    issued = len(store.issued)
    with faults.on(down(mode)):
        answer = tool.credentials("222222222222", "dev-read")
    assert answer.status_code == 503 and "cannot write its audit log" in answer.json()["message"]
    assert len(store.issued) == issued
    assert tool.credentials("222222222222", "dev-read").status_code == 200


@pytest.mark.parametrize("mode", ["deny", "gone", "throttle"])
def test_administrators_change_nothing(client_of, mode):
    carol = client_of("carol")
    before = Target.find("dev-read")
    typed = fields_of(carol.get(CHANGE).text, "target_form") | {"title": "New"}
    with faults.on(down(mode)):
        answer = carol.post(CHANGE, typed | {"code": next_code("carol")})
    assert answer.status_code == 503 and answer.headers["X-Request-Id"] in answer.text
    assert Target.find("dev-read").version == before.version
    assert form(CHANGE, "target_form", title="New")(carol).status_code == 302


@pytest.mark.parametrize(
    "address", ["/admin/", "/admin/brokers/target/", CHANGE, "/admin/accounts/person/"]
)
def test_administrators_see_what_there_is(client_of, address):
    carol = client_of("carol")
    with faults.on(down("deny")):
        answer = carol.get(address)
    assert answer.status_code == 200
    assert "The audit log cannot be read now, and so not whether somebody" in answer.text
    last_uses = answer.text.count(">cannot be read now<")
    assert bool(last_uses) == (address == "/admin/brokers/target/")


@pytest.mark.parametrize("mode", ["deny", "gone"])
def test_pages_are_shown_all_the_same(client_of, mode):
    alice = client_of("alice")
    with faults.on(down(mode), may_miss=True):
        for address in ("/", "/targets/dev-read/", "/healthz", "/command-line/"):
            assert alice.get(address).status_code == 200
        assert alice.get("/readyz").status_code == 503
    assert Installation.find(STOP_SWITCH_ITEM)

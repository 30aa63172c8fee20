"""The whole drill of docs/restore.md: from a restore to a grant of each kind, nothing come back.

`python -m bench restore` does it at a size, into another prefix and to another KMS key.
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.test import Client

from accounts.models import Person
from brokers.models import Association
from core import audit
from core.installation import STOP_SWITCH_ITEM, Installation
from embedded_aws import EmbeddedAws
from tests.support import clock
from tests.support.codes import next_code
from tests.support.command_line import CommandLineTool
from tests.support.events import all_events, shipped_log
from tests.support.forms import mark_in, submit
from tests.support.restores import copy_of_tables, restore_tables

DEV = "222222222222"
ROLE = "dev-read"
FEDERATED_USER = "dev-uploads"

REMOVED = "staging-read"
REMOVAL = f"/admin/brokers/association/{REMOVED}%7Clocal_3Adevelopers/delete/"

STOP_SWITCH = f"/admin/cooper/installation/{STOP_SWITCH_ITEM}/change/"


def command(name: str, *words: Any) -> str:
    output = io.StringIO()
    call_command(name, *map(str, words), stdout=output)
    return output.getvalue()


def removal_with(carol: Client, code: str) -> str:
    """Remove the association by its page with this code; return the page that it leads to."""
    seen = mark_in(carol.get(REMOVAL).text)
    answer = carol.post(REMOVAL, {"post": "yes", "seen": seen, "code": code}, follow=True)
    return str(answer.text)


def is_removed() -> bool:
    return Association.find(REMOVED, "local:developers") is None


def grant_each_kind(alice: Client) -> dict[str, int]:
    """Ask for a grant of each kind; return the answers' statuses."""
    statuses = {}
    for target in (ROLE, FEDERATED_USER):
        for way in ("credentials", "console"):
            answer = alice.post(f"/targets/{target}/{way}/", {"duration": "900"})
            statuses[f"{target} {way}"] = answer.status_code
    tool = CommandLineTool().sign_in(alice)
    statuses["command line"] = tool.credentials(DEV, ROLE).status_code
    return statuses


def test_nothing_comes_back_and_each_kind_of_grant_works(
    store: EmbeddedAws, client_of: Callable[..., Client], tmp_path: Path
) -> None:
    old_tool = CommandLineTool().sign_in(client_of("alice"))
    client_of("bob")
    before, restore_point = copy_of_tables(store), audit.now()

    # what comes after the restore point
    clock.shift(2)
    code = next_code("carol")
    removal_with(client_of("carol"), code)
    assert is_removed()
    command("cooper_user", "disable", "bob")
    shipped = tmp_path / "shipped.jsonl"
    shipped.write_bytes(shipped_log())

    restore_tables(store, before, at=restore_point)
    assert not is_removed()
    command("cooper_setup")
    listed = command("cooper_audit", "since-restore", shipped)
    assert "2 lines, 2 open" in listed
    command("cooper_user", "disable", "bob")

    # the servers start, and only administrators reach them
    carol, alice = client_of("carol"), client_of("alice")
    assert "code is not valid now" in removal_with(carol, code) and not is_removed()
    removal_with(carol, next_code("carol"))
    assert is_removed()
    assert set(grant_each_kind(alice).values()) == {403}
    assert "Released" in command("cooper_audit", "since-restore", shipped, "--release")
    assert submit(carol, STOP_SWITCH, "installation_form", stopped="off").status_code == 302
    assert Installation.find(STOP_SWITCH_ITEM).stopped is False

    # people come back
    assert set(grant_each_kind(alice).values()) == {200, 303}
    assert alice.get(f"/targets/{REMOVED}/").status_code == 404
    assert Person.find("local:bob").disabled
    assert old_tool.credentials(DEV, ROLE).status_code == 401
    assert old_tool.refresh_access().status_code == 400
    kinds = [str(event.event) for event in all_events()]
    assert kinds.count("association:delete:done") == 1

"""Every command that writes, run whole, under faults of AWS.

A command that was cut off is simply run again: then it comes to its end, and has done the same.
"""

import copy
import io
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any
from unittest import mock

from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client

from accounts import local_accounts, service_tokens
from accounts.first_read import guesses
from accounts.models import Person
from accounts.providers.saml import idps
from brokers import catalogue
from brokers.import_export import jobs
from brokers.import_export.drafts import draft
from brokers.models import Target
from core import installation, secret_keys
from embedded_aws import EmbeddedAws
from sso_portal import registration_keys
from tests.embedded_aws.clients import client_for
from tests.support import clock
from tests.support.codes import give_device
from tests.support.fault_admin_writes import FILE
from tests.support.fault_flows import Operation
from tests.support.fault_recording import Changes, Recording, rehearse
from tests.support.versions import forget_version

NEW_PASSWORD = "rarely-typed-4711"

LATER = 300
"""Seconds until a command that was cut off is run again."""

FAILED = 424
"""What stands for exit code 1: pages and their rules are another subject."""


@dataclass
class Stage:
    """What commands are about: the store, and the words that are filled in."""

    store: EmbeddedAws
    filled: dict[str, str]
    clean: Callable[[], object]
    """Takes away what a run left outside of the store."""


def nothing(stage: Stage) -> None:
    """Prepare nothing."""


@dataclass(frozen=True)
class Command:
    """A command line: its words, of which `{...}` are filled in, and what it reads."""

    words: str
    typed: str = ""
    """What comes on stdin."""

    before: Callable[[Stage], object] = nothing
    in_steps: bool = False
    goes_on: bool = False
    """Whether it is made to be run again after it was cut off."""

    ended_by: str = ""
    """The command that ends what it began, where it refuses to be run again until then."""

    nothing_left: str = ""
    """What it says when it is run once more."""

    repairs: frozenset[str] = frozenset()
    """Changes that are no part of it: what it does where AWS says that something is off."""


@dataclass
class CommandRecording(Recording):
    """A command in the place of a request."""

    words: tuple[str, ...] = ()
    typed: str = ""
    clean: Callable[[], object] = lambda: None
    nothing_left: str = ""
    repairs: frozenset[str] = frozenset()

    def changes(self) -> Changes:
        """Return what is different from the state before the command, but for repairs."""
        return super().changes() - self.repairs

    def send(self) -> Any:
        """Run the command; return what it says as if it were a page."""
        output = io.StringIO()
        status = 200
        with mock.patch.object(sys, "stdin", io.StringIO(self.typed)):
            try:
                call_command(*self.words, stdout=output, stderr=output)
            except CommandError as error:
                status = FAILED
                output.write(str(error))
            except Exception:  # noqa: BLE001 - what a person would see as a traceback
                status = HTTPStatus.INTERNAL_SERVER_ERROR
                output.write(traceback.format_exc())
        if self.has_nothing_to_do(output.getvalue()):
            status = HTTPStatus.ALREADY_REPORTED
        response = HttpResponse(output.getvalue(), status=status, content_type="text/plain")
        response.wsgi_request = SimpleNamespace()  # type: ignore[attr-defined]
        return response

    def has_nothing_to_do(self, text: str) -> bool:
        """Return whether the command said so."""
        return bool(self.nothing_left) and bool(re.search(rf"\b{self.nothing_left}", text))

    @contextmanager
    def begun(self) -> Iterator[None]:
        """Go back to the state before the command, which is a process of its own."""
        self.clean()
        forget_version()
        idps.clear_cache()
        with super().begun():
            yield

    @contextmanager
    def later(self) -> Iterator[None]:
        """Let it be some minutes after the command."""
        with clock.travelling(self.moment + LATER):
            yield


def record_command(name: str, command: Command, stage: Stage) -> CommandRecording:
    """Keep the state before a command, and run it once to see what it does."""
    command.before(stage)
    recording = CommandRecording(
        name,
        Operation("", lambda browser: None, in_steps=command.in_steps),
        stage.store,
        Client(),
        words=tuple(word.format(**stage.filled) for word in command.words.split()),
        typed=command.typed,
        clean=stage.clean,
        nothing_left=command.nothing_left,
        repairs=command.repairs,
    )
    recording.tables = copy.deepcopy(dict(stage.store.tables))
    recording.moment = time.time()
    recording.guesses = dict(guesses._people)
    recording.warm = catalogue.current()
    rehearse(recording)
    return recording


def wrong_in_the_end(recording: CommandRecording, command: Command) -> list[str]:
    """Run a command that was cut off again, and once more; return what is wrong then."""
    again = recording.send()
    wrong = []
    if command.ended_by and again.status_code == FAILED:
        again = replace(recording, words=tuple(command.ended_by.split())).send()
    if recording.changes() != recording.steps[-1]:
        wrong.append(f"run again, it has done {sorted(recording.changes())}: {again.text}")
    if not command.goes_on:
        # it may have been done before, and says so
        return wrong

    if again.status_code not in (HTTPStatus.OK, HTTPStatus.ALREADY_REPORTED):
        wrong.append(f"run again, it says {again.text}")
    once_more = recording.send().text
    if command.nothing_left and not recording.has_nothing_to_do(once_more):
        wrong.append(f"run once more, it says {once_more}")
    return wrong


# -- what is there before --------------------------------------------------------------------------
def encrypt_tables(stage: Stage) -> None:
    """Let the tables be encrypted with the other key, as set-up does, and all else wait."""
    give_device("dan")
    secret_keys.rotate()
    for table in stage.store.tables.values():
        table.sse_specification = {"Enabled": True, "KMSMasterKeyId": stage.filled["key"]}


def turn_things_off(stage: Stage) -> None:
    """Let set-up have something to mend: an item that lacks, and tables without protection."""
    dynamodb = client_for(stage.store, "dynamodb")
    for document in (Person, Target):
        table = document.Meta.table_name
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    installation.set_up_item(registration_keys.ITEM).delete()


def cut_import_short(stage: Stage) -> None:
    """Let an import be unfinished."""
    jobs.begin(draft(FILE), "root@host")


def disable_alice(stage: Stage) -> None:
    """Let somebody be disabled."""
    local_accounts.disable("alice")


def add_token(stage: Stage) -> None:
    """Let there be a service token."""
    service_tokens.add("hook", 30, "root@host")
    stage.filled["token"] = service_tokens.everything()[0].id


COMMANDS = {
    "move ciphertexts": Command(
        "cooper_rewrap --kms-key {key}",
        before=encrypt_tables,
        in_steps=True,
        goes_on=True,
        nothing_left="0 moved, 0 left",
    ),
    "set up": Command(
        "cooper_setup",
        before=turn_things_off,
        in_steps=True,
        goes_on=True,
        nothing_left="nothing had to be changed",
    ),
    "rotate the secret key": Command(
        "cooper_setup --rotate-secret-key",
        in_steps=True,
        # a table of which AWS shows no protection gets it again, which is an event of its own
        repairs=frozenset({"event setup:run:done None count"}),
    ),
    "ship": Command("cooper_ship once", in_steps=True, goes_on=True),
    "import": Command(
        "cooper_import --yes {file}", in_steps=True, ended_by="cooper_import --resume"
    ),
    "resume an import": Command(
        "cooper_import --resume",
        before=cut_import_short,
        in_steps=True,
        goes_on=True,
        nothing_left="Nothing to do",
    ),
    "give an import up": Command("cooper_import --give-up", before=cut_import_short),
    "export": Command("cooper_export"),
    "export the audit log": Command("cooper_audit export --from {today} --to {today}"),
    "add a local account": Command("cooper_user add gwen --groups admins", typed=NEW_PASSWORD),
    "set a password": Command("cooper_user password alice", typed=NEW_PASSWORD),
    "set groups": Command("cooper_user groups alice visitors"),
    "disable a person": Command("cooper_user disable alice"),
    "enable a person": Command("cooper_user enable alice", before=disable_alice),
    "reset a device": Command("cooper_totp reset carol"),
    "make an enrolment code": Command("cooper_totp invite alice"),
    "add a service token": Command("cooper_tokens add hook", in_steps=True),
    "revoke a service token": Command("cooper_tokens revoke {token}", before=add_token),
    "rotate registration keys": Command("cooper_registrations rotate"),
    "connect an identity provider": Command("cooper_saml add new --metadata {metadata}"),
    "disconnect an identity provider": Command("cooper_saml remove okta"),
    "make a SAML key": Command("cooper_saml keygen"),
    "make a SAML test": Command("cooper_saml try okta"),
}
"""Commands by what they do."""

LEFT_OUT = {
    "cooper_check": "it tries what serving needs, and leaves nothing",
    "cooper_encrypt": "it stores nothing, and says so where its event cannot be written",
    "cooper_serve": "what it serves is in the sweep of operations",
    "collectstatic": "it asks nothing of AWS",
}
"""Commands that are not in the sweep, and why."""

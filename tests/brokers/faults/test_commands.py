"""Every command that writes x every call to AWS x every fault: run again, it comes to its end."""

import shutil
from datetime import UTC, datetime, timedelta

import pytest

from cooper_project import rewrap
from core.dynamo import table_manager
from core.kms_signing import Verifier
from shipping import ledger
from shipping.sent_files import SentFiles
from shipping.verification import verify
from tests.embedded_aws.clients import client_for
from tests.support.fault_admin_writes import FILE
from tests.support.fault_commands import (
    COMMANDS,
    LEFT_OUT,
    Stage,
    record_command,
    wrong_in_the_end,
)
from tests.support.fault_invariants import complaints
from tests.support.fault_sweep import SLOW, Case, Missed, cases_of, run
from tests.support.fault_table import Row
from tests.support.kms_keys import another_key
from tests.support.paths import ROOT
from tests.support.saml_kit import Idp
from tests.support.shipping import stored_ids, yard_of

SAMPLED = ("move ciphertexts", "set up", "ship")
FEW = 2
"""Cases of a command in the normal run."""


@pytest.fixture
def yard(connected, tmp_path, monkeypatch):
    folder = tmp_path / "shipped"
    folder.mkdir()
    # the next one need not wait for the lease of the one that was cut off
    monkeypatch.setattr(ledger, "LEASE", timedelta(0))
    with yard_of(connected, folder, monkeypatch) as yard:
        yield yard


@pytest.fixture
def stage(connected, client_of, yard, tmp_path, settings):
    """Yield what commands are about: people of all providers, files, and another KMS key."""
    # the commands set it: let it be as before after the test
    settings.COOPER_KMS_KEY = settings.COOPER_KMS_KEY
    client_of("alice")
    file = tmp_path / "targets.yaml"
    file.write_bytes(FILE)
    metadata = tmp_path / "new.xml"
    metadata.write_text(Idp(name="new", entity_id="https://new.example.com/").metadata())

    def clean():
        shutil.rmtree(yard.folder)
        yard.folder.mkdir()

    with another_key(client_for(connected, "kms")) as key:
        filled = {"key": key, "file": str(file), "metadata": str(metadata)}
        filled["today"] = f"{datetime.now(UTC):%Y-%m-%d}"
        yield Stage(connected, filled, clean)


@pytest.fixture
def swept(stage, yard, monkeypatch):
    """Return what runs a case of a command, and what is wrong afterwards."""

    def sweep(name, case, recording):
        with monkeypatch.context() as patched:
            # what passes by itself is waited for, but not for minutes
            patched.setattr(table_manager, "LIMIT", 4.0)
            result = run(case, recording)
        with recording.later():
            wrong = wrong_in_the_end(recording, COMMANDS[name])
            if name == "ship":
                wrong += wrong_in_the_folder(yard)
        # tables that are being changed are looked at again and again
        of_request = [line for line in complaints(result) if ": tries little: " not in line]
        return result, [*of_request, *(f"{case}: {line}" for line in wrong)]

    return sweep


def wrong_in_the_folder(yard):
    """Return what is wrong with what was shipped: each event once, in one chain."""
    verdict = verify(SentFiles(yard.folder), Verifier(yard.key.public_pem), with_log=True)
    wrong = [str(finding) for finding in verdict.findings]
    ids = yard.ids()
    if len(ids) != len(set(ids)) or not set(ids) >= stored_ids():
        wrong.append("not every event was shipped once")
    return wrong


@pytest.mark.parametrize("name", SAMPLED)
def test_a_command_holds_whatever_aws_does(stage, swept, name):
    recording = record_command(name, COMMANDS[name], stage)
    cases = [case for case in cases_of(recording) if case.fault not in SLOW and not case.lasting]
    step = len(cases) // FEW
    begin = sum(name.encode()) % step
    assert [line for case in cases[begin::step] for line in swept(name, case, recording)[1]] == []


@pytest.mark.soak
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_holds_whatever_aws_does_at_every_call(stage, swept, name, table):
    recording = record_command(name, COMMANDS[name], stage)
    row = Row(f"cooper: {name}")
    for case in cases_of(recording):
        try:
            result, wrong = swept(name, case, recording)
        except Missed:
            row.missed.append(str(case))
            continue
        row.add(result.seconds, wrong)
    table.add(row)
    assert row.violations == [] and row.is_whole


def test_it_notices_what_a_command_leaves(stage, swept, monkeypatch):
    recording = record_command("move ciphertexts", COMMANDS["move ciphertexts"], stage)
    monkeypatch.setattr(rewrap.Rewrap, "_move", lambda *_: "")
    case = Case("move ciphertexts", 0, "error")
    assert any("run again" in line for line in swept("move ciphertexts", case, recording)[1])


def test_every_command_is_swept_or_left_out_for_a_reason():
    files = (ROOT / "cooper_project/management/commands").glob("[!_]*.py")
    commands = {command.words.split()[0] for command in COMMANDS.values()}
    assert {file.stem for file in files} == commands | set(LEFT_OUT)

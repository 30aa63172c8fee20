"""The restore drill: into another prefix and to another KMS key, on an embedded AWS.

It runs cooper's own commands, each as somebody types it, and prints them with their time.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.processes import embedded_aws

ROOT = Path(__file__).parent.parent

TARGETS = 2_000
FEDERATED = 50
PEOPLE = 200

AT_ONCE = 50
"""Documents that are written together."""

NEW_PREFIX = "restored-"

FEDERATED_USER = "drill-0001"
ROLE = "drill-0008"

GROUP = "local:developers"
"""The group of the demo that Alice is in."""


def measure(targets: int = TARGETS, federated: int = FEDERATED, people: int = PEOPLE) -> None:
    """Restore a store of this size, and print what was typed, how long it took, what came of it."""
    with embedded_aws() as environment, tempfile.TemporaryDirectory() as folder:
        os.environ.update(environment)
        fill(targets, federated, people)
        dynamodb, new_key = _clients()
        begun = time.monotonic()
        _say_time("AWS restores the tables", _restore_tables, dynamodb)

        taken = json.loads(_stage("take_away", folder))
        print(f"after the restore point: {taken}")
        os.environ["COOPER_TABLE_PREFIX"] = NEW_PREFIX
        log = f"{folder}/shipped.jsonl"
        _type(f"cooper -setup -kms-key {new_key}")
        _type(f"cooper -rewrap -from-prefix cooper- -kms-key {new_key}")
        listed = _type(f"cooper -audit since-restore {log}")
        print("\n".join(f"    {line}" for line in listed.splitlines() if line))
        _type(f"cooper -user disable {taken['person']}")

        ids = [line[1:9] for line in listed.splitlines() if "deleted an association" in line]
        print(_stage("remove_association", taken["target"], taken["group"]))
        _type(f"cooper -audit since-restore {log} -release")
        print(f"lines by page: {len(ids)}")
        print(_stage("grants", taken["code"], taken["person"], taken["target"], taken["group"]))
        print(f"in all: {(time.monotonic() - begun) / 60:.1f} minutes")


def _say_time(what: str, work: Any, *arguments: Any) -> Any:
    begun = time.monotonic()
    result = work(*arguments)
    print(f"{time.monotonic() - begun:7.1f} s  {what}")
    return result


def _type(line: str) -> str:
    """Run a command as it is typed, anew where AWS was too busy; return what it says."""
    words = shlex.split(line)[1:]

    def run(tries: int = 5) -> str:
        done = subprocess.run(
            [sys.executable, str(ROOT / "cooper"), *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode and "try again" in done.stderr and tries:
            print(f"again: {done.stderr.splitlines()[-1]}")
            return run(tries - 1)
        assert done.returncode == 0, f"{line}: {done.stdout} {done.stderr}"
        return done.stdout

    return str(_say_time(line, run))


def _stage(name: str, *words: str) -> str:
    """Run a function of this module in a process of its own: a prefix is of a whole process."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.restore", name, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{name}: {done.stdout} {done.stderr}"
    return done.stdout.strip()


def _clients() -> tuple[Any, str]:
    """Return a client of DynamoDB, and the ARN of a new KMS key."""
    import boto3

    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    return boto3.client("dynamodb"), str(key)


def _restore_tables(dynamodb: Any) -> None:
    for name in dynamodb.list_tables()["TableNames"]:
        dynamodb.restore_table_to_point_in_time(
            SourceTableName=name,
            TargetTableName=NEW_PREFIX + name.removeprefix("cooper-"),
            UseLatestRestorableTime=True,
        )


# -- what runs in processes of their own -----------------------------------------------------------
def _set_django_up() -> None:
    import django
    from django.conf import settings
    from django.test.utils import setup_test_environment

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cooper_project.settings")
    django.setup()
    # Django's client asks a host of its own
    setup_test_environment()
    # collecting static files is the server's business
    settings.STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }

    from cooper_project import preparation
    from core import installation, secret_keys

    installation.use_kms_key()
    secret_keys.use()
    preparation.worker.finish()


def fill(targets: int, federated: int, people: int) -> None:
    """Fill the seeded store up, with Federation Keys and devices that KMS has sealed."""
    begun = time.monotonic()
    print(_stage("fill_store", str(targets), str(federated), str(people)))
    print(f"{time.monotonic() - begun:7.1f} s  filling the store")


def fill_store(targets: str, federated: str, people: str) -> None:
    """Write targets, federated users among them, and people with devices."""
    from accounts import totp
    from accounts.models import Person, TotpDevice
    from brokers import federation_keys
    from brokers.models import Association, Target
    from core.dynamo import Document, transaction

    model = Target.find("dev-uploads")
    keys = federation_keys.decrypt_keys(model)
    role = Target.find("dev-read")
    documents: list[Document] = []
    # the first ones but for those that are named
    federated_numbers = set(range(int(federated) + 2)) - {8, 9}
    for number in range(int(targets)):
        source = model if number in federated_numbers else role
        values = {**source.attribute_values, "name": f"drill-{number:04}"}
        values.pop("version", None)
        target = Target(**values)
        if number in federated_numbers:
            ciphertext = federation_keys.encrypt_for_target(keys, str(target.name))
            target.federation_keys = ciphertext.blob
            target.federation_keys_kms_arn = ciphertext.key_arn
        documents += [target, Association(f"drill-{number:04}", GROUP)]

    for number in range(int(people)):
        person = f"local:drill-{number}"
        documents.append(Person(person, provider="local", subject=f"drill-{number}"))
        ciphertext = totp.encrypt_seed(totp.new_seed(), person)
        documents.append(
            TotpDevice(person, seed=ciphertext.blob, key_arn=ciphertext.key_arn, confirmed=True)
        )

    for start in range(0, len(documents), AT_ONCE):
        with transaction() as writes:
            for document in documents[start : start + AT_ONCE]:
                writes.replace(document)
    print(f"{targets} targets ({federated} federated users), {people} people with devices")


def take_away(folder: str) -> None:
    """Disable a person, remove an association, use a code up; ship the log into the folder."""
    from accounts import local_accounts, totp
    from accounts.totp.codes import STEP, code_at
    from brokers.models import Association
    from core import audit
    from core.audit import Event
    from core.audit_export import Format, TimeRange, export_lines
    from core.dynamo import transaction

    local_accounts.disable("bob")
    target = "drill-0009"
    rule = Association.find(target, GROUP)
    assert rule is not None
    with transaction() as writes:
        writes.delete(rule)
        writes.create(audit.event(Event.ASSOCIATION_DELETED, target=target, group=GROUP))

    device = totp.device_of("local:carol")
    assert device is not None
    code = code_at(totp.decrypt_device_seed(device), int(time.time() // STEP))
    totp.use_code("local:carol", code, at=time.time())

    today = datetime.now(UTC).date()
    lines = export_lines(TimeRange.of_days(today, today).events(), Format.JSON_LINES)
    Path(f"{folder}/shipped.jsonl").write_text("".join(lines))
    taken = {"person": "local:bob", "target": target, "group": GROUP, "code": code}
    print(json.dumps(taken))


def remove_association(target: str, group: str) -> None:
    """Remove the association again, as its page does."""
    from brokers import catalogue
    from brokers.models import Association
    from core import audit
    from core.audit import Event
    from core.dynamo import Transaction

    rule = Association.find(target, group)
    assert rule is not None

    def build(writes: Transaction) -> None:
        writes.delete(rule)
        writes.create(audit.event(Event.ASSOCIATION_DELETED, target=target, group=group))

    catalogue.edit(build, target)
    print(f"{group} may not become {target} any more: done again")


def grants(code: str, person: str, target: str, group: str) -> None:
    """Try what must not work, lift the stop by a code, and become a target of each kind."""
    from accounts import totp
    from accounts.login import PersonBackend

    alice = _signed_in("alice")
    answer = _credentials(alice, ROLE)
    assert answer.status_code != OK
    assert "All grants are stopped" in answer.content.decode()
    print("before the stop is lifted: no grant")
    assert PersonBackend().get_user(person) is None
    print(f"{person} is disabled")
    try:
        totp.use_code("local:carol", code, at=time.time())
    except totp.WrongCode:
        print("the code that was used is refused")
    else:
        raise SystemExit("the used code counts again")

    print(f"{_lift_stop():7.1f} s  waiting for a code, and lifting the stop with it")
    assert _credentials(alice, target).status_code == NOT_FOUND
    print(f"{target} is closed to {group}")
    for name in (ROLE, FEDERATED_USER):
        assert _credentials(alice, name).status_code == OK, name
        answer = alice.post(f"/targets/{name}/console/", {"duration": "900"})
        assert answer.status_code in (302, 303), name
        print(f"{name}: credentials and console")


OK, NOT_FOUND = 200, 404


def _signed_in(username: str) -> Any:
    from django.conf import settings
    from django.http import HttpRequest
    from django.test import Client

    from accounts import login
    from accounts.models import LocalAccount
    from accounts.providers.local import identity_of
    from accounts.sessions import SessionStore

    request = HttpRequest()
    request.session = SessionStore()
    account = LocalAccount.find(username)
    assert account is not None
    login.sign_in(request, identity_of(account))
    request.session.save()
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key or ""
    return client


def _credentials(client: Any, target: str) -> Any:
    headers = {"accept": "application/json"}
    return client.post(f"/targets/{target}/credentials/", {"duration": "900"}, headers=headers)


def _lift_stop() -> float:
    """Lift the stop as Carol, with the next code that counts; return the seconds that it took."""
    from accounts import totp
    from accounts.totp.codes import STEP, code_at
    from core.installation import STOP_SWITCH_ITEM, Installation

    begun = time.monotonic()
    device = totp.device_of("local:carol")
    assert device is not None
    while int(time.time() // STEP) <= int(device.last_step):
        time.sleep(1)

    carol = _signed_in("carol")
    address = f"/admin/cooper/installation/{STOP_SWITCH_ITEM}/change/"
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', carol.get(address).content.decode()))
    code = code_at(totp.decrypt_device_seed(device), int(time.time() // STEP))
    answer = carol.post(address, fields | {"stopped": "off", "reason": "", "code": code})
    switch = Installation.find(STOP_SWITCH_ITEM)
    assert switch is not None
    assert switch.stopped is False, answer.content.decode()[-3000:]
    return time.monotonic() - begun


if __name__ == "__main__":
    if sys.argv[1:]:
        _set_django_up()
        globals()[sys.argv[1]](*sys.argv[2:])
    else:
        measure()

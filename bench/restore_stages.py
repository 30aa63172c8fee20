"""The stages of the restore drill that are no commands, each in a process of its own.

A table prefix is of a whole process, and `bench.restore` uses two. It runs these as
`python -m bench.restore_stages NAME ARGUMENTS`; what they print is shown, or read as JSON.
"""

import json
import os
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FEDERATED_USER = "drill-0001"
ROLE = "drill-0008"
REMOVED = "drill-0009"
ACCOUNT = "222222222222"

GROUP = "local:developers"
"""The group of the demo that Alice is in."""

AT_ONCE = 50
"""Documents that are written together."""

TOKENS = "command-line.json"

GRANTED = (200, 303)
BAD_REQUEST = 400
UNAUTHORIZED = 401
FORBIDDEN = 403
NOT_FOUND = 404


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
        name = f"drill-{number:04}"
        values = {**source.attribute_values, "name": name, "role_name": name}
        values.pop("version", None)
        target = Target(**values)
        if number in federated_numbers:
            ciphertext = federation_keys.encrypt_for_target(keys, name)
            target.federation_keys = ciphertext.blob
            target.federation_keys_kms_arn = ciphertext.key_arn
        documents += [target, Association(name, GROUP)]

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


# -- before the restore ----------------------------------------------------------------------------
def sign_in_command_line(folder: str) -> None:
    """Sign Alice's command line in; keep its tokens in the folder, as her computer does."""
    tool = _command_line_of(_signed_in("alice"))
    tokens = {"client_id": tool.client_id, "client_secret": tool.client_secret}
    tokens |= {"access": tool.access, "refresh": tool.refresh}
    Path(f"{folder}/{TOKENS}").write_text(json.dumps(tokens))
    print("a command line is signed in")


def take_away(folder: str) -> None:
    """Disable a person, remove an association with a code; ship the log into the folder."""
    from accounts import local_accounts
    from shipping.batches import FIRST_PREVIOUS
    from shipping.chains import Chains
    from shipping.events import events_of, text_of
    from shipping.making import next_batch
    from shipping.models import Head

    local_accounts.disable("bob")
    code = _next_code("carol")
    _remove(_signed_in("carol"), code)
    assert _is_removed()

    now = datetime.now(UTC)
    head = Head(digest=FIRST_PREVIOUS, position=text_of(now))
    batch = next_batch(head, Chains(), list(events_of(now.date())), made_at=text_of(now))
    Path(f"{folder}/shipped.jsonl").write_bytes(batch.body)
    print(json.dumps({"person": "local:bob", "target": REMOVED, "group": GROUP, "code": code}))


# -- after it --------------------------------------------------------------------------------------
def remove_association(used_code: str) -> None:
    """Remove the association again by its page, which takes no code that was used."""
    begun = time.monotonic()
    carol = _signed_in("carol")
    assert "code is not valid now" in _remove(carol, used_code)
    assert not _is_removed()
    print(f"the page of {REMOVED} refuses the code that was used")

    _remove(carol, _next_code("carol"))
    assert _is_removed()
    print(f"{time.monotonic() - begun:7.1f} s  waiting for a code, and removing it by its page")


def grants(person: str, folder: str) -> None:
    """Try what must not work, lift the stop by a code, and become a target in each way."""
    from accounts.login import PersonBackend

    alice = _signed_in("alice")
    refused = {
        way: status for way, status in _grant_each_kind(alice).items() if status != FORBIDDEN
    }
    assert not refused, refused
    print("before the stop is lifted: no grant of any kind")
    assert PersonBackend().get_user(person) is None
    print(f"{person} is disabled")

    print(f"{_lift_stop():7.1f} s  waiting for a code, and lifting the stop with it")
    assert _credentials(alice, REMOVED) == NOT_FOUND
    print(f"{REMOVED} is closed to {GROUP}")
    for way, status in _grant_each_kind(alice).items():
        assert status in GRANTED, (way, status)
        print(f"granted: {way}")
    _try_old_command_line(folder)


def _grant_each_kind(client: Any) -> dict[str, int]:
    """Ask for a grant of each kind; return the statuses of the answers."""
    statuses = {}
    for target in (ROLE, FEDERATED_USER):
        statuses[f"credentials of {target}"] = _credentials(client, target)
        answer = client.post(f"/targets/{target}/console/", {"duration": "900"})
        statuses[f"console as {target}"] = answer.status_code

    tool = _command_line_of(client)
    statuses[f"command line as {ROLE}"] = tool.credentials(ACCOUNT, ROLE).status_code
    return statuses


def _try_old_command_line(folder: str) -> None:
    """Use the tokens of a command line that was signed in before the restore."""
    from tests.support.command_line import CommandLineTool

    tool = CommandLineTool(**json.loads(Path(f"{folder}/{TOKENS}").read_text()))
    assert tool.credentials(ACCOUNT, ROLE).status_code == UNAUTHORIZED
    assert tool.refresh_access().status_code == BAD_REQUEST
    print("the command line of before has to sign in anew")


def _remove(carol: Any, code: str) -> str:
    """Remove the association by its page with this code; return the page that it leads to."""
    from tests.support.forms import mark_in

    group = GROUP.replace(":", "_3A")
    address = f"/admin/brokers/association/{REMOVED}%7C{group}/delete/"
    fields = {"post": "yes", "seen": mark_in(carol.get(address).text), "code": code}
    return str(carol.post(address, fields, follow=True).text)


def _is_removed() -> bool:
    from brokers.models import Association

    return Association.find(REMOVED, GROUP) is None


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


def _credentials(client: Any, target: str) -> int:
    headers = {"accept": "application/json"}
    fields = {"duration": "900"}
    answer = client.post(f"/targets/{target}/credentials/", fields, headers=headers)
    return int(answer.status_code)


def _command_line_of(client: Any) -> Any:
    """Return a command line that a person has signed in by this browser."""
    from tests.support.command_line import CommandLineTool

    return CommandLineTool().sign_in(client)


def _next_code(username: str) -> str:
    """Return the next code of a person's device that counts, once its time has come."""
    from accounts import totp
    from accounts.totp.codes import STEP, code_at

    device = totp.device_of(f"local:{username}")
    assert device is not None
    while int(time.time() // STEP) <= int(device.last_step):
        time.sleep(1)
    return code_at(totp.decrypt_device_seed(device), int(time.time() // STEP))


def _lift_stop() -> float:
    """Lift the stop as Carol, with the next code that counts; return the seconds that it took."""
    from core.installation import STOP_SWITCH_ITEM, Installation

    begun = time.monotonic()
    code = _next_code("carol")
    carol = _signed_in("carol")
    address = f"/admin/cooper/installation/{STOP_SWITCH_ITEM}/change/"
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', carol.get(address).text))
    answer = carol.post(address, fields | {"stopped": "off", "reason": "", "code": code})

    switch = Installation.find(STOP_SWITCH_ITEM)
    assert switch is not None
    assert switch.stopped is False, answer.text[-3000:]
    return time.monotonic() - begun


if __name__ == "__main__":
    _set_django_up()
    globals()[sys.argv[1]](*sys.argv[2:])

"""All stored ciphertexts move to another KMS key, or into restored tables, and still open."""

import copy
import io
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command

from accounts import totp
from accounts.models import TotpDevice
from accounts.providers.saml import keys as saml_keys
from brokers import catalogue
from brokers.federation_keys import decrypt_keys
from brokers.models import Target
from cooper_project import rewrap
from core import kms, secret_keys
from core.audit import AuditEvent, Event
from core.errors import CooperError
from core.stored_ciphertexts import StoredCiphertext
from embedded_aws import EmbeddedAws, seed_aws
from sso_portal import registration_keys
from tests.embedded_aws.clients import client_for
from tests.support import faults
from tests.support.codes import give_device, next_code
from tests.support.documents import unfinished_import
from tests.support.events import all_events
from tests.support.faults import Fault
from tests.support.kill_sweep import killed_at
from tests.support.kms_keys import another_key, disabled
from tests.support.paths import PACKAGES, ROOT

ALL = 9
"""Ciphertexts: two secret keys, a SAML key, two devices, the Federation Keys of three targets.

And the key that signs registrations of command lines.
"""

NEVER_STORED = {"readiness"}
"""Purposes of ciphertexts that are opened at once and forgotten."""

RESTORED = "restored-"
MOST_CALLS = 60
"""More calls than a run makes."""


@pytest.fixture
def kms_client(store: EmbeddedAws) -> Any:
    return client_for(store, "kms")


@pytest.fixture
def new_key(kms_client: Any) -> Iterator[str]:
    with another_key(kms_client) as key:
        yield key


@pytest.fixture(autouse=True)
def _full(connected: EmbeddedAws, settings: Any) -> None:
    """Let there be ciphertexts of every kind, some of them twice."""
    # the command sets it: let it be as before after the test
    settings.COOPER_KMS_KEY = settings.COOPER_KMS_KEY
    give_device("dan")
    secret_keys.rotate()


def moved(new_key: str, *words: str) -> str:
    """Run the command; return what it says. Raise CommandError when something is left."""
    output = io.StringIO()
    call_command("cooper_rewrap", "--kms-key", new_key, *words, stdout=output)
    return output.getvalue()


def places() -> dict[str, StoredCiphertext]:
    return {stored.place: stored for stored in rewrap.everything()}


def open_everything() -> int:
    """Use every secret as servers do; return how many there are."""
    number = len(secret_keys.decrypt_stored()) + len(saml_keys.decrypt_stored())
    registration_keys.forget()
    assert registration_keys.signing_key().secret
    number += 1
    for device in TotpDevice.everything():
        assert len(totp.decrypt_device_seed(device)) == 20
        number += 1
    for target in Target.everything():
        if target.federation_keys:
            assert decrypt_keys(target).access_key_id == target.access_key_id
            number += 1
    return number


def events() -> list[AuditEvent]:
    return [each for each in all_events() if each.event == Event.CIPHERTEXT_MOVED]


def tables_under(new_key: str, store: EmbeddedAws) -> None:
    """Let the tables be encrypted with a key, as set-up does."""
    for table in store.tables.values():
        table.sse_specification = {"Enabled": True, "KMSMasterKeyId": new_key}


# -- to another KMS key --
def test_everything_opens_under_the_new_key_alone(
    store: EmbeddedAws, kms_client: Any, new_key: str
) -> None:
    number = open_everything()
    call_command("cooper_setup", "--kms-key", new_key, stdout=io.StringIO())
    said = moved(new_key)
    assert f"{number} moved, 0 left" in said and "Nothing that is stored needs another" in said
    assert {stored.ciphertext.key_arn for stored in rewrap.everything()} == {new_key}
    with disabled(kms_client, seed_aws.KMS_KEY):
        assert open_everything() == number == len(events()) == ALL


def test_no_plaintext_comes_here_and_every_context_is_the_places_own(new_key: str) -> None:
    contexts = [stored.context for stored in rewrap.everything()]
    faults.clear()
    with pytest.raises(CommandError):
        moved(new_key)
    calls = [call for call in faults.journal() if call.service == "kms"]
    assert {call.operation for call in calls} == {"DescribeKey", "ReEncrypt"}
    sent = [call.document for call in calls if call.operation == "ReEncrypt"]
    assert [body["SourceEncryptionContext"] for body in sent] == contexts
    assert [body["DestinationEncryptionContext"] for body in sent] == contexts


def test_each_move_is_an_event_in_the_history_of_what_it_is_of(new_key: str) -> None:
    with pytest.raises(CommandError):
        moved(new_key)
    by_place = {event.facts["object"]: event for event in events()}
    assert by_place.keys() == places().keys()
    event = by_place["one-time-code device of local:carol"]
    assert event.target == "local:carol" and event.facts["to_key"] == new_key
    assert seed_aws.KMS_KEY in event.facts["from_key"] and event.facts["os_user"]
    assert by_place["Federation Keys of dev-uploads"].target == "dev-uploads"


def test_the_second_run_moves_nothing(store: EmbeddedAws, new_key: str) -> None:
    tables_under(new_key, store)
    moved(new_key)
    before = copy.deepcopy([stored.ciphertext for stored in rewrap.everything()])
    assert "0 moved, 0 left" in moved(new_key)
    assert [stored.ciphertext for stored in rewrap.everything()] == before


def test_a_dry_run_says_what_needs_which_key_and_changes_nothing(new_key: str) -> None:
    faults.clear()
    said = moved(new_key, "--dry-run")
    assert f"{ALL} ciphertexts need {places()['secret key 1'].ciphertext.key_arn}" in said
    for place in places():
        assert f"{place}: needs " in said
    assert not faults.count("kms", "ReEncrypt") and not faults.count("dynamodb", "UpdateItem")


def test_it_says_that_tables_and_an_unfinished_import_need_the_old_key(new_key: str) -> None:
    unfinished_import().save()
    output = io.StringIO()
    with pytest.raises(CommandError, match="Not everything"):
        call_command("cooper_rewrap", "--kms-key", new_key, stdout=output)
    assert "table cooper-targets: is encrypted with" in output.getvalue()
    assert "unfinished import 1" in output.getvalue()


def test_catalogues_of_servers_follow_moved_federation_keys(new_key: str) -> None:
    catalogue.current()
    with pytest.raises(CommandError):
        moved(new_key)
    stored = Target.find("dev-uploads")
    assert stored.federation_keys_kms_arn == new_key
    assert catalogue.current().targets["dev-uploads"].version == stored.version


def test_every_purpose_of_a_ciphertext_has_a_source() -> None:
    code = "".join(
        path.read_text() for package in PACKAGES for path in (ROOT / package).rglob("*.py")
    )
    purposes = set(re.findall(r'"cooper:purpose": "([\w-]+)"', code)) - NEVER_STORED
    assert purposes == {stored.context["cooper:purpose"] for stored in rewrap.everything()}
    assert len(purposes) == 5


# -- what is left --
def put_seed_of(owner: str, other: str) -> None:
    """Give somebody's device the ciphertext of another's, as whoever writes the table can."""
    device = TotpDevice.find(other)
    device.seed = TotpDevice.find(owner).seed
    device.save()


def put_transported_keys() -> None:
    """Put keys into a target as `cooper -encrypt` prints them: bound to no target."""
    target = Target.find("dev-uploads")
    payload = b"AKIAIOSFODNN7EXAMPLE|" + b"s" * 40
    context = {"cooper:purpose": "federation-keys"}
    target.federation_keys = kms.encrypt_with_own_key(payload, context).blob
    target.save()


@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (lambda: put_seed_of("local:carol", "local:dan"), "one-time-code device of local:dan"),
        (put_transported_keys, "Federation Keys of dev-uploads"),
    ],
)
@pytest.mark.parametrize("words", [(), ("--from-prefix", "other-")])
def test_what_belongs_elsewhere_is_reported_and_left(
    new_key: str, spoil: Callable[[], None], place: str, words: tuple[str, ...]
) -> None:
    spoil()
    before = places()[place].ciphertext
    output = io.StringIO()
    with pytest.raises(CommandError, match="Not everything"):
        call_command("cooper_rewrap", "--kms-key", new_key, *words, stdout=output)
    assert f"{place}: does not open" in output.getvalue()
    assert places()[place].ciphertext == before
    assert place not in {event.facts["object"] for event in events()}


def test_a_key_that_is_refused_is_asked_once(kms_client: Any, new_key: str) -> None:
    faults.clear()
    output = io.StringIO()
    with disabled(kms_client, seed_aws.KMS_KEY), pytest.raises(CommandError):
        call_command("cooper_rewrap", "--kms-key", new_key, stdout=output)
    assert output.getvalue().count("is disabled. Enable it") == ALL
    assert faults.count("kms", "ReEncrypt") == 1 and events() == []


def test_a_missing_permission_is_named(new_key: str) -> None:
    words = "User: x is not authorized to perform: kms:ReEncryptTo on resource: y"
    fault = Fault("kms", "ReEncrypt", code="AccessDeniedException", status=400, message=words)
    output = io.StringIO()
    with faults.on(fault), pytest.raises(CommandError):
        call_command("cooper_rewrap", "--kms-key", new_key, stdout=output)
    assert "lacks kms:ReEncryptTo" in output.getvalue() and events() == []


def test_a_code_that_is_used_meanwhile_stays_used(new_key: str) -> None:
    stored = places()["one-time-code device of local:carol"]
    code = next_code("carol")
    totp.use_code("local:carol", code, at=time.time())
    assert rewrap.Rewrap(new_key, lambda line: None)._move(stored) == ""
    device = TotpDevice.find("local:carol")
    assert device.last_step > 0 and device.key_arn == new_key


@pytest.mark.parametrize("number", [0, 2, 3, ALL - 1])
def test_what_was_replaced_meanwhile_is_left(number: int, new_key: str) -> None:
    listed = list(rewrap.everything())[number]
    run = rewrap.Rewrap(new_key, lambda line: None)
    assert run._move(list(rewrap.everything())[number]) == ""
    now = list(rewrap.everything())[number].ciphertext
    assert run._move(listed) == rewrap.CHANGED
    assert list(rewrap.everything())[number].ciphertext == now and len(events()) == 1


def test_a_run_goes_on_once_kms_answers_again(store: EmbeddedAws, new_key: str) -> None:
    tables_under(new_key, store)
    fault = Fault("kms", "ReEncrypt", mode="throttle", after=2)
    with faults.on(fault), pytest.raises(CommandError, match="try again"):
        moved(new_key)
    assert len(events()) == 2 and open_everything() == ALL
    assert f"{ALL - 2} moved, 0 left" in moved(new_key)


# -- restored under another prefix --
@pytest.fixture
def restored(settings: Any) -> str:
    """Let the tables be a copy of others: their prefix is another than the ciphertexts know."""
    settings.COOPER_TABLE_PREFIX = RESTORED
    with pytest.raises(CooperError):
        open_everything()
    return places()["secret key 1"].ciphertext.key_arn


def test_everything_opens_in_restored_tables(restored: str) -> None:
    said = moved(restored, "--from-prefix", "cooper-")
    assert f"{ALL} moved, 0 left" in said and open_everything() == ALL
    assert {event.facts["from_tables"] for event in events()} == {"cooper-"}
    # and in a second run
    assert "0 moved, 0 left" in moved(restored, "--from-prefix", "cooper-")
    django_settings.COOPER_TABLE_PREFIX = "cooper-"
    with pytest.raises(CooperError):
        open_everything()


def test_restored_tables_move_to_another_key_at_once(
    store: EmbeddedAws, restored: str, new_key: str
) -> None:
    tables_under(new_key, store)
    assert f"{ALL} moved, 0 left" in moved(new_key, "--from-prefix", "cooper-")
    assert open_everything() == ALL


def test_the_wrong_prefix_moves_nothing(restored: str) -> None:
    output = io.StringIO()
    with pytest.raises(CommandError):
        call_command(
            "cooper_rewrap", "--kms-key", restored, "--from-prefix", "wrong-", stdout=output
        )
    assert output.getvalue().count("does not open") == ALL and events() == []


# -- killed --
@pytest.mark.parametrize(
    ("restore", "points"),
    [
        (False, (3, 9, 14)),
        (True, (10,)),
        pytest.param(False, (), marks=pytest.mark.soak),
        pytest.param(True, (), marks=pytest.mark.soak),
    ],
)
def test_it_goes_on_wherever_it_is_killed(
    store: EmbeddedAws, settings: Any, new_key: str, restore: bool, points: tuple[int, ...]
) -> None:
    words = ["--from-prefix", "cooper-"] if restore else []
    tables_under(new_key, store)
    if restore:
        settings.COOPER_TABLE_PREFIX = RESTORED
    before = copy.deepcopy(dict(store.tables))
    killed = True
    for point in points or range(1, MOST_CALLS):
        for after in (False, True):
            store.tables.clear()
            store.tables.update(copy.deepcopy(before))
            killed = killed_at(point, after, lambda: moved(new_key, *words))
            assert killed or not points

            done = len(events())
            assert f"{ALL - done} moved, 0 left" in moved(new_key, *words)
            assert open_everything() == len(events()) == ALL
        if not killed:
            return
    assert points, "it never ended"

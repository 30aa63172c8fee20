"""A read of a person that finds nobody although there is somebody leaves nobody as they were."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from accounts import local_accounts, notices, totp
from accounts.admin.people import _admin_before_and_after
from accounts.models import LocalAccount, Person
from core.dynamo import Stale
from tests.support import faults
from tests.support.codes import give_device, next_code
from tests.support.faults import Fault
from tests.support.forms import fields_of, looked_at

PASSWORD = "long-and-rare-4711"
ALICE = "local:alice"
ALICE_PAGE = "/admin/accounts/localaccount/alice/change/"


def alice() -> Person:
    person = Person.find(ALICE)
    assert person
    return person


def absent(read: int, table: str = "people", key: bytes = b"local:alice") -> Fault:
    """Return the fault by which one read of Alice finds nothing."""
    return Fault(
        "dynamodb",
        "GetItem",
        table=table,
        mode="absent",
        after=read,
        times=1,
        when=lambda body: key in body,
    )


@pytest.fixture(autouse=True)
def _signed_in(client_of: Callable[..., Client]) -> Iterator[Client]:
    return client_of("alice")


@pytest.mark.parametrize(
    "operation",
    [
        lambda: local_accounts.set_password("alice", PASSWORD),
        lambda: local_accounts.disable("alice"),
        lambda: totp.reset_device(ALICE, by="local:carol"),
    ],
    ids=["password", "disable", "reset"],
)
def test_web_sessions_end_all_the_same(operation: Callable[[], None]) -> None:
    give_device("alice")
    epoch = alice().epoch
    with faults.on(absent(0)) as [fault]:
        operation()
    assert fault.hit == 1
    assert alice().epoch == epoch + 1


def test_the_reset_of_a_device_leaves_its_notice() -> None:
    give_device("alice")
    with faults.on(absent(0)):
        totp.reset_device(ALICE, by="local:carol")
    assert "was reset by local:carol" in notices.waiting_for(ALICE)


def test_new_groups_are_the_person_s_too() -> None:
    with faults.on(absent(0)):
        local_accounts.set_groups("alice", ["others"])
    assert alice().groups == ["local:others"]


def test_enabling_reaches_the_person() -> None:
    local_accounts.disable("alice")
    with faults.on(absent(0)):
        local_accounts.enable("alice")
    assert not alice().disabled


def test_who_never_signed_in_stays_nobody() -> None:
    local_accounts.set_password("bob", PASSWORD)
    local_accounts.set_groups("bob", ["others"])
    assert Person.find("local:bob") is None
    give_device("bob")
    totp.reset_device("local:bob", by="local:carol")
    assert totp.device_of("local:bob") is None
    assert Person.find("local:bob") is None


@pytest.mark.parametrize("read", range(3))
def test_the_form_of_a_local_account_ends_web_sessions(
    client_of: Callable[..., Client], read: int
) -> None:
    carol = client_of("carol")
    epoch = alice().epoch
    code = next_code("carol")
    fields = fields_of(carol.get(ALICE_PAGE).text, "localaccount_form")
    fields |= {"password": PASSWORD, "code": code}
    before = LocalAccount.find("alice").password
    with faults.on(absent(read), may_miss=True):
        carol.post(ALICE_PAGE, fields)
    is_changed = LocalAccount.find("alice").password != before
    assert (alice().epoch == epoch + 1) == is_changed


# -- the last administrator ------------------------------------------------------------------------
def test_whoever_is_not_found_is_not_taken_for_no_administrator(identity: object) -> None:
    person = alice()
    person.disabled = True
    with faults.on(absent(0)), pytest.raises(Stale):
        _admin_before_and_after(person)


@pytest.mark.parametrize("read", range(6))
def test_the_last_administrator_stays(client_of: Callable[..., Client], read: int) -> None:
    local_accounts.disable("dan")
    carol = client_of("carol")
    page = "/admin/accounts/localaccount/carol/change/"
    code = next_code("carol")
    fields = fields_of(carol.get(page).text, "localaccount_form")
    with faults.on(absent(read, table="local-accounts", key=b'"carol"')):
        looked_at(carol, page, fields | {"groups": "visitors", "code": code})
    assert LocalAccount.find("carol").groups == ["admins"]

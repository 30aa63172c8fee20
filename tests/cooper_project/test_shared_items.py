"""No transaction of ordinary people has an item that another person's transaction has.

DynamoDB cancels transactions that meet on an item, be it only checked by one of them: what
everybody's transactions have, everybody waits for.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import resolve

import accounts.urls
import brokers.urls
from accounts import person_names, totp
from accounts.models import LocalAccount, Person, SamlIdp
from accounts.totp.codes import STEP, code_at
from core.dynamo import documents
from core.errors import Refused
from tests.conftest import CAST
from tests.support import clock, faults
from tests.support.addresses import addresses, admin_addresses, admin_path, filled
from tests.support.codes import current_step, give_device, next_code, seed_of
from tests.support.command_line import CommandLineTool
from tests.support.enrolment import PASSWORD, RECOVERY, seed_in, shown_now
from tests.support.saml_kit import OKTA
from tests.support.saml_stage import post_response, start_sign_in
from tests.support.token_states import like_alice

OK, NO_CONTENT, MOVED, SEE_OTHER, REFUSED = 200, 204, 302, 303, 403

ELSEWHERE = {"administrators-seen"}
"""URLs that are no ordinary person's."""

WRITERS_OF_PEOPLE = {"login", "saml-acs", "device-set-up", "device-recover"}
WRITERS_OF_PEOPLE |= {"end-others", "password"}
"""Signing in, and what ends a person's other web sessions."""

WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}

Item = tuple[str, str]
"""Of which table, and its key."""


class Walk:
    """All that one person does at cooper."""

    def __init__(self, username: str) -> None:
        alice = LocalAccount.find("alice")
        LocalAccount(username, groups=alice.groups, password=alice.password).save()
        self.username = username
        self.browser = Client()
        self.url_names: set[str] = set()
        self.writers_of_people: set[str] = set()
        """Names of the URLs at which the item of a person was written."""

    def get(self, path: str) -> str:
        return self._page(path, lambda: self.browser.get(path), OK)

    def post(self, path: str, status: int, **form: str) -> str:
        return self._page(path, lambda: self.browser.post(path, form), status)

    def _page(self, path: str, send: Callable[[], Any], status: int) -> str:
        url_name = str(resolve(path).url_name)
        self.url_names.add(url_name)

        writes_before = writes_of_people()
        response = send()
        if writes_of_people() > writes_before:
            self.writers_of_people.add(url_name)
        # a streamed answer, too
        text = response.getvalue().decode()
        assert response.status_code == status, (path, text)
        return str(text)

    def do_everything(self) -> set[Item]:
        """Return the items of its transactions."""
        faults.clear()
        self.sign_in()
        self.follow_links()
        self.become("dev-read")
        self.become("dev-uploads")
        self.become_several()
        self.have_devices()
        self.change_password()
        self.post("/logout/", MOVED)
        self.sign_in_by_saml()
        return items_of_transactions()

    def sign_in(self) -> None:
        self.post("/login/", REFUSED, username=self.username, password="wrong")
        self.post("/login/", MOVED, username=self.username, password=PASSWORD)
        self.get("/")
        self.get("/targets/dev-read/")
        self.get("/me/")
        self.post("/me/preferences/", MOVED, theme="dark", new_tab="no")
        self.post("/announcements/seen/", MOVED, announcement="another")
        self.post("/me/end-session/", MOVED, session="another")
        self.post("/me/end-others/", MOVED)
        self.post("/star/", MOVED, star="target:dev-read")
        self.post("/fold/", MOVED, fold="aws-account:222222222222")

    def follow_links(self) -> None:
        for path in ("/go/", "/go/dev-read/"):
            self.get(path)
        shortcut = {"account_id": "222222222222", "role_name": "dev-read"}
        self._page("/start/console", lambda: self.browser.get("/start/console", shortcut), OK)

    def become(self, target: str) -> None:
        self.post(f"/targets/{target}/credentials/", OK, duration="900")
        self.post(f"/targets/{target}/console/", SEE_OTHER, duration="900")

    def become_several(self) -> None:
        self.get("/credentials/")
        self.post("/credentials/", OK, target="dev-read", duration="900")
        self.post("/credentials/format/", NO_CONTENT, format="fish")

    def have_devices(self) -> None:
        """Set one up, use it, replace it, lose it, and remove the last one."""
        self.post("/device/begin/", MOVED, password=PASSWORD)
        self.set_up()
        path = "/targets/prod-admin/credentials/"
        self.post(path, OK, duration="900", code=self.code())
        self.learn_clock()

        self.post("/device/begin/", MOVED, password=PASSWORD, code=self.code())
        recovery_codes = self.set_up()
        self.post("/device/recover/", MOVED, password=PASSWORD, recovery_code=recovery_codes[0])
        self.set_up()
        self.post("/device/remove/", MOVED, code=self.code())
        self.post("/device/close/", MOVED)
        self.get("/device/")

    def set_up(self) -> list[str]:
        """Return the recovery codes."""
        seed = seed_in(self.get("/device/set-up/"))
        return RECOVERY.findall(self.post("/device/set-up/", OK, code=shown_now(seed)))

    def learn_clock(self) -> None:
        device = totp.device_of(f"local:{self.username}")
        clock.shift(4 * STEP)
        codes = [code_at(seed_of(device), current_step() + ahead) for ahead in (-1, 0)]
        self.post("/device/clock/", MOVED, code=codes[0], next_code=codes[1])

    def change_password(self) -> None:
        self.get("/me/password/")
        new = "four plain words here"
        self.post("/me/password/", MOVED, password=PASSWORD, new_password=new, again=new)

    def code(self) -> str:
        return next_code(self.username)

    def sign_in_by_saml(self) -> None:
        subject = f"{self.username}@example.com"
        idp = start_sign_in(self.browser).with_changes(
            subject=subject, assertion_id=f"_{self.username}"
        )
        self.url_names.add("login-with")
        self.get("/saml2/metadata/")
        self._page("/saml2/acs/", lambda: post_response(self.browser, idp), MOVED)
        self.post("/saml2/ls/", REFUSED)


def items_of_transactions() -> set[Item]:
    """Return the items of all transactions that wrote since the journal was cleared."""
    key_names = {document.Meta.table_name: document.key_names() for document in documents()}
    items = set()
    for call in faults.journal():
        if call.operation != "TransactWriteItems":
            continue
        for action in call.document["TransactItems"]:
            [arguments] = action.values()
            table = arguments["TableName"]
            attributes = arguments.get("Key") or arguments["Item"]
            key = [attributes[name] for name in key_names[table]]
            items.add((table, json.dumps(key)))
    return items


def writes_of_people() -> int:
    """Return how often an item of a person was written since the journal was cleared."""
    count = 0
    for call in faults.journal():
        is_people = Person.Meta.table_name in call.tables
        if not is_people or call.operation not in WRITES:
            continue
        for action in call.document.get("TransactItems", [{"Put": call.document}]):
            [(kind, arguments)] = action.items()
            is_write = kind != "ConditionCheck"
            count += is_write and arguments["TableName"] == Person.Meta.table_name
    return count


def shared_items() -> set[Item]:
    """Return what the transactions of two people have in common, who do the same."""
    return Walk("ada").do_everything() & Walk("ben").do_everything()


def test_people_have_no_item_in_common(connected):
    assert shared_items() == set()


def items_of_command_line(client_of, username: str) -> set[Item]:
    """Return the items of the transactions of a command line's life."""
    browser = client_of(like_alice(username))
    faults.clear()
    tool = CommandLineTool().sign_in(browser)
    answers = [
        tool.credentials("222222222222", "dev-read"),
        tool.refresh_access(),
        Client().post("/sso/logout", HTTP_X_AMZ_SSO_BEARER_TOKEN=tool.access),
    ]
    assert [answer.status_code for answer in answers] == [OK] * 3
    return items_of_transactions()


def test_command_lines_of_people_have_no_item_in_common(client_of):
    items = items_of_command_line(client_of, "ada")
    assert len(items) > 5 and items & items_of_command_line(client_of, "ben") == set()


def test_the_walk_is_over_all_that_people_can_do(connected):
    walk = Walk("ada")
    assert walk.do_everything()
    patterns = [*accounts.urls.urlpatterns, *brokers.urls.urlpatterns]
    assert {pattern.name for pattern in patterns} - ELSEWHERE == walk.url_names


def test_signing_in_alone_writes_the_person(connected):
    walk = Walk("ada")
    walk.do_everything()
    assert walk.writers_of_people == WRITERS_OF_PEOPLE


@pytest.mark.parametrize("username", CAST)
def test_no_page_writes_a_person(store, client_of, username):
    for member in CAST:
        client_of(member)
    if username != "carol":
        give_device(username)
    browser = client_of(username)
    paths = [filled(address) for address in addresses() if not address.startswith("/admin/")]
    paths += [admin_path(address) for address in admin_addresses()]

    faults.clear()
    statuses = [browser.get(path).status_code for path in paths]
    assert statuses.count(OK) > 3 and writes_of_people() == 0


def test_it_notices_an_item_that_each_sign_in_checks(connected, monkeypatch):
    real = person_names.take

    def take(writes, provider_id, *rest):
        real(writes, provider_id, *rest)
        if provider_id == OKTA.name:
            is_connected = SamlIdp.name.exists()
            writes.check(SamlIdp, OKTA.name, condition=is_connected, refusal=Refused("gone"))

    monkeypatch.setattr(person_names, "take", take)
    assert ("cooper-saml-idps", '[{"S": "okta"}]') in shared_items()

"""A form that is sent after its web session ended comes back, to its own person alone."""

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import kept_forms, stepup
from accounts.kept_forms import LIFETIME, SIZE_LIMIT
from accounts.models import WebSession
from accounts.sessions import SessionStore
from brokers.models import AwsAccount
from core import admin
from demo.seed import PASSWORD
from tests.support import clock
from tests.support.codes import next_code
from tests.support.forms import fields_of

IDLE = 31 * 60
"""Seconds after which a web session has ended for want of use."""

MARK = "Brought back"
REASON = "INC-4711 the queue is stuck"
TARGET = "/targets/dev-read/"
BECOME = {"duration": "900", "destination": "/s3/home", "reason": REASON}


def sign_in_again(browser: Client, username: str, next_page: str = "/") -> str:
    """Sign in by the form, as a person does; return where that leads."""
    typed = {"username": username, "password": PASSWORD, "next": next_page}
    response = browser.post("/login/", typed)
    assert response.status_code == 302, response.text
    return response.headers["Location"]


def send_too_late(browser: Client, address: str, fields: dict[str, object]) -> str:
    """Send a form after the web session ended; return the page that signing in is to lead to."""
    clock.shift(IDLE)
    response = browser.post(address, fields)
    assert response.status_code == 302 and response.headers["Location"].startswith("/login/")
    return response.wsgi_request.build_absolute_uri(response.headers["Location"])


def next_of(login_page: Client, url: str) -> str:
    """Return the hidden `next` of the sign-in page."""
    return fields_of(login_page.get(url).text)["next"]


@pytest.fixture
def alice(client_of):
    return client_of("alice")


@pytest.fixture
def carol(client_of):
    client_of("alice")
    return client_of("carol")


# -- the portal ------------------------------------------------------------------------------------
@pytest.mark.parametrize("way", ["console", "credentials"])
def test_what_was_typed_to_become_a_target_is_back_after_signing_in_again(alice, store, way):
    issued = len(store.issued)
    login_url = send_too_late(alice, f"{TARGET}{way}/", BECOME)
    assert "What you typed is kept" in alice.get(login_url).text

    page = alice.get(sign_in_again(alice, "alice", next_of(alice, login_url)))

    assert page.request["PATH_INFO"] == TARGET and MARK in page.text
    fields = fields_of(page.text)
    assert {name: fields[name] for name in BECOME} == BECOME
    # it is shown, and sent by the person alone
    assert len(store.issued) == issued


def test_it_is_there_until_it_is_sent(alice):
    send_too_late(alice, f"{TARGET}console/", BECOME)
    sign_in_again(alice, "alice")
    for _ in range(2):
        assert REASON in alice.get(TARGET).text
    assert alice.post(f"{TARGET}console/", BECOME).status_code == 303
    page = alice.get(TARGET).text
    assert REASON not in page and MARK not in page


def test_a_second_tab_keeps_its_form_too(alice):
    send_too_late(alice, f"{TARGET}console/", BECOME)
    alice.post("/targets/dev-uploads/console/", BECOME | {"reason": "the other tab"})
    sign_in_again(alice, "alice")
    assert REASON in alice.get(TARGET).text
    assert "the other tab" in alice.get("/targets/dev-uploads/").text


# -- to whom ---------------------------------------------------------------------------------------
def test_it_is_given_to_nobody_else(client_of):
    alice = client_of("alice")
    send_too_late(alice, "/targets/dev-read/console/", BECOME)
    sign_in_again(alice, "carol")
    for address in (TARGET, "/", "/admin/"):
        assert REASON not in alice.get(address).text


def test_nothing_is_kept_for_whoever_was_not_signed_in(client_of, store):
    nobody = client_of(None)
    nobody.post(f"{TARGET}console/", BECOME)
    assert "cooper-form" not in nobody.cookies
    sign_in_again(nobody, "alice")
    assert REASON not in nobody.get(TARGET).text


def test_nothing_is_kept_of_a_session_that_was_ended_on_purpose(alice):
    cookie = alice.cookies["cooper"].value
    alice.post("/logout/")
    alice.cookies["cooper"] = cookie
    alice.post(f"{TARGET}console/", BECOME)
    assert "cooper-form" not in alice.cookies


def test_nothing_is_kept_of_a_post_that_another_site_may_have_sent(store, client_of):
    alice = client_of("alice")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = alice.cookies
    clock.shift(IDLE)
    response = strict.post(f"{TARGET}console/", BECOME, headers={"origin": "https://evil.example"})
    assert response.status_code == 403 and "cooper-form" not in strict.cookies


def test_it_is_kept_for_a_quarter_of_an_hour(alice):
    send_too_late(alice, f"{TARGET}console/", BECOME)
    clock.shift(LIFETIME + 1)
    sign_in_again(alice, "alice")
    assert REASON not in alice.get(TARGET).text


def test_a_form_that_is_too_large_is_not_kept(alice):
    send_too_late(alice, f"{TARGET}console/", BECOME | {"reason": "x" * (SIZE_LIMIT + 1)})
    assert "cooper-form" not in alice.cookies


def test_a_form_that_was_moved_to_another_person_does_not_open(alice):
    send_too_late(alice, f"{TARGET}console/", BECOME)
    store = SessionStore(alice.cookies["cooper-form"].value)
    store[kept_forms.PERSON] = "local:carol"
    store.save()
    sign_in_again(alice, "carol")
    for address in (TARGET, "/"):
        assert REASON not in alice.get(address).text


# -- at rest ---------------------------------------------------------------------------------------
def test_no_table_and_no_log_has_it_in_plaintext(alice, store, caplog):
    send_too_late(alice, f"{TARGET}console/", BECOME)
    written = repr(store.tables) + caplog.text
    for web_session in WebSession.everything():
        written += repr(SessionStore().decode(str(web_session.data)))
    assert "forms" in written and "INC-4711" not in written


# -- the admin -------------------------------------------------------------------------------------
SECRETS = {
    "password": "correct horse battery staple",
    "federation_keys": "c2VjcmV0",
    "code": "908172",
}
NEVER_KEPT = {*SECRETS, "csrfmiddlewaretoken", "impact_shown"}


def is_kept(name: str) -> bool:
    """Return whether somebody typed the field; the empty row is there to be copied by a script."""
    return name not in NEVER_KEPT and "__prefix__" not in name and "NUM_FORMS" not in name


def filled_in(fields: dict[str, str]) -> dict[str, str]:
    """Return a form with something in every field that is empty, as if it was typed."""
    typed = {name: value or "typed-by-hand" for name, value in fields.items()}
    if "colour" in fields:
        typed["colour"] = "red"
    if "command_lines" in fields:
        typed["command_lines"] = "permit"
    return typed | {name: value for name, value in SECRETS.items() if name in fields}


@pytest.mark.parametrize(
    ("address", "form_id"),
    [
        ("/admin/brokers/target/dev-read/change/", "target_form"),
        ("/admin/brokers/target/add/?kind=role", "target_form"),
        ("/admin/brokers/target/add/?kind=federated_user", "target_form"),
        ("/admin/brokers/association/add/", "association_form"),
        ("/admin/brokers/awsaccount/222222222222/change/", "awsaccount_form"),
        ("/admin/accounts/localaccount/add/", "localaccount_form"),
        ("/admin/accounts/localaccount/alice/change/", "localaccount_form"),
        ("/admin/cooper/auditevent/export/", "export_form"),
    ],
)
def test_a_form_of_the_admin_is_back_with_what_was_typed(carol, store, address, form_id):
    typed = filled_in(fields_of(carol.get(address).text, form_id))
    before = written(store)
    login_url = send_too_late(carol, address, typed | {"_save": "Save"})

    page = carol.get(sign_in_again(carol, "carol", next_of(carol, login_url)))

    assert page.status_code == 200 and MARK in page.text
    shown = fields_of(page.text, form_id)
    kept = {name: value for name, value in typed.items() if is_kept(name)}
    assert len(kept) > 1 and {name: shown.get(name) for name in kept} == kept
    assert not any(secret in page.text for secret in SECRETS.values())
    assert written(store) == before


def written(store) -> dict[str, str]:
    """Return the tables that a change of an administrator writes."""
    names = ("targets", "associations", "aws-accounts", "local-accounts", "totp-devices")
    return {name: repr(store.tables[f"cooper-{name}"]) for name in names}


@pytest.mark.parametrize(
    ("action", "typed"),
    [
        ("associate", {"group": "okta:visitors", "until": "2031-02-03T04:05"}),
        ("dissociate", {"group": "okta:visitors"}),
        ("set_longest", {"max_seconds": "7200"}),
        ("set_owner", {"owner": "Platform"}),
        ("set_reason", {"reason_pattern": "OPS-[0-9]", "reason_example": "OPS-1"}),
        ("set_command_lines", {"command_lines": "permit"}),
    ],
)
def test_the_page_of_an_action_is_back_with_what_was_typed(carol, store, action, typed):
    address = "/admin/brokers/target/"
    chosen = {"action": action, "_selected_action": ["dev-read", "staging-db"], "told": "1"}
    before = written(store)
    login_url = send_too_late(carol, address, chosen | typed | {"confirmed": "Yes, do it"})

    page = carol.get(sign_in_again(carol, "carol", next_of(carol, login_url)))

    assert page.status_code == 200 and MARK in page.text
    shown = fields_of(page.text)
    assert {name: shown[name] for name in typed} == typed
    assert "staging-db" in page.text and written(store) == before


def test_a_form_that_was_brought_back_is_saved_when_it_is_sent(carol):
    address = "/admin/brokers/awsaccount/222222222222/change/"
    typed = fields_of(carol.get(address).text, "awsaccount_form") | {"name": "Renamed"}
    send_too_late(carol, address, typed)
    sign_in_again(carol, "carol")
    again = fields_of(carol.get(address).text, "awsaccount_form")
    saved = carol.post(address, again | {"code": next_code("carol")})
    assert saved.status_code == 302 and AwsAccount.find("222222222222").name == "Renamed"
    assert MARK not in carol.get(address).text


def test_the_choice_beside_a_file_is_back_without_the_file(carol):
    address = "/admin/brokers/target/import/"
    assert "prune" not in fields_of(carol.get(address).text, "import_form")
    typed = {"prune": "on", "file": SimpleUploadedFile("targets.yaml", b"cooper: 1")}
    login_url = send_too_late(carol, address, typed)
    page = carol.get(sign_in_again(carol, "carol", next_of(carol, login_url)))
    assert MARK in page.text and fields_of(page.text, "import_form")["prune"] == "on"


def test_no_action_does_anything_when_it_is_brought_back(carol, store):
    before = written(store)
    for address, name, key in all_actions(carol):
        typed = {"action": name, "_selected_action": key, "told": "1", "confirmed": "1"}
        send_too_late(carol, address, typed | {"group": "local:x", "max_seconds": "900"})
        sign_in_again(carol, "carol")
        assert MARK in carol.get(address).text, name
        del carol.cookies["cooper-form"]
    assert written(store) == before


def all_actions(carol: Client) -> list[tuple[str, str, str]]:
    """Return every action of the admin: the list's address, its name, a document to act on."""
    actions = []
    for document_class, model_admin in admin.site._registry.items():
        options = document_class._meta
        address = f"/admin/{options.app_label}/{options.model_name}/"
        for action in model_admin.actions or ():
            name = action if isinstance(action, str) else action.__name__
            [document, *_] = model_admin.documents(carol.get(address).wsgi_request)
            actions.append((address, name, document.pk))
    assert len(actions) > 10
    return actions


def test_what_a_form_calls_secret_is_never_kept():
    secrets = set()
    for model_admin in admin.site._registry.values():
        assert not model_admin.may_keep(stepup.FIELD)
        for form_class in (*model_admin.form_classes(), *model_admin.action_forms):
            for name, field in form_class.base_fields.items():
                hides = isinstance(field.widget, (forms.PasswordInput, stepup.CodeInput))
                if hides or name in getattr(form_class, "secret_fields", ()):
                    secrets.add(name)
                    assert not model_admin.may_keep(name), (form_class, name)
    assert secrets >= {"password", "federation_keys"}

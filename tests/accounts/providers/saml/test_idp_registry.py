"""Connecting identity providers on the host: what is accepted, refused, and kept."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import SamlIdp
from accounts.providers.saml import idp_registry, idps, metadata
from core.errors import CooperError, Invalid
from tests.support.events import all_events
from tests.support.loopback_server import LoopbackServer, QuietHandler, running
from tests.support.paths import SUPPORT
from tests.support.saml_kit import DS, ENTRA, OKTA, SAMLP, SP, at, key_pair, xmlsec1
from tests.support.saml_stage import (
    clear_caches,
    connect,
    post_response,
    real_key,
    shared_key,
    signed_in_person,
    start_sign_in,
)

METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"


@pytest.fixture
def empty(store, settings, monkeypatch):
    """Begin with no identity provider."""
    settings.COOPER_PUBLIC_URL = SP
    monkeypatch.setattr("accounts.providers.saml.keys._create_key", shared_key)
    clear_caches()
    yield store
    clear_caches()


def saml(*arguments: str) -> str:
    """Run the command and return its output, on stdout and stderr."""
    output = StringIO()
    call_command("cooper_saml", *arguments, stdout=output, stderr=output, skip_checks=True)
    return output.getvalue()


def file_of(folder: Path, text: str | bytes, name: str = "idp.xml") -> str:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


@pytest.fixture
def web_server(tmp_path):
    """Serve what tests put into `answers` on this machine."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            status, headers, body = self.server.answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    server = LoopbackServer(Handler)
    server.answers = {}
    with running(server):
        yield server


def test_it_connects_tries_lists_and_removes(empty, tmp_path, client_of):
    output = saml("add", "okta", "--metadata", file_of(tmp_path, OKTA.metadata()), "--kind", "okta")
    for word in (
        f"{SP}/saml2/acs/",
        f"{SP}/saml2/metadata/",
        "cooper -saml try okta",
        "COOPER_ADMIN_GROUPS",
        "groups",
    ):
        assert word in output
    assert OKTA.entity_id in saml("list") and "Nothing is wrong" in saml("check")
    tried = saml("try", "okta").split()[-1].removeprefix(SP)
    browser = client_of(None)
    assert browser.get(tried).headers["Location"].startswith(OKTA.entity_id)
    assert post_response(browser, start_sign_in(browser)).status_code == 302 and signed_in_person(
        browser
    )
    assert "web sessions of its people (1) have ended" in saml(
        "remove", "okta"
    ) and not signed_in_person(browser)
    assert "There are no SAML identity providers" in saml("list")
    events = {event.event for event in all_events()}
    assert {
        "identity-provider:add:done",
        "identity-provider:remove:done",
        "saml-key:make:done",
    } <= events


def test_its_events_name_who_ran_the_command(empty, tmp_path):
    saml("add", "okta", "--metadata", file_of(tmp_path, OKTA.metadata()))
    added = next(event for event in all_events() if event.event == "identity-provider:add:done")
    assert {"os_user", "host", "caller", "entity_id"} <= set(added.facts)


WRONG = {
    "empty": ("", "it is empty"),
    "blanks": (" \n", "it is empty"),
    "a page": ("<!DOCTYPE html><html><body>Sign in</body></html>", "it is a web page"),
    "another page": ("<html></html>", "it is a web page"),
    "broken": ("<md:EntityDescriptor", "not well-formed"),
    "something else": ("<a/>", "it begins with 'a'"),
    "bytes": (b"\xff\xfe\x00", "not UTF-8"),
    "6 MB": (b" <a/>" + b" " * 6_000_000, "it is larger than 5 MB"),
    "a bomb": ('<!DOCTYPE a [<!ENTITY b "b">]>' + OKTA.metadata(), "a DOCTYPE"),
    "a tower": ("<a>" * 5_000, "too many elements"),
    "ended": (OKTA.metadata(until=at(days=-1)), "it expired on"),
    "a service provider's": (
        OKTA.metadata().replace("IDPSSO", "SPSSO"),
        "it describes no identity provider",
    ),
    "SAML 1.1": (
        OKTA.metadata().replace(SAMLP, "urn:oasis:names:tc:SAML:1.1:protocol"),
        "does not speak SAML 2.0",
    ),
    "no certificate": (
        OKTA.metadata().replace("X509Certificate", "X509Cert"),
        "no signing certificate",
    ),
    "a broken certificate": (OKTA.metadata().replace("MII", "AAA"), "no signing certificate"),
    "http": (OKTA.metadata().replace("https://idp", "http://idp"), "is not an https URL"),
    "a script as address": (
        OKTA.metadata().replace(f"{OKTA.entity_id}/sso", "javascript:x"),
        "not an https URL",
    ),
    "no redirect": (
        OKTA.metadata().replace("HTTP-Redirect", "HTTP-POST"),
        "no SingleSignOnService with the HTTP-Red",
    ),
    "no entityID": (OKTA.metadata().replace(OKTA.entity_id, ""), "no usable entityID"),
}


@pytest.mark.parametrize("name", WRONG)
def test_it_refuses_metadata_that_cannot_be_used_and_says_why(empty, tmp_path, name):
    content, message = WRONG[name]
    with pytest.raises(CommandError, match=message):
        saml("add", "okta", "--metadata", file_of(tmp_path, content))
    assert SamlIdp.everything() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "Okta", "--metadata", "x"), "cannot be a provider's id"),
        (("add", "a" * 256, "--metadata", "x"), "id: at most 32 small letters, digits and '-'"),
        (("add", "local", "--metadata", "x"), "another way to sign in"),
        (("add", "okta", "--metadata", "/nowhere/idp.xml"), "cannot be read"),
        (("add", "okta", "--metadata", "http://idp.example.com/m"), "not an https URL"),
        (("add", "okta", "--metadata", "https://127.0.0.1:1/m"), "does not answer"),
        (("add", "okta", "--metadata", "x", "--certificate", "/dev/null"), "no PEM certificate"),
        (("refresh", "nobody"), "There is no SAML identity provider nobody"),
        (("remove", "nobody"), "There is no SAML identity provider nobody"),
        (("try", "nobody"), "There is no SAML identity provider nobody"),
        (("check", "nobody"), "There is no SAML identity provider nobody"),
        (("keygen", "--use-new"), "There is no second key"),
        (("keygen", "--drop-old"), "There is no second key"),
    ],
)
def test_it_says_what_is_wrong_with_the_command(empty, arguments, message):
    with pytest.raises(CommandError, match=message):
        saml(*arguments)


def test_an_id_is_bound_to_its_entity_for_good(empty, tmp_path):
    connect(OKTA, tmp_path)
    with pytest.raises(CooperError, match="connected already"):
        connect(OKTA, tmp_path)
    with pytest.raises(CooperError, match="connected as okta"):
        connect(OKTA.with_changes(name="other"), tmp_path)
    idp_registry.remove("okta")
    with pytest.raises(CooperError, match="its people and groups stay its own"):
        connect(ENTRA.with_changes(name="okta"), tmp_path)
    with pytest.raises(CooperError, match="connected as okta"):
        connect(OKTA.with_changes(name="other"), tmp_path)
    connect(OKTA, tmp_path)
    assert set(idps.current().by_name) == {"okta"}


def test_a_removal_can_be_run_again(empty, tmp_path):
    connect(OKTA, tmp_path)
    idp_registry.remove("okta")
    assert idp_registry.remove("okta") == 0
    assert sum(e.event == "identity-provider:remove:done" for e in all_events()) == 1


def test_it_fetches_keeps_the_last_good_metadata_and_shows_what_failed(
    empty, web_server, client_of
):
    web_server.answers["/m"] = 200, {}, OKTA.metadata().encode()
    saml("add", "okta", "--metadata", f"{web_server.url}/m")
    web_server.answers["/e"] = 200, {}, ENTRA.metadata().encode()
    saml("add", "entra", "--metadata", f"{web_server.url}/e")
    for status, body in (
        (500, b""),
        (200, b"<html></html>"),
        (200, ENTRA.with_changes(entity_id="https://x.example/").metadata().encode()),
    ):
        web_server.answers["/m"] = status, {}, body
        with pytest.raises(CommandError, match="Not refreshed: okta"):
            saml("refresh")
    assert "could not be refreshed" in saml("list")
    with pytest.raises(CommandError, match="1 problem"):
        saml("check")
    for idp in (OKTA, ENTRA):
        browser = client_of(None)
        assert post_response(browser, start_sign_in(browser, idp)).status_code == 302
    web_server.answers["/m"] = 200, {}, OKTA.metadata(signers=("okta", "okta-next")).encode()
    assert "2 certificates" in saml("refresh", "okta") and "Nothing is wrong" in saml("check")


def test_it_follows_redirects_to_https_or_this_machine_alone(empty, web_server):
    web_server.answers["/a"] = 302, {"Location": "/m"}, b""
    web_server.answers["/m"] = 200, {}, OKTA.metadata().encode()
    saml("add", "okta", "--metadata", f"{web_server.url}/a")
    web_server.answers["/b"] = 302, {"Location": "http://169.254.169.254/latest/meta-data/"}, b""
    web_server.answers["/c"] = 302, {"Location": "/c"}, b""
    for path, message in (("/b", "not an https URL"), ("/c", "redirects too many times")):
        with pytest.raises(CommandError, match=message):
            saml("check", "--metadata", f"{web_server.url}{path}")


def test_it_fetches_100_mb_no_further_than_it_takes(empty, web_server):
    web_server.answers["/m"] = 200, {}, b"<a>" + b" " * 100_000_000
    with pytest.raises(CommandError, match="larger than 5 MB"):
        saml("check", "--metadata", f"{web_server.url}/m")


def signed(text: str, signer: str) -> str:
    """Return metadata signed as a whole."""
    template = OKTA.signature("_m1")
    document = text.replace("<md:IDPSSODescriptor", f"{template}<md:IDPSSODescriptor", 1)
    keys = key_pair(signer)
    ids = ("--id-attr:ID", f"{METADATA}:EntityDescriptor")
    return xmlsec1(
        "--sign", *ids, "--privkey-pem", f"{keys.key},{keys.certificate}", document=document
    )


def test_it_wants_a_signature_where_a_certificate_is_given(empty, tmp_path):
    arguments = ("add", "okta", "--certificate", key_pair("federation").certificate, "--metadata")
    good = signed(OKTA.metadata(), "federation")
    bad = {
        "unsigned": (OKTA.metadata(), "no signature over the whole"),
        "by somebody else": (signed(OKTA.metadata(), "rogue"), "does not hold"),
        "changed": (
            good.replace(f"{OKTA.entity_id}/sso", "https://evil.example/sso"),
            "does not hold",
        ),
        "of another part": (good.replace('URI="#_m1"', 'URI="#_m2"'), "covers something else"),
        "SHA-1": (
            good.replace("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", f"{DS}rsa-sha1"),
            "not accepted",
        ),
    }
    for content, message in bad.values():
        with pytest.raises(CommandError, match=message):
            saml(*arguments, file_of(tmp_path, content))
    assert "Connected okta" in saml(*arguments, file_of(tmp_path, good))


def test_it_takes_one_of_several_by_its_entity_id(empty, tmp_path):
    two = OKTA.metadata() + ENTRA.metadata().replace("_m1", "_m2")
    both = f'<md:EntitiesDescriptor xmlns:md="{METADATA}">{two}</md:EntitiesDescriptor>'
    file = file_of(tmp_path, both)
    with pytest.raises(CommandError, match="describes 2 identity providers"):
        saml("add", "okta", "--metadata", file)
    assert ENTRA.entity_id in saml(
        "add", "entra", "--metadata", file, "--entity-id", ENTRA.entity_id
    )


def vendor(name: str) -> bytes:
    """Return metadata in the form in which a vendor issues it, with a certificate of the tests'."""
    packed = key_pair(f"vendor-{name}").certificate_base64
    return (
        (SUPPORT / "saml_metadata" / f"{name}.xml")
        .read_text()
        .replace("CERTIFICATE", packed)
        .encode()
    )


@pytest.mark.parametrize("name", ["okta", "entra", "onelogin", "adfs", "keycloak"])
def test_it_reads_metadata_as_the_vendors_issue_it(empty, tmp_path, name):
    file = file_of(tmp_path, vendor(name))
    assert "Nothing is wrong" in saml("check", "--metadata", file)
    assert "Connected" in saml("add", name, "--metadata", file, "--kind", name)
    assert SamlIdp.find(name).sso.startswith("https://")


def test_it_says_which_certificates_end_soon_or_are_weak(empty, tmp_path):
    for days, bits, message in (
        (10, 2048, "in 9 days"),
        (-3, 2048, "expired on"),
        (3650, 1024, "too short"),
    ):
        signer = f"soon-{days}-{bits}"
        packed = key_pair(signer, days, bits=bits).certificate_base64
        text = OKTA.metadata().replace(key_pair("okta").certificate_base64, packed)
        with pytest.raises(CommandError, match="1 problem"):
            saml("check", "--metadata", file_of(tmp_path, text))
        problems = metadata.find_problems([packed], None, datetime.now(UTC))
        assert len(problems) == 1 and message in problems[0]


def test_it_warns_of_metadata_that_ends_soon(empty):
    now = datetime.now(UTC)
    assert "expires on" in metadata.find_problems([], now + timedelta(hours=1), now)[0]
    assert "nobody can sign in" in metadata.find_problems([], now, now)[0]
    assert metadata.find_problems([], now + timedelta(days=9), now) == []


def test_it_makes_and_rolls_keys_over(empty, monkeypatch):
    monkeypatch.setattr("accounts.providers.saml.keys._create_key", real_key)
    assert "Made cooper's key" in saml("keygen") and "Made a second key" in saml("keygen")
    with pytest.raises(CommandError, match="two keys already"):
        saml("keygen")
    assert "signed with the new key" in saml("keygen", "--use-new") and "was deleted" in saml(
        "keygen", "--drop-old"
    )


def test_it_keeps_anothers_change_from_being_lost(empty, tmp_path, monkeypatch):
    connect(OKTA, tmp_path)
    idp = SamlIdp.find("okta")
    idp_registry.refresh("okta", str(tmp_path / "okta.xml"))
    monkeypatch.setattr(idp_registry, "get_connected", lambda name: idp)
    with pytest.raises(CooperError, match="changed by somebody else"):
        idp_registry.refresh("okta", str(tmp_path / "okta.xml"))


def test_it_refuses_what_is_no_metadata_without_a_traceback():
    for raw in (b"\x00", b"<", b"<a b=></a>", b"&#0;", b"<?xml version='1.0' encoding='x'?><a/>"):
        with pytest.raises(Invalid, match="cannot be used"):
            metadata.read(raw)


def test_an_administrator_sees_which_one_has_what_problem(empty, tmp_path, client_of):
    connect(OKTA, tmp_path)
    connect(ENTRA, tmp_path)
    with pytest.raises(CooperError):
        idp_registry.refresh("okta", file_of(tmp_path, "<html>"))
    browser = client_of("carol")
    page = browser.get("/admin/accounts/samlidp/").text
    assert OKTA.entity_id in page and ENTRA.entity_id in page and "it is a web page" in page
    one = browser.get("/admin/accounts/samlidp/okta/change/")
    assert (
        one.status_code == 200
        and f"{OKTA.entity_id}/sso" in one.text
        and 'name="_save"' not in one.text
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"label": "x" * 65}, {"label": "Okta\n"}, {"group_attributes": ("groups ",)},
        {"group_attributes": ("groups", "")}, {"group_attributes": ("a\u202e",)},
    ],
)  # fmt: skip
def test_it_takes_no_settings_that_would_match_nothing(empty, tmp_path, changes):
    with pytest.raises(Invalid):
        connect(OKTA, tmp_path, **changes)
    assert SamlIdp.find("okta") is None


def test_what_it_takes_with_blanks_and_a_long_id_signs_people_in(empty, tmp_path, client_of):
    text = OKTA.metadata().replace(f'"{OKTA.entity_id}"', f'" {OKTA.entity_id}\n"')
    connect(OKTA, tmp_path, metadata=f"\n<?xml version='1.0'?>\n{text}")
    browser = client_of(None)
    long_id = "_" + "a" * 255
    idp = start_sign_in(browser).with_changes(assertion_id=long_id, response_id="_" + "b" * 255)
    assert post_response(browser, idp).status_code == 302
    assert signed_in_person(browser) == "okta:alice@example.com"

"""What SAML tests share: connected identity providers, and a browser that goes there and back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils.http import urlencode

from accounts.providers.saml import idp_registry, idps, keys, pysaml2_client, service_provider
from tests.support.saml_kit import ENTRA, OKTA, SP, Idp, read_authn_request, to_base64

_keys: list[dict[str, str]] = []
real_key = keys._create_key
"""Creates a new key; tests share one."""


@pytest.fixture
def connected(
    store: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """Connect Okta and Entra (both of our own making)."""
    settings.COOPER_PUBLIC_URL = SP
    clear_caches()
    # creating an RSA key takes its time; the tests of keys create their own
    monkeypatch.setattr(keys, "_create_key", shared_key)
    for idp in (OKTA, ENTRA):
        connect(idp, tmp_path)
    yield store
    clear_caches()


def shared_key() -> dict[str, str]:
    """Return the one key of cooper that all tests share."""
    if not _keys:
        _keys.append(real_key())
    return dict(_keys[0])


def clear_caches() -> None:
    """Keep nothing of another test's store."""
    idps.clear_cache()
    pysaml2_client._clients.clear()
    for key_files in service_provider._key_files:
        key_files.close()
    service_provider._key_files.clear()


def connect(idp: Idp, folder: Path, metadata: str = "", **settings: Any) -> None:
    """Connect an identity provider by its metadata, with more of IdpSettings."""
    file = folder / f"{idp.name}.xml"
    file.write_text(metadata or idp.metadata())
    idp_registry.add(idp_registry.IdpSettings(idp.name, str(file), **settings), {"local"})


def use_own_certificate(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let "OURS" in `Idp.encrypts` stand for cooper's certificate; return its file."""
    file = folder / "ours.pem"
    file.write_text(keys.stored()[0]["certificate"])
    monkeypatch.setattr("tests.support.saml_kit.OURS", str(file))
    return str(file)


def start_sign_in(browser: Client, idp: Idp = OKTA, query: str = "") -> Idp:
    """Send a browser to an identity provider; return the latter, about to answer the request."""
    response = browser.get(f"/login/{idp.name}/{query}")
    assert response.status_code == 302, response.text
    request_id, _ = read_authn_request(response.headers["Location"])
    return idp.with_changes(request=request_id)


def post_response(browser: Client, message: Any, state: str | None = None) -> Any:
    """Post a message (an Idp, or XML) to the assertion consumer service."""
    fields = message_form(message)
    if state is not None:
        fields.append(("RelayState", state))
    return post_form(browser, fields)


def message_form(message: Any) -> list[tuple[str, str]]:
    """Return the form that carries a message: an Idp's next one, XML, or a form already."""
    if isinstance(message, list):
        return message
    if isinstance(message, Idp):
        message = message.build()
    return [("SAMLResponse", to_base64(message))]


def post_form(browser: Client, fields: Any) -> Any:
    """Post a form to the assertion consumer service, as other sites do."""
    return browser.post(
        "/saml2/acs/", urlencode(fields), content_type="application/x-www-form-urlencoded"
    )


def signed_in_person(browser: Client) -> str:
    """Return who is signed in, or ""."""
    response = browser.get("/")
    if response.status_code != 200:
        return ""
    return response.context["request"].identity.person

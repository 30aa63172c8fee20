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
"""Makes a key of its own; tests share one."""


@pytest.fixture
def connected(
    store: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """Connect Okta and Entra (both of our own making)."""
    settings.COOPER_PUBLIC_URL = SP
    clear_caches()
    # making an RSA key takes its time; the tests of keys make their own
    monkeypatch.setattr(keys, "_create_key", shared_key)
    for idp in (OKTA, ENTRA):
        connect(idp, tmp_path)
    yield store
    clear_caches()


def shared_key() -> dict[str, str]:
    """Return the tests' one key of cooper, made once."""
    if not _keys:
        _keys.append(real_key())
    return dict(_keys[0])


def clear_caches() -> None:
    """Let nothing of another test's store be held."""
    idps.clear_cache()
    pysaml2_client._clients.clear()
    for key_files in service_provider._key_files:
        key_files.close()
    service_provider._key_files.clear()


def connect(idp: Idp, folder: Path, **more: Any) -> list[str]:
    """Connect an identity provider by its metadata; return what is said to be wrong with it."""
    file = folder / f"{idp.name}.xml"
    file.write_text(more.pop("metadata", idp.metadata()))
    settings = idp_registry.IdpSettings(idp.name, str(file), **more)
    return idp_registry.add(settings, {"local"})[1]


def start_sign_in(browser: Client, idp: Idp = OKTA, query: str = "") -> Idp:
    """Let a browser set out to an identity provider; return the latter, about to answer the request."""
    answer = browser.get(f"/login/{idp.name}/{query}")
    assert answer.status_code == 302, answer.text
    return idp.with_changes(request=read_authn_request(answer.headers["Location"])[0])


def post_response(browser: Client, message: Any, state: str | None = None) -> Any:
    """Post a message to the assertion consumer service."""
    fields = {"SAMLResponse": to_base64(message.build() if isinstance(message, Idp) else message)}
    if state is not None:
        fields["RelayState"] = state
    return post_form(browser, fields)


def post_form(browser: Client, fields: Any) -> Any:
    """Post a form as other sites do."""
    return browser.post(
        "/saml2/acs/", urlencode(fields), content_type="application/x-www-form-urlencoded"
    )


def signed_in_person(browser: Client) -> str:
    """Return who is signed in, or ""."""
    page = browser.get("/")
    return page.context["request"].identity.person if page.status_code == 200 else ""


def message_form(message: Any) -> Any:
    """Return the form that carries a message."""
    made = message.build() if hasattr(message, "build") else message
    return made if isinstance(made, list) else [("SAMLResponse", to_base64(made))]

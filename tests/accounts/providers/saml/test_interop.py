"""An identity provider that nobody here wrote: pysaml2's server, which reads our metadata."""

import base64
import warnings
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from saml2 import BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NAMEID_FORMAT_TRANSIENT, NameID

from accounts.models import Person
from accounts.providers.saml import idp_registry
from tests.support.saml_kit import PASSWORD, key_pair
from tests.support.saml_stage import post_form, signed_in_person

with warnings.catch_warnings():
    # it imports a cipher of cryptography that will move; it is not used here
    warnings.simplefilter("ignore")
    from saml2.server import Server

BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
ENTITY = "https://pysaml2.example.com/idp"
SHA256 = {
    "sign_alg": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "digest_alg": "http://www.w3.org/2001/04/xmlenc#sha256",
}


@pytest.fixture
def server(connected: Any, client_of: Any, tmp_path: Any) -> Server:
    """Return pysaml2's identity provider; each side has read the other's metadata."""
    ours = client_of(None).get("/saml2/metadata/").text
    keys = key_pair("pysaml2")
    config = IdPConfig().load(
        {
            "entityid": ENTITY,
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "key_file": keys.key,
            "cert_file": keys.certificate,
            "metadata": {"inline": [ours]},
            "service": {
                "idp": {
                    "endpoints": {
                        "single_sign_on_service": [(f"{ENTITY}/sso", BINDING_HTTP_REDIRECT)],
                        "single_logout_service": [(f"{ENTITY}/slo", BINDING_HTTP_REDIRECT)],
                    },
                    "want_authn_requests_signed": True,
                    "policy": {
                        "default": {
                            "lifetime": {"minutes": 5},
                            "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:basic",
                        }
                    },
                }
            },
        }
    )
    file = tmp_path / "pysaml2.xml"
    file.write_text(str(entity_descriptor(config)))
    idp_registry.add(idp_registry.IdpSettings("pysaml2", str(file)), ())
    return Server(config=config)


def answered(
    server: Server, location: str, name_format: str = NAMEID_FORMAT_PERSISTENT, **more: Any
) -> dict[str, str]:
    """Return the form that answers a request, once the server has verified its signature."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    request = server.parse_authn_request(
        query["SAMLRequest"],
        BINDING_HTTP_REDIRECT,
        sigalg=query["SigAlg"],
        signature=query["Signature"],
    )
    named = NameID(format=name_format, text="alice-7f3a")
    response = server.create_authn_response(
        {"groups": ["developers", "everyone"]},
        userid="alice",
        name_id=named,
        authn={"class_ref": PASSWORD},
        **server.response_args(request.message),
        **SHA256,
        **more,
    )
    return {"SAMLResponse": base64.b64encode(str(response).encode()).decode()}


WAYS = {
    "the assertion signed": {"sign_assertion": True, "sign_response": False},
    "both signed": {"sign_assertion": True, "sign_response": True},
}


@pytest.mark.parametrize("way", WAYS)
def test_it_signs_in_at_pysaml2s_server(server, client_of, way):
    browser = client_of(None)
    location = browser.get("/login/pysaml2/?next=/targets/dev-read/").headers["Location"]
    response = post_form(browser, answered(server, location, **WAYS[way]))
    assert (response.status_code, response.headers.get("Location")) == (
        302,
        "/targets/dev-read/",
    ), response.text
    assert signed_in_person(browser) == "pysaml2:alice-7f3a"
    assert sorted(Person.find("pysaml2:alice-7f3a").groups) == [
        "pysaml2:developers",
        "pysaml2:everyone",
    ]


UNFIT = {
    "the response signed alone": {"sign_assertion": False, "sign_response": True},
    "nothing signed": {"sign_assertion": False, "sign_response": False},
    "encrypted by triple DES, its only cipher": {"sign_assertion": True, "encrypt_assertion": True},
}


@pytest.mark.parametrize("more", UNFIT.values(), ids=UNFIT)
def test_it_refuses_what_pysaml2s_server_signs_or_encrypts_badly(server, client_of, more):
    browser = client_of(None)
    location = browser.get("/login/pysaml2/").headers["Location"]
    assert post_form(browser, answered(server, location, **more)).status_code == 403


def test_it_refuses_a_transient_name_of_pysaml2s_server(server, client_of):
    browser = client_of(None)
    location = browser.get("/login/pysaml2/").headers["Location"]
    assert (
        post_form(
            browser, answered(server, location, NAMEID_FORMAT_TRANSIENT, sign_assertion=True)
        ).status_code
        == 403
    )


def test_pysaml2s_server_takes_our_sign_out(server, client_of):
    browser = client_of(None)
    location = browser.get("/login/pysaml2/").headers["Location"]
    post_form(browser, answered(server, location, sign_assertion=True))
    onward = browser.post("/logout/").context["onward"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(onward).query).items()}
    request = server.parse_logout_request(
        query["SAMLRequest"],
        BINDING_HTTP_REDIRECT,
        sigalg=query["SigAlg"],
        signature=query["Signature"],
    )
    assert request.message.name_id.text == "alice-7f3a"

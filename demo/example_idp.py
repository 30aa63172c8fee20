"""The demo's identity provider: pysaml2's server, with the demo's people, on this machine alone.

It answers whichever cooper on this machine sends a signed request. Its key lives as long as the
process.
"""

import base64
import re
import tempfile
import warnings
import zlib
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import saml2
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

from accounts.providers.saml import idp_registry, keys
from accounts.providers.saml.service_provider import (
    ServiceProvider,
    build_sp_config,
    key_files_for,
)
from accounts.providers.saml.xmlsec import find_xmlsec1
from core.errors import Conflict, CooperError
from demo.example_idp_page import continue_page, refusal_page, sign_in_page
from demo.key_pair import make_key_pair
from demo.seed import PASSWORD, PEOPLE
from embedded_aws import EmbeddedAws
from embedded_aws.calls import Call
from embedded_aws.pages import page_response
from embedded_aws.responses import Response, text_response
from embedded_aws.router import IDP_PATH

with warnings.catch_warnings():
    # it imports a cipher of cryptography that will move; it is not used here
    warnings.simplefilter("ignore")
    from saml2.server import Server

NAME = "example"
LABEL = "Example IdP"
ENTITY_ID = "https://idp.example.com/metadata"
PASSWORD_CLASS = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"  # noqa: S105 - a name of SAML's

MAX_REQUEST_BYTES = 100_000
"""Of a request, inflated."""

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")

SAML_FIELDS = ("SAMLRequest", "RelayState", "SigAlg", "Signature")

People = dict[str, tuple[str, list[str]]]
"""Name and groups by user name."""

METADATA = """\
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" \
xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{entity_id}">\
<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">\
<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}\
</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
<md:SingleLogoutService Binding="{binding}" Location="{slo_url}"/>\
<md:SingleSignOnService Binding="{binding}" Location="{sso_url}"/>\
</md:IDPSSODescriptor></md:EntityDescriptor>"""


class ExampleIdp:
    """The identity provider: signs people in by the demo's password, and tells their groups."""

    def __init__(self, endpoint_url: str, people: People, password: str) -> None:
        """Make a key, and be at `endpoint_url`/example-idp/."""
        base_url = endpoint_url + IDP_PATH
        self._sso_url = f"{base_url}sso"
        self._slo_url = f"{base_url}slo"
        self._people = people
        self._password = password

        self._folder = tempfile.TemporaryDirectory(prefix="cooper-example-idp-")
        self._key, self._certificate = make_key_pair(Path(self._folder.name), LABEL)
        self._server_for = lru_cache(maxsize=8)(self._build_server)

    def connect(self) -> None:
        """Connect cooper with it, or bring cooper up to date: its key and port are new."""
        file = Path(self._folder.name) / "metadata.xml"
        file.write_text(self.metadata(), encoding="utf-8")
        try:
            idp_registry.add(idp_registry.IdpSettings(NAME, str(file), label=LABEL), {"local"})
        except Conflict:
            idp_registry.refresh(NAME, str(file))

    def metadata(self) -> str:
        """Return its metadata."""
        pem_lines = self._certificate.read_text().splitlines()
        return METADATA.format(
            entity_id=ENTITY_ID,
            certificate="".join(pem_lines[1:-1]),
            binding=saml2.BINDING_HTTP_REDIRECT,
            slo_url=self._slo_url,
            sso_url=self._sso_url,
        )

    def handle(self, call: Call) -> Response:
        """Answer a browser."""
        actions = {"sso": self._sign_in, "slo": self._sign_out}
        action = actions.get(call.path.removeprefix(IDP_PATH))
        if action is None or call.method not in {"GET", "POST"}:
            return text_response(HTTPStatus.NOT_FOUND, "There is nothing here.")

        try:
            return action(call)
        except Exception as error:  # noqa: BLE001 - pysaml2 raises what it likes for a foreign request
            return page_response(HTTPStatus.BAD_REQUEST, refusal_page(type(error).__name__))

    def _sign_in(self, call: Call) -> Response:
        """Ask for name and password, then send the response to cooper by the browser."""
        saml_fields = _saml_fields(call.form)
        server = self._server_for(_find_origin(call.form))
        request = server.parse_authn_request(
            saml_fields["SAMLRequest"],
            saml2.BINDING_HTTP_REDIRECT,
            sigalg=saml_fields["SigAlg"],
            signature=saml_fields["Signature"],
        )

        people = list(self._people)
        if call.method == "GET":
            return page_response(HTTPStatus.OK, sign_in_page(saml_fields, people))

        username = call.form.get("username", "").strip().casefold()
        if username not in self._people or call.form.get("password") != self._password:
            page = sign_in_page(saml_fields, people, wrong=True)
            return page_response(HTTPStatus.FORBIDDEN, page)

        response_args = server.response_args(request.message)
        response_fields = {
            "SAMLResponse": self._build_response(server, username, response_args),
            "RelayState": saml_fields.get("RelayState", ""),
        }
        page = continue_page(response_args["destination"], response_fields)
        return page_response(HTTPStatus.OK, page)

    def _build_response(self, server: Any, username: str, response_args: dict[str, Any]) -> str:
        """Return the SAML response about a person in base64; the assertion is signed."""
        display_name, groups = self._people[username]
        response = server.create_authn_response(
            {"groups": groups, "displayName": [display_name]},
            userid=username,
            name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text=username),
            authn={"class_ref": PASSWORD_CLASS},
            sign_assertion=True,
            sign_response=False,
            sign_alg=SIG_RSA_SHA256,
            digest_alg=DIGEST_SHA256,
            **response_args,
        )
        return base64.b64encode(str(response).encode()).decode()

    def _sign_out(self, call: Call) -> Response:
        """Lead back to cooper; there is no session here that would have to end."""
        origin = _find_origin(call.form)
        saml_fields = _saml_fields(call.form)
        server = self._server_for(origin)
        request = server.parse_logout_request(
            saml_fields["SAMLRequest"],
            saml2.BINDING_HTTP_REDIRECT,
            sigalg=saml_fields["SigAlg"],
            signature=saml_fields["Signature"],
        )

        response = server.create_logout_response(request.message, [saml2.BINDING_HTTP_REDIRECT])
        redirect = server.apply_binding(
            saml2.BINDING_HTTP_REDIRECT,
            str(response),
            ServiceProvider(origin).slo,
            saml_fields.get("RelayState", ""),
            response=True,
        )
        headers = dict(redirect["headers"]) | {"Cache-Control": "no-store"}
        return Response(HTTPStatus.SEE_OTHER, b"", "text/plain", headers)

    def _build_server(self, origin: str) -> Any:
        """Return pysaml2's server, which knows the cooper at an origin."""
        binding = saml2.BINDING_HTTP_REDIRECT
        service = {
            "endpoints": {
                "single_sign_on_service": [(self._sso_url, binding)],
                "single_logout_service": [(self._slo_url, binding)],
            },
            "want_authn_requests_signed": True,
            "policy": {
                "default": {
                    "lifetime": {"minutes": 5},
                    "name_form": saml2.saml.NAME_FORMAT_BASIC,
                }
            },
        }

        cooper = build_sp_config(ServiceProvider(origin), key_files_for(keys.stamp()))
        settings = {
            "entityid": ENTITY_ID,
            "xmlsec_binary": find_xmlsec1(),
            "key_file": str(self._key),
            "cert_file": str(self._certificate),
            "metadata": {"inline": [str(entity_descriptor(cooper))]},
            "service": {"idp": service},
        }
        return Server(config=IdPConfig().load(settings))


def register_idp(aws: EmbeddedAws) -> None:
    """Give the demo its identity provider, with the demo's people, and connect cooper with it."""
    idp = ExampleIdp(aws.endpoint_url, PEOPLE, PASSWORD)
    aws.register_idp(idp.handle)
    idp.connect()


def _saml_fields(form: dict[str, str]) -> dict[str, str]:
    """Return the SAML request and what belongs to it, as they came."""
    return {name: form[name] for name in SAML_FIELDS if name in form}


def _find_origin(form: dict[str, str]) -> str:
    """Return where the cooper is that sends the request.

    Raise CooperError unless it is on this machine.
    """
    deflated = base64.b64decode(form["SAMLRequest"])
    # raw DEFLATE (SAML bindings, 3.4.4.1)
    request = zlib.decompressobj(-15).decompress(deflated, MAX_REQUEST_BYTES)
    issuer = re.search(rb"Issuer[^>]*>([^<]+)/saml2/metadata/<", request)

    origin = ""
    if issuer:
        origin = issuer[1].decode()
    if urlsplit(origin).hostname not in LOOPBACK_HOSTS:
        raise CooperError("This identity provider is for the cooper on this machine.")
    return origin

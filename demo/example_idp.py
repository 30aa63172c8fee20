"""The demo's identity provider: pysaml2's server, with the demo's people, on this machine alone.

It answers whichever cooper on this machine asks it with a signed request. Its key lives as long as the process.
"""

import base64
import re
import tempfile
import warnings
import zlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import saml2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
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
from demo import example_idp_page as pages
from demo.seed import PASSWORD, PEOPLE
from embedded_aws import EmbeddedAws, router
from embedded_aws.protocol import Answer, Call, plain

with warnings.catch_warnings():
    # it imports a cipher of cryptography that will move; it is not used here
    warnings.simplefilter("ignore")
    from saml2.server import Server

NAME, LABEL = "example", "Example IdP"
ENTITY_ID = "https://idp.example.com/metadata"
PASSWORD_CLASS = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"  # noqa: S105 - a name of SAML's
LIMIT = 100_000
"""Bytes of a request, inflated, at most."""

People = dict[str, tuple[str, list[str]]]
"""Name and groups by user name."""


class ExampleIdp:
    """The identity provider: signs people in who know the demo's password, and says their groups."""

    def __init__(self, endpoint: str, people: People, password: str) -> None:
        """Make a key, and be at `endpoint`/example-idp/."""
        self._base, self._people, self._password = endpoint + router.IDP, people, password
        self._folder = tempfile.TemporaryDirectory(prefix="cooper-example-idp-")
        self._key, self._certificate = _key_pair(Path(self._folder.name))
        self._server_for = lru_cache(maxsize=8)(self._made)

    def connect(self) -> None:
        """Tell cooper of it: connected once, and brought up to date at each start, as its key and port are new."""
        file = Path(self._folder.name) / "metadata.xml"
        file.write_text(self.metadata(), encoding="utf-8")
        try:
            idp_registry.add(idp_registry.IdpSettings(NAME, str(file), label=LABEL), {"local"})
        except Conflict:
            idp_registry.refresh(NAME, str(file))

    def metadata(self) -> str:
        """Return its metadata."""
        packed = "".join(self._certificate.read_text().splitlines()[1:-1])
        redirect = f'Binding="{saml2.BINDING_HTTP_REDIRECT}"'
        return (
            '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" '
            f'xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{ENTITY_ID}">'
            '<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
            f'<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{packed}'
            "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            f'<md:SingleLogoutService {redirect} Location="{self._base}slo"/>'
            f'<md:SingleSignOnService {redirect} Location="{self._base}sso"/>'
            "</md:IDPSSODescriptor></md:EntityDescriptor>"
        )

    def answer(self, call: Call) -> Answer:
        """Answer a browser."""
        deed = {"sso": self._sign_in, "slo": self._sign_out}.get(call.path.removeprefix(router.IDP))
        if deed is None or call.method not in {"GET", "POST"}:
            return plain(HTTPStatus.NOT_FOUND, "There is nothing here.")
        try:
            return deed(call)
        except Exception as error:  # noqa: BLE001 - pysaml2 raises what it likes; each means that it is no request of cooper's
            return pages.answer(HTTPStatus.BAD_REQUEST, pages.refused(type(error).__name__))

    def _sign_in(self, call: Call) -> Answer:
        """Ask who it is, then send the answer to cooper by the browser."""
        server = self._server_for(_origin(call.form))
        asked = _given(call.form)
        request = server.parse_authn_request(
            asked["SAMLRequest"],
            saml2.BINDING_HTTP_REDIRECT,
            sigalg=asked["SigAlg"],
            signature=asked["Signature"],
        )
        name = call.form.get("username", "").strip().casefold()
        if call.method == "GET":
            return pages.answer(HTTPStatus.OK, pages.asking(asked, list(self._people)))
        if name not in self._people or call.form.get("password") != self._password:
            return pages.answer(
                HTTPStatus.FORBIDDEN, pages.asking(asked, list(self._people), wrong=True)
            )
        place = server.response_args(request.message)
        message = self._message(server, name, place)
        fields = {"SAMLResponse": message, "RelayState": asked.get("RelayState", "")}
        return pages.answer(
            HTTPStatus.OK, pages.going_on(place["destination"], fields), place["destination"]
        )

    def _message(self, server: Any, name: str, place: dict[str, Any]) -> str:
        """Return the response about a person, the assertion signed, in base64."""
        shown, groups = self._people[name]
        response = server.create_authn_response(
            {"groups": groups, "displayName": [shown]},
            userid=name,
            name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text=name),
            authn={"class_ref": PASSWORD_CLASS},
            sign_assertion=True,
            sign_response=False,
            sign_alg=SIG_RSA_SHA256,
            digest_alg=DIGEST_SHA256,
            **place,
        )
        return base64.b64encode(str(response).encode()).decode()

    def _sign_out(self, call: Call) -> Answer:
        """End nothing (it keeps no session), and lead back to cooper."""
        origin, asked = _origin(call.form), _given(call.form)
        server = self._server_for(origin)
        request = server.parse_logout_request(
            asked["SAMLRequest"],
            saml2.BINDING_HTTP_REDIRECT,
            sigalg=asked["SigAlg"],
            signature=asked["Signature"],
        )
        response = server.create_logout_response(request.message, [saml2.BINDING_HTTP_REDIRECT])
        info = server.apply_binding(
            saml2.BINDING_HTTP_REDIRECT,
            str(response),
            ServiceProvider(origin).slo,
            asked.get("RelayState", ""),
            response=True,
        )
        return Answer(
            HTTPStatus.SEE_OTHER,
            b"",
            "text/plain",
            dict(info["headers"]) | {"Cache-Control": "no-store"},
        )

    def _made(self, origin: str) -> Any:
        """Return pysaml2's server, which knows the cooper at an origin."""
        ours = entity_descriptor(
            build_sp_config(ServiceProvider(origin), key_files_for(keys.stamp()))
        )
        config = IdPConfig().load(
            {
                "entityid": ENTITY_ID,
                "xmlsec_binary": find_xmlsec1(),
                "key_file": str(self._key),
                "cert_file": str(self._certificate),
                "metadata": {"inline": [str(ours)]},
                "service": {
                    "idp": {
                        "endpoints": {
                            "single_sign_on_service": [
                                (f"{self._base}sso", saml2.BINDING_HTTP_REDIRECT)
                            ],
                            "single_logout_service": [
                                (f"{self._base}slo", saml2.BINDING_HTTP_REDIRECT)
                            ],
                        },
                        "want_authn_requests_signed": True,
                        "policy": {
                            "default": {
                                "lifetime": {"minutes": 5},
                                "name_form": saml2.saml.NAME_FORMAT_BASIC,
                            }
                        },
                    }
                },
            }
        )
        return Server(config=config)


def bring(aws: EmbeddedAws) -> None:
    """Let the demo have its identity provider, with the demo's people, and tell cooper of it."""
    idp = ExampleIdp(aws.endpoint_url, PEOPLE, PASSWORD)
    aws.bring(idp.answer)
    idp.connect()


def _given(form: dict[str, str]) -> dict[str, str]:
    """Return the request as it came."""
    return {
        name: form.get(name, "")
        for name in ("SAMLRequest", "RelayState", "SigAlg", "Signature")
        if name in form
    }


def _origin(form: dict[str, str]) -> str:
    """Return where the cooper is that asks; raise CooperError unless it is on this machine."""
    plain_text = zlib.decompressobj(-15).decompress(base64.b64decode(form["SAMLRequest"]), LIMIT)
    found = re.search(rb"Issuer[^>]*>([^<]+)/saml2/metadata/<", plain_text)
    origin = found[1].decode() if found else ""
    if urlsplit(origin).hostname not in ("127.0.0.1", "localhost", "::1"):
        raise CooperError("This identity provider is for the cooper on this machine.")
    return origin


def _key_pair(folder: Path) -> tuple[Path, Path]:
    """Make a key and its certificate; return their files."""
    key = rsa.generate_private_key(65537, 2048)
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, LABEL)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
    )
    made = made.serial_number(x509.random_serial_number()).not_valid_before(
        now - timedelta(hours=1)
    )
    certificate = made.not_valid_after(now + timedelta(days=365)).sign(key, hashes.SHA256())
    files = folder / "key.pem", folder / "certificate.pem"
    pem = serialization.Encoding.PEM
    plainly = serialization.NoEncryption()
    files[0].write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plainly))
    files[1].write_bytes(certificate.public_bytes(pem))
    return files

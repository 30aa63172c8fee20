"""cooper as a SAML service provider: its names and addresses, its key files, pysaml2's settings."""

import atexit
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

import saml2
from django.conf import settings
from django.http import HttpRequest
from saml2.config import SPConfig
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

from accounts.models import SamlIdp
from accounts.providers.saml import keys
from accounts.providers.saml.constants import BINDING_REDIRECT, NS_DS, NS_MD, NS_SAMLP
from accounts.providers.saml.validation import CLOCK_SKEW
from accounts.providers.saml.xmlsec import require_xmlsec1
from core.errors import Unavailable

MEMORY_FILE_SYSTEM = "/dev/shm"  # noqa: S108 - keys go to a folder of their own in it

# -- names and addresses --


@dataclass(frozen=True)
class ServiceProvider:
    """cooper as identity providers know it, by its origin: `https://cooper.example.com`."""

    origin: str

    @property
    def entity_id(self) -> str:
        return f"{self.origin}/saml2/metadata/"

    @property
    def acs(self) -> str:
        """Where assertions are posted to: our assertion consumer service."""
        return f"{self.origin}/saml2/acs/"

    @property
    def slo(self) -> str:
        """Where a sign-out at the identity provider comes back to."""
        return f"{self.origin}/saml2/ls/"


def get_service_provider(request: HttpRequest | None = None) -> ServiceProvider:
    """Return cooper as it is known at COOPER_PUBLIC_URL.

    Without that setting, as in development, it is the address of the request or else of the
    server, on this machine only: a Host header that names another one raises Unavailable.
    """
    if settings.COOPER_PUBLIC_URL:
        return ServiceProvider(str(settings.COOPER_PUBLIC_URL))

    if request is not None:
        origin = f"{request.scheme}://{request.get_host()}"
    else:
        origin = f"http://{settings.COOPER_BIND}"
    if urlsplit(origin).hostname not in settings.COOPER_LOOPBACK_HOSTS:
        raise Unavailable(
            "SAML needs cooper's public address (COOPER_PUBLIC_URL).",
            f"asked for as {origin[:100]}",
        )
    return ServiceProvider(origin)


# -- key files --


class KeyFiles:
    """cooper's SAML keys as files, for xmlsec1.

    They are in memory where there is a file system for that, and only we can read them.
    """

    def __init__(self, stamp: int) -> None:
        """Write the keys as of a stamp. Raise Unavailable if there are none."""
        sp_keys = keys.decrypt_stored()
        if not sp_keys:
            raise Unavailable("SAML is not set up here.", "no SAML key: cooper -saml keygen")

        self.stamp = stamp
        parent = None
        if os.access(MEMORY_FILE_SYSTEM, os.W_OK):
            parent = MEMORY_FILE_SYSTEM
        # only its owner can read what mkdtemp makes
        self.folder = Path(tempfile.mkdtemp(prefix="cooper-", dir=parent))
        atexit.register(self.close)
        self.pairs = [self._write_pair(number, key) for number, key in enumerate(sp_keys)]

    def _write_pair(self, number: int, key: keys.Key) -> dict[str, str]:
        """Write a key and its certificate; return their paths by pysaml2's names for them."""
        key_file = self.folder / f"{number}.key"
        certificate_file = self.folder / f"{number}.pem"
        _write_privately(key_file, key.pem)
        _write_privately(certificate_file, key.certificate.encode())
        return {"key_file": str(key_file), "cert_file": str(certificate_file)}

    def close(self) -> None:
        """Delete the files."""
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.close)


def _write_privately(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


_key_files: list[KeyFiles] = []


def key_files_for(stamp: int) -> KeyFiles:
    """Return the files of cooper's keys as of a stamp, written once."""
    if not _key_files or _key_files[0].stamp != stamp:
        _key_files.insert(0, KeyFiles(stamp))
        # requests that are under way may use the previous ones
        for outdated in _key_files[2:]:
            outdated.close()
        del _key_files[2:]
    return _key_files[0]


# -- pysaml2's settings --


def build_sp_config(
    sp: ServiceProvider, key_files: KeyFiles, idp: SamlIdp | None = None
) -> SPConfig:
    """Return pysaml2's configuration of cooper, for one identity provider or for none."""
    inline_metadata = {}
    if idp is not None:
        inline_metadata = {"inline": [build_idp_metadata(idp)]}

    config = SPConfig()
    config.load(
        {
            "entityid": sp.entity_id,
            "xmlsec_binary": require_xmlsec1(),
            "allow_unknown_attributes": True,
            "accepted_time_diff": int(CLOCK_SKEW.total_seconds()),
            "delete_tmpfiles": True,
            "debug": False,
            # keys that a message brings along are ignored
            "only_use_keys_in_metadata": True,
            # the first key signs; all decrypt and are in our metadata
            **key_files.pairs[0],
            "encryption_keypairs": key_files.pairs,
            "additional_cert_files": [pair["cert_file"] for pair in key_files.pairs[1:]],
            "metadata": inline_metadata,
            "service": {"sp": _build_sp_service(sp, idp)},
        }
    )
    return config


def _build_sp_service(sp: ServiceProvider, idp: SamlIdp | None) -> dict[str, Any]:
    """Return the part of the configuration that says how we sign and what has to be signed."""
    return {
        "name": "cooper",
        "endpoints": {
            "assertion_consumer_service": [(sp.acs, saml2.BINDING_HTTP_POST)],
            "single_logout_service": [(sp.slo, saml2.BINDING_HTTP_REDIRECT)],
        },
        # at the top level of the configuration these two are ignored and SHA-1 is used
        "signing_algorithm": SIG_RSA_SHA256,
        "digest_algorithm": DIGEST_SHA256,
        "authn_requests_signed": True,
        "logout_requests_signed": True,
        "want_assertions_signed": True,
        "want_response_signed": idp is not None and bool(idp.signs_response),
        "want_assertions_or_response_signed": False,
        "allow_unsolicited": False,
    }


def build_idp_metadata(idp: SamlIdp) -> str:
    """Return metadata of our own making for a stored identity provider.

    pysaml2 reads this, with what it needs and no more, and never the provider's own file.
    """
    parts = [_key_descriptor(certificate) for certificate in idp.certificates]
    if idp.slo:
        parts.append(_endpoint("SingleLogoutService", str(idp.slo)))
    parts.append(_endpoint("SingleSignOnService", str(idp.sso)))

    return (
        f"<md:EntityDescriptor xmlns:md='{NS_MD}' xmlns:ds='{NS_DS}'"
        f" entityID={quoteattr(str(idp.entity_id))}>"
        f"<md:IDPSSODescriptor protocolSupportEnumeration='{NS_SAMLP}'>"
        f"{''.join(parts)}"
        "</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


def _key_descriptor(certificate: str) -> str:
    return (
        "<md:KeyDescriptor use='signing'><ds:KeyInfo><ds:X509Data>"
        f"<ds:X509Certificate>{escape(certificate)}</ds:X509Certificate>"
        "</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )


def _endpoint(service: str, location: str) -> str:
    return f"<md:{service} Binding='{BINDING_REDIRECT}' Location={quoteattr(location)}/>"

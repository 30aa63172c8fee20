"""When SAML's certificates end: those of the identity providers, and cooper's own."""

from collections.abc import Iterator
from datetime import datetime

from cryptography import x509

from accounts.models import SamlIdp
from accounts.providers.saml import keys, metadata


def ends_at_idps() -> Iterator[datetime]:
    """Yield, for each connected identity provider, when its last certificate ends.

    It may have several, of which one ends while the next one is in use already.
    """
    for idp in SamlIdp.everything():
        certificates = filter(None, map(metadata.load_certificate, idp.certificates or []))
        ends = [certificate.not_valid_after_utc for certificate in certificates]
        if ends and not idp.removed:
            yield max(ends)


def own_ends() -> Iterator[datetime]:
    """Yield when the certificate ends of the key that signs; none where SAML is not used."""
    for stored_key in keys.stored()[:1]:
        pem = stored_key["certificate"].encode()
        yield x509.load_pem_x509_certificate(pem).not_valid_after_utc

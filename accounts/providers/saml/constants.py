"""SAML's identifiers: namespaces, element names, and the algorithms that cooper accepts.

An algorithm that is not listed here is refused, in signatures as in encryption.
"""

NS_SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
NS_SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
NS_MD = "urn:oasis:names:tc:SAML:2.0:metadata"
NS_DS = "http://www.w3.org/2000/09/xmldsig#"
NS_DS_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
NS_DS11 = "http://www.w3.org/2009/xmldsig11#"
NS_XENC = "http://www.w3.org/2001/04/xmlenc#"
NS_XENC11 = "http://www.w3.org/2009/xmlenc11#"
NS_EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
NS_XSI = "http://www.w3.org/2001/XMLSchema-instance"

PREFIXES = {
    "samlp": NS_SAMLP,
    "saml": NS_SAML,
    "md": NS_MD,
    "ds": NS_DS,
    "ds11": NS_DS11,
    "xenc": NS_XENC,
    "xenc11": NS_XENC11,
    "ec": NS_EXC_C14N,
}


def qname(prefixed: str) -> str:
    """Return ElementTree's `{namespace}local` for a name with one of PREFIXES: `saml:Issuer`."""
    prefix, _, local_name = prefixed.partition(":")
    return f"{{{PREFIXES[prefix]}}}{local_name}"


RESPONSE = qname("samlp:Response")
ASSERTION = qname("saml:Assertion")
ENCRYPTED_ASSERTION = qname("saml:EncryptedAssertion")
ATTRIBUTE_VALUE = qname("saml:AttributeValue")
SIGNATURE = qname("ds:Signature")

STATUS_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
CONFIRMATION_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
NAMEID_PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
NAMEID_TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
BINDING_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"

SIGNATURE_METHODS = frozenset(
    {
        f"{NS_DS_MORE}rsa-sha256",
        f"{NS_DS_MORE}rsa-sha384",
        f"{NS_DS_MORE}rsa-sha512",
        f"{NS_DS_MORE}ecdsa-sha256",
        f"{NS_DS_MORE}ecdsa-sha384",
        f"{NS_DS_MORE}ecdsa-sha512",
    }
)
DIGEST_METHODS = frozenset({f"{NS_XENC}sha256", f"{NS_DS_MORE}sha384", f"{NS_XENC}sha512"})

C14N_EXCLUSIVE = NS_EXC_C14N
TRANSFORM_ENVELOPED = f"{NS_DS}enveloped-signature"
TRANSFORMS = [TRANSFORM_ENVELOPED, C14N_EXCLUSIVE]
"""What is signed is the element around the signature (enveloped), without it (SAML Core 5.4.4)."""

CIPHERS = frozenset(
    {
        f"{NS_XENC}aes128-cbc",
        f"{NS_XENC}aes192-cbc",
        f"{NS_XENC}aes256-cbc",
        f"{NS_XENC11}aes128-gcm",
        f"{NS_XENC11}aes192-gcm",
        f"{NS_XENC11}aes256-gcm",
    }
)
KEY_CIPHERS = frozenset({f"{NS_XENC}rsa-oaep-mgf1p", f"{NS_XENC11}rsa-oaep"})
"""Not RSA 1.5: its padding reveals the key to whoever may ask often enough (Bleichenbacher)."""

OAEP_DIGESTS = DIGEST_METHODS | {f"{NS_DS}sha1"}
"""The digest within OAEP signs nothing; SHA-1 is its default (XML Encryption 1.1, 5.5.2)."""

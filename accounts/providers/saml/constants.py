"""SAML's own names: namespaces, and the algorithms that cooper takes (all others are refused)."""

PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
DSIG11 = "http://www.w3.org/2009/xmldsig11#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PREFIXES = {
    "samlp": PROTOCOL,
    "saml": ASSERTION,
    "md": METADATA,
    "ds": DSIG,
    "ds11": DSIG11,
    "xenc": XENC,
    "xenc11": XENC11,
    "ec": EXC_C14N,
}

SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

SIGNATURES = frozenset(f"{MORE}{name}" for name in ("rsa-sha256", "rsa-sha384", "rsa-sha512", "ecdsa-sha256",
                                                    "ecdsa-sha384", "ecdsa-sha512"))  # fmt: skip
DIGESTS = frozenset({f"{XENC}sha256", f"{MORE}sha384", f"{XENC}sha512"})
ENVELOPED = f"{DSIG}enveloped-signature"
CIPHERS = frozenset(
    [f"{XENC}aes{bits}-cbc" for bits in (128, 192, 256)]
    + [f"{XENC11}aes{bits}-gcm" for bits in (128, 192, 256)]
)
KEY_CIPHERS = frozenset({f"{XENC}rsa-oaep-mgf1p", f"{XENC11}rsa-oaep"})
"""RSA 1.5 is not among them: its padding tells who asks often enough what the key is (Bleichenbacher)."""

OAEP_DIGESTS = DIGESTS | {f"{DSIG}sha1"}
"""The digest within OAEP signs nothing; SHA-1 is its default (XML Encryption 1.1, 5.5.2)."""


def qname(short: str) -> str:
    """Return `{namespace}local` for a name with one of our prefixes, as in `saml:Assertion`."""
    prefix, _, local = short.partition(":")
    return f"{{{PREFIXES[prefix]}}}{local}"

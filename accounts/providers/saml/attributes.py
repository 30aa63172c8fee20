"""Who an assertion's person is to cooper: groups by exact attribute names, a name for people, what they should know."""

from collections.abc import Iterable

from accounts.identity import Group, Identity, is_group_name
from accounts.models import SamlIdp
from accounts.providers.saml.safe_xml import XML_BLANKS
from accounts.providers.saml.validation import Assertion

GROUPS_LIMIT = 5_000
NAME_LIMIT = 128
ENTRA_GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
ENTRA_LINK = "http://schemas.microsoft.com/claims/groups.link"
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
NAMES = (
    "http://schemas.microsoft.com/identity/claims/displayname",
    "displayName",
    "urn:oid:2.16.840.1.113730.3.1.241",
    f"{CLAIMS}/name",
    "name",
    "cn",
    "urn:oid:2.5.4.3",
)
"""Attributes that hold a name for people, as Entra, Okta, OneLogin, ADFS and Keycloak send it, the best first."""

TOO_MANY = (
    "You are in more groups than Entra ID puts into a sign-in (150), so {label} sent none, and cooper can give you "
    "nothing. An administrator has to limit the group claim to groups assigned to the application (docs/saml.md)."
)
MISSING = "{label} sent no groups of yours. If you should have some, an administrator has to look at its group attribute."
CUT = f"{{label}} sent more than {GROUPS_LIMIT} groups; the rest does not count."


def identity_of(idp: SamlIdp, said: Assertion) -> Identity:
    """Return the identity of the person that an assertion speaks of; (provider, NameID) is who it is."""
    groups = frozenset(groups_of(idp, said.attributes))
    return Identity(
        str(idp.name), said.subject, name_of(said.attributes), groups, said.authenticated_at
    )


def groups_of(idp: SamlIdp, attributes: dict[str, tuple[str, ...]]) -> list[Group]:
    """Return the groups that attributes of the configured names hold, exactly as they are written."""
    values = [value for name in idp.group_attributes for value in attributes.get(name, ())]
    if idp.separator:
        values = [
            part.strip(XML_BLANKS) for value in values for part in value.split(str(idp.separator))
        ]
    fit = [value for value in dict.fromkeys(values) if is_group_name(value)]
    return [Group(str(idp.name), value) for value in fit[:GROUPS_LIMIT]]


def name_of(attributes: dict[str, tuple[str, ...]]) -> str:
    """Return a name for people, or ""; nothing is decided by it."""
    found: Iterable[str] = (value for name in NAMES for value in attributes.get(name, ()))
    return next(
        (value for value in found if 0 < len(value) <= NAME_LIMIT and value.isprintable()), ""
    )


def notice_of(idp: SamlIdp, attributes: dict[str, tuple[str, ...]]) -> str:
    """Return what the person should know of their groups, or ""."""
    if ENTRA_LINK in attributes and not attributes.get(ENTRA_GROUPS):
        return TOO_MANY.format(label=idp.label)
    if not any(attributes.get(name) for name in idp.group_attributes):
        return MISSING.format(label=idp.label)
    if sum(len(attributes.get(name, ())) for name in idp.group_attributes) > GROUPS_LIMIT:
        return CUT.format(label=idp.label)
    return ""

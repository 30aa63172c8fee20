"""Who an assertion's person is to cooper: identity, groups, a display name, a notice."""

from accounts.identity import Group, Identity
from accounts.models import SamlIdp
from accounts.providers.saml.safe_xml import XML_BLANKS
from accounts.providers.saml.validation import Assertion
from core.groups import is_group_name

Attributes = dict[str, tuple[str, ...]]
"""Values by attribute name."""

GROUPS_LIMIT = 5_000
DISPLAY_NAME_LIMIT = 128

# https://learn.microsoft.com/en-us/entra/identity/hybrid/connect/how-to-connect-fed-group-claims:
# beyond 150 groups, Entra ID leaves the claim out and sends a link to its Graph API instead
ENTRA_GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
ENTRA_GROUPS_LINK = "http://schemas.microsoft.com/claims/groups.link"

DISPLAY_NAME_ATTRIBUTES = (
    "http://schemas.microsoft.com/identity/claims/displayname",
    "displayName",
    "urn:oid:2.16.840.1.113730.3.1.241",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
    "name",
    "cn",
    "urn:oid:2.5.4.3",
)
"""Where Entra ID, Okta, OneLogin, ADFS and Keycloak send a display name, the best first."""

TOO_MANY_FOR_ENTRA = (
    "You are in more groups than Entra ID puts into a sign-in (150), so {label} sent none, and "
    "you have no access here. Ask an administrator to limit the group claim to groups assigned to "
    "the application (docs/saml.md)."
)
NO_GROUPS = (
    "{label} sent no groups of yours. If you should have some, ask an administrator to check the "
    "group attribute there."
)
TOO_MANY = f"{{label}} sent more than {GROUPS_LIMIT} groups; the others are ignored."


def build_identity(idp: SamlIdp, assertion: Assertion) -> Identity:
    """Return the identity of an assertion's person, whose key is (provider, NameID)."""
    return Identity(
        str(idp.name),
        assertion.subject,
        read_display_name(assertion.attributes),
        frozenset(read_groups(idp, assertion.attributes)),
        assertion.authenticated_at,
    )


def read_groups(idp: SamlIdp, attributes: Attributes) -> list[Group]:
    """Return the groups in the provider's group attributes, by exact name and in their order.

    Values that cannot be a group's name are skipped.
    """
    names: dict[str, None] = {}
    for value in _group_values(idp, attributes):
        if is_group_name(value):
            names[value] = None
    return [Group(str(idp.name), name) for name in list(names)[:GROUPS_LIMIT]]


def _group_values(idp: SamlIdp, attributes: Attributes) -> list[str]:
    """Return the values of all group attributes, split where the provider has a separator."""
    values: list[str] = []
    for attribute_name in idp.group_attributes:
        values.extend(attributes.get(attribute_name, ()))
    if not idp.separator:
        return values

    parts: list[str] = []
    for value in values:
        parts.extend(part.strip(XML_BLANKS) for part in value.split(str(idp.separator)))
    return parts


def read_display_name(attributes: Attributes) -> str:
    """Return a name to show, or "". No decision rests on it."""
    for attribute_name in DISPLAY_NAME_ATTRIBUTES:
        for value in attributes.get(attribute_name, ()):
            if 0 < len(value) <= DISPLAY_NAME_LIMIT and value.isprintable():
                return value
    return ""


def groups_notice(idp: SamlIdp, attributes: Attributes) -> str:
    """Return what the person should know of the groups that came, or ""."""
    if ENTRA_GROUPS_LINK in attributes and not attributes.get(ENTRA_GROUPS):
        return TOO_MANY_FOR_ENTRA.format(label=idp.label)

    count = sum(len(attributes.get(name, ())) for name in idp.group_attributes)
    if count == 0:
        return NO_GROUPS.format(label=idp.label)
    if count > GROUPS_LIMIT:
        return TOO_MANY.format(label=idp.label)
    return ""

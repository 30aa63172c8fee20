"""How groups are written: `provider:name`, several between commas. Pure: no Django, no AWS."""

import re

PROVIDER_ID = re.compile(r"[a-z][a-z0-9-]{0,31}")

GROUP_NAME_LIMIT = 512
"""Characters of a group's name at most."""

GROUP_BYTES = 1024
"""Bytes, in UTF-8, of a group with its provider that can be associated with a target.

It is the sort key of an association in DynamoDB.
"""

LOCAL_PROVIDER = "local"
"""The provider of local accounts; a group's name alone means a group of it."""


LIST_PART = re.compile(r"(?:\\[\\,]|[^,])*")
"""What stands between two commas of a list, or before the first, or behind the last one."""


def is_group_name(name: str) -> bool:
    """Return whether this can be a group's name at its provider: printable, no blanks around."""
    return 0 < len(name) <= GROUP_NAME_LIMIT and name == name.strip() and name.isprintable()


def split_group(text: str) -> tuple[str, str]:
    """Return (provider, name) of a group as written; a bare name means `local:`.

    Raise ValueError, saying what is wrong. A local group's name has no colon, so that none looks
    like another provider's group where it is written without its provider.
    """
    before_colon, colon, after_colon = text.strip().partition(":")
    if colon:
        provider = before_colon
        name = after_colon
    else:
        provider = LOCAL_PROVIDER
        name = before_colon

    if not PROVIDER_ID.fullmatch(provider):
        raise ValueError(
            f"{provider!r} is not a provider: small letters, digits and '-', as in okta:prod-admins"
        )
    if not is_group_name(name):
        raise ValueError(
            f"a group's name has 1 to {GROUP_NAME_LIMIT} printable characters, "
            "as in okta:prod-admins"
        )
    if provider == LOCAL_PROVIDER and ":" in name:
        raise ValueError(f"{name!r} is not a local group: the name of one has no colon")
    return provider, name


def split_stored_group(text: str) -> tuple[str, str]:
    """Return (provider, name) of a group as it is stored, whatever the rules for names were."""
    before_colon, colon, after_colon = text.partition(":")
    if not colon:
        return LOCAL_PROVIDER, text
    return before_colon, after_colon


def split_groups(text: str) -> list[str]:
    r"""Return the groups between commas, as they are written; blanks around them do not count.

    A comma of a name is written `\,` and a backslash may be written `\\`: the distinguished names
    of an LDAP directory have commas. Any other backslash stands for itself (`CORP\admins`).
    """
    parts = [part.strip() for part in LIST_PART.findall(text)]
    return [re.sub(r"\\([\\,])", r"\1", part) for part in parts if part]


def check_stored_group(text: str) -> None:
    """Raise ValueError for a group, with its provider, that is too long to be associated."""
    size = len(text.encode())
    if size > GROUP_BYTES:
        raise ValueError(f"{size:,} bytes in UTF-8; with its provider it can have {GROUP_BYTES:,}")

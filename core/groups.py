"""How groups are written: `provider:name`. Pure: no Django, no AWS."""

import re

PROVIDER_ID = re.compile(r"[a-z][a-z0-9-]{0,31}")

GROUP_NAME_LIMIT = 512
"""Characters of a group's name at most."""

LOCAL_PROVIDER = "local"
"""The provider of local accounts; a group's name alone means a group of it."""


def is_group_name(name: str) -> bool:
    """Return whether this can be a group's name at its provider: printable, no blanks around."""
    return 0 < len(name) <= GROUP_NAME_LIMIT and name == name.strip() and name.isprintable()


def split_group(text: str) -> tuple[str, str]:
    """Return (provider, name) of a group as written; a bare name means `local:`.

    Raise ValueError, saying what is wrong.
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
    return provider, name

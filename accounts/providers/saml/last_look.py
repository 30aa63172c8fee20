"""The last look at the identity provider of a sign-in, before the web session begins.

The person is written by then. Whoever removes the identity provider looks for its people afterwards
(`idp_registry.remove`): either the person is found there, or the removal is seen here.
"""

import hashlib
import json

from accounts.models import SamlIdp
from accounts.providers.base import SignInRefused


def require_connected(name: str, fingerprint: str) -> None:
    """Raise SignInRefused unless the identity provider is connected now.

    `fingerprint` is the one of the identity provider that signed somebody in.
    """
    # one read, of the item itself; a check in the transaction of the sign-in would let all people
    # of the identity provider wait for each other, as DynamoDB cancels transactions that meet
    idp = SamlIdp.find(name)
    if idp is None or idp.removed:
        raise SignInRefused("This way of signing in was removed.", f"removed: {name}")
    if fingerprint_of(idp) != fingerprint:
        raise SignInRefused(
            "This way of signing in was changed at this very moment. Sign in again.",
            f"changed: {name}",
        )


def fingerprint_of(idp: SamlIdp) -> str:
    """Return what tells all that a sign-in rests on: whose it is, certificates, how it is read."""
    rests_on = [
        str(idp.entity_id),
        sorted(idp.certificates),
        bool(idp.signs_response),
        list(idp.group_attributes),
        idp.separator,
    ]
    return hashlib.sha256(json.dumps(rests_on).encode()).hexdigest()

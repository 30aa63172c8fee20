"""Enrolment codes: with COOPER_ENROLMENT=code, nobody sets up a first device without one.

Another administrator makes it, or the host; it is good once, for one person.
"""

import base64
import hashlib
import re
import secrets

from accounts.models import OnceRecord
from core import audit
from core.audit import Event
from core.dynamo import Stale, after, transaction
from core.errors import Invalid
from core.typed_text import base32_of

LIFETIME = 3 * 86_400
"""Seconds in which an enrolment code can be used."""

STORED_AS = "enrolment:"
"""How the keys of stored codes begin."""

CODE_BYTES = 10
"""80 bits: 16 letters and digits."""

REFUSAL = (
    "This enrolment code is not valid for you, was used, or has expired. "
    "Ask an administrator for a new one."
)


def create(person: str) -> str:
    """Return a new enrolment code for a person; its event is on the audit log."""
    letters = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode()
    code = "-".join(re.findall("....", letters))

    with transaction() as writes:
        writes.create(OnceRecord(_storage_key(person, code), expires=after(LIFETIME)))
        writes.create(audit.event(Event.ENROLMENT_CODE_MADE, object=person))
    return code


def redeem(person: str, code: str) -> None:
    """Use up a person's enrolment code; raise Invalid."""
    stored = OnceRecord.find(_storage_key(person, code))
    # DynamoDB's TTL may remove an item days after it has expired
    if stored is None or stored.expires.timestamp() < audit.now().timestamp():
        raise Invalid(REFUSAL, "wrong enrolment code", field="enrolment_code")

    try:
        with transaction() as writes:
            writes.delete(stored)
    except Stale as error:
        raise Invalid(REFUSAL, "used enrolment code", field="enrolment_code") from error


def _storage_key(person: str, code: str) -> str:
    """Return the key of a code in the table: its hash, for the code itself is stored nowhere."""
    compact = base32_of(code)
    digest = hashlib.sha256(f"{person}\n{compact}".encode()).hexdigest()
    return f"{STORED_AS}{digest}"

"""Enrolment codes: with COOPER_ENROLMENT=code, a first device takes one from another administrator or the host."""

import base64
import hashlib
import re
import secrets

from accounts.models import OnceRecord
from core import audit
from core.audit import Event
from core.dynamo import Stale, after, transaction
from core.errors import Invalid

LIFETIME = 3 * 86_400
"""Seconds in which an enrolment code can be used."""

REFUSED = "This is not an enrolment code for you, or it was used, or it has ended. Ask an administrator for a new one."


def _key(person: str, code: str) -> str:
    """Return the key under which a code is known: the code itself is stored nowhere."""
    plain = re.sub(r"[^A-Z2-7]", "", code.upper())
    return "enrolment:" + hashlib.sha256(f"{person}\n{plain}".encode()).hexdigest()


def create(person: str) -> str:
    """Return a new enrolment code (80 bits) for a person, recorded."""
    code = "-".join(re.findall("....", base64.b32encode(secrets.token_bytes(10)).decode()))
    with transaction() as writes:
        writes.create(OnceRecord(_key(person, code), expires=after(LIFETIME)))
        writes.create(audit.event(Event.ENROLMENT_CODE_MADE, object=person))
    return code


def redeem(person: str, code: str) -> None:
    """Use a person's enrolment code up; raise Invalid."""
    found = OnceRecord.find(_key(person, code))
    if found is None or found.expires.timestamp() < audit.now().timestamp():
        raise Invalid(REFUSED, "wrong enrolment code", field="enrolment_code")
    try:
        with transaction() as writes:
            writes.delete(found)
    except Stale as error:
        raise Invalid(REFUSED, "used enrolment code", field="enrolment_code") from error

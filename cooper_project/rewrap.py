"""Moving all stored ciphertexts to another KMS key, or into tables that were restored.

KMS re-encrypts each of them: no plaintext comes here. The encryption context that a ciphertext must
have is computed from the place where it stands, and no other is tried, so that one which somebody
put there from elsewhere is reported and left. Each move is one conditional write with its event: a
run that was cut off is simply run again.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings

from accounts import totp
from accounts.providers.saml import keys as saml_keys
from brokers import stored_keys
from brokers.import_export import jobs
from core import audit, kms, secret_keys
from core.audit import Event
from core.dynamo import table_looks
from core.errors import Conflict, CooperError, NotAllowed, Unavailable
from core.kms import Ciphertext
from core.stored_ciphertexts import TABLES, StoredCiphertext
from sso_portal import registration_keys

Say = Callable[[str], None]

SOURCES: tuple[Callable[[], Iterator[StoredCiphertext]], ...] = (
    secret_keys.stored_ciphertexts,
    saml_keys.stored_ciphertexts,
    totp.stored_ciphertexts,
    stored_keys.stored_ciphertexts,
    registration_keys.stored_ciphertexts,
)
"""Everything that keeps ciphertexts for longer than some minutes."""

NOT_BOUND_HERE = "InvalidCiphertextException"
"""KMS's code for a ciphertext that has another encryption context, or is none."""

KEY_CODES = {
    "DisabledException",
    "InvalidKeyUsageException",
    "KMSInvalidStateException",
    "NotFoundException",
}
"""KMS's codes that are about a key and not about one ciphertext."""

DOES_NOT_OPEN = (
    "does not open: it was made for another place, or is damaged. It is left as it is; "
    "whatever needs it has to be set up anew"
)
CHANGED = "was changed meanwhile: run this again"


@dataclass(frozen=True)
class Left:
    """Something that could not be moved, and why."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class Rewrap:
    """One run: to the KMS key `key_arn`, from tables with `from_prefix` (these tables' own)."""

    def __init__(self, key_arn: str, say: Say, *, from_prefix: str = "") -> None:
        self._key_arn = key_arn
        self._say = say
        self._from_prefix = from_prefix or settings.COOPER_TABLE_PREFIX
        self._is_restore = self._from_prefix != settings.COOPER_TABLE_PREFIX
        # by the KMS key that ciphertexts are under: the same answer is not asked for again
        self._refusals: dict[str, str] = {}
        self.moved = 0
        self.left: list[Left] = []

    def run(self) -> None:
        """Move what is not in its place yet; raise Unavailable when AWS does not answer."""
        for stored in everything():
            if not self._is_restore and stored.ciphertext.key_arn == self._key_arn:
                continue

            reason = self._move(stored)
            if reason:
                self.left.append(Left(stored.place, reason))
                self._say(f"{stored.place}: {reason}")

    def _move(self, stored: StoredCiphertext) -> str:
        """Move one; return why it was left, or ""."""
        source_key = stored.ciphertext.key_arn
        if source_key in self._refusals:
            return self._refusals[source_key]

        try:
            moved = self._reencrypt(stored, self._from_prefix)
        except Unavailable:
            raise
        except CooperError as error:
            return self._explain(error, stored)

        try:
            stored.replace(moved, self._event(stored, moved))
        except Conflict:
            return CHANGED
        self.moved += 1
        self._say(f"{stored.place}: moved")
        return ""

    def _reencrypt(self, stored: StoredCiphertext, prefix: str) -> Ciphertext:
        source = {**stored.context, TABLES: prefix}
        return kms.reencrypt(
            stored.ciphertext, self._key_arn, source=source, destination=stored.context
        )

    def _event(self, stored: StoredCiphertext, moved: Ciphertext) -> audit.AuditEvent:
        return audit.event(
            Event.CIPHERTEXT_MOVED,
            target=stored.subject,
            object=stored.place,
            from_key=stored.ciphertext.key_arn,
            to_key=moved.key_arn,
            from_tables=self._from_prefix,
        )

    def _explain(self, error: CooperError, stored: StoredCiphertext) -> str:
        """Return why KMS refused, "" when the ciphertext is in its place already."""
        source_key = stored.ciphertext.key_arn
        if error.code == NOT_BOUND_HERE:
            return self._explain_other_place(stored)

        explained = kms.explain_error(error, source_key, "kms:ReEncryptFrom")
        reason = f"left: {explained.message}"
        if isinstance(error, NotAllowed) or error.code in KEY_CODES:
            self._refusals[source_key] = reason
        return reason

    def _explain_other_place(self, stored: StoredCiphertext) -> str:
        """Return why a ciphertext does not open, "" when an earlier run has moved it."""
        if not self._is_restore:
            return DOES_NOT_OPEN

        # this one is only looked at: nothing is put into the place
        try:
            self._reencrypt(stored, settings.COOPER_TABLE_PREFIX)
        except Unavailable:
            raise
        except CooperError:
            return DOES_NOT_OPEN
        if stored.ciphertext.key_arn != self._key_arn:
            return (
                "is in these tables already, under another KMS key: run this without -from-prefix"
            )
        return ""


def everything() -> Iterator[StoredCiphertext]:
    """Yield every ciphertext that is stored."""
    for source in SOURCES:
        yield from source()


def still_needing_others(key_arn: str) -> list[Left]:
    """Return what is stored and needs another KMS key than this one, as of now."""
    remaining = [
        Left(stored.place, f"needs {stored.ciphertext.key_arn}")
        for stored in everything()
        if stored.ciphertext.key_arn != key_arn
    ]

    for table, table_key in table_looks.kms_keys().items():
        if table_key != key_arn:
            reason = f"is encrypted with {table_key}: run cooper -setup -kms-key {key_arn}"
            remaining.append(Left(f"table {table}", reason))

    job = jobs.unfinished()
    if job is not None:
        reason = "may hold older Federation Keys: finish it or give it up, then run this again"
        remaining.append(Left(f"unfinished import {job.number}", reason))
    return remaining


def count_by_key() -> Counter[str]:
    """Return how many stored ciphertexts need each KMS key."""
    return Counter(stored.ciphertext.key_arn for stored in everything())

"""`cooper -encrypt`: turns an IAM user's key pair into Federation Keys for the admin's form.

It changes nothing but the audit log.
"""

import base64
import re
import sys
from getpass import getpass
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from brokers.federation_keys import TRANSPORT_CONTEXT, parse
from cooper_project.management import operators
from cooper_project.management.base import CooperCommand, UsageError
from core import audit, installation, kms
from core.audit import Event
from core.aws import Keys
from core.errors import CooperError, Invalid

VISIBLE_PAYLOAD = (
    "warning: the key pair stood on the command line, "
    "where other users of this machine and the shell's history see it. "
    "Leave --encrypt-payload out: cooper asks for it, or reads it from stdin."
)

LINE_LIMIT = 4096
"""Characters read from stdin."""


class Command(CooperCommand):
    """Encrypts `ACCESSKEYID|SECRET`; the base64 of the ciphertext is all that goes to stdout."""

    help = (
        "Encrypts the key pair of an IAM user with the KMS key. "
        "Prints the Federation Keys, as base64, alone on stdout."
    )
    example = (
        "cooper -encrypt --kmskey alias/cooper --region eu-west-1"
        "      (asks for ACCESSKEYID|SECRET)\n"
        "cooper -encrypt --kmskey alias/cooper < file"
        "                  (reads it from stdin)\n"
        'cooper -encrypt --encrypt-payload "AKIA...|..." --kmskey alias/cooper'
        "   (others can see it)"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--encrypt-payload", metavar="ID|SECRET", help="the key pair; better left out"
        )
        parser.add_argument(
            "--kmskey",
            "--kms-key",
            default="",
            help="id, ARN or alias of the KMS key (instead of COOPER_KMS_KEY)",
        )

    def run_command(self, **options: Any) -> None:
        keys = parse_iam_user_keys(self._read_payload(options["encrypt_payload"]))
        kms_key = options["kmskey"] or settings.COOPER_KMS_KEY or self._key_of_setup()
        encrypted = encrypt(keys, kms_key)

        self._record(keys, encrypted)
        self.stdout.write(base64.b64encode(encrypted.blob).decode())

    def _key_of_setup(self) -> str:
        """Return the key that set-up was given; raise UsageError when there is none."""
        try:
            installation.use_kms_key()
        except CooperError as error:
            message = "Which KMS key? Give --kmskey, or set COOPER_KMS_KEY (key id, ARN or alias)."
            raise UsageError(message) from error
        return str(settings.COOPER_KMS_KEY)

    def _read_payload(self, option: str | None) -> str:
        """Return the key pair from the command line (with a warning), a prompt, or stdin."""
        if option is not None:
            self.warn(VISIBLE_PAYLOAD)
            return option
        if sys.stdin.isatty():
            return getpass("ACCESSKEYID|SECRET of the IAM user (not shown): ")
        return sys.stdin.readline(LINE_LIMIT)

    def _record(self, keys: Keys, encrypted: kms.Ciphertext) -> None:
        """Write the event, or warn that it could not be written.

        Whoever runs this has the keys and may use the KMS key anyway, so that refusing would
        protect nothing.
        """
        try:
            with operators.acting():
                audit.record(
                    Event.KEYS_ENCRYPTED,
                    access_key_id=keys.access_key_id,
                    kms_key=encrypted.key_arn,
                )
        except CooperError as error:
            self.warn(f"warning: this is not on cooper's audit log: {error.message}")


def parse_iam_user_keys(payload: str) -> Keys:
    """Read a key pair as IAM makes them today: AKIA + 16, and 40 characters; raise Invalid."""
    keys = parse(payload)
    if not re.fullmatch(r"AKIA[A-Z0-9]{16}", keys.access_key_id):
        raise Invalid(
            "The access key id of an IAM user is AKIA and 16 capital letters or digits. "
            "Nothing was encrypted."
        )
    if not re.fullmatch(r"[A-Za-z0-9/+=]{40}", keys.secret_access_key):
        raise Invalid(
            "The secret of an access key has 40 characters of A-Z a-z 0-9 / + =. "
            "Nothing was encrypted."
        )
    return keys


def encrypt(keys: Keys, kms_key: str) -> kms.Ciphertext:
    """Return the keys encrypted for the way to the admin's form; raise CooperError."""
    plaintext = f"{keys.access_key_id}|{keys.secret_access_key}".encode()
    try:
        return kms.encrypt(plaintext, kms_key, TRANSPORT_CONTEXT)
    except CooperError as error:
        raise kms.explain_error(error, kms_key, "kms:Encrypt") from error

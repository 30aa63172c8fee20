"""`cooper_totp`: people's devices for one-time codes, from the host: the last way when nobody else can help."""

import argparse
import base64
import binascii
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.management.base import CommandParser

from accounts import enrolment_codes, totp
from accounts.identity import Group
from accounts.models import TotpDevice
from cooper_project.management import operators
from cooper_project.management.base import CooperCommand
from core.errors import Invalid


def person_from(text: str) -> str:
    """Return a person's key; a bare name means `local:`. Raise Invalid."""
    try:
        return str(Group.parse(text))
    except ValueError as error:
        raise Invalid(
            f"{text!r} names no person: write provider:subject, as in local:alice."
        ) from error


def code_of(otpauth: str) -> str:
    """Return the code that a device with this otpauth address shows now; raise Invalid."""
    secret = parse_qs(urlsplit(otpauth).query).get("secret", [""])[0].upper()
    try:
        seed = base64.b32decode(secret + "=" * (-len(secret) % 8))
    except binascii.Error as error:
        raise Invalid("This is no otpauth address: its secret is not base32.") from error
    if not seed or not otpauth.startswith("otpauth://totp/"):
        raise Invalid(
            "This is no otpauth address, such as otpauth://totp/cooper:local:carol?secret=..."
        )
    return totp.code_at(seed, int(time.time() // totp.STEP))


class Command(CooperCommand):
    """Resets devices, makes enrolment codes, lists who has a device, shows the code of an otpauth address."""

    help = "One-time-code devices: reset PERSON, invite PERSON (an enrolment code), list, code OTPAUTH."
    example = (
        "manage.py cooper_totp reset local:alice\n"
        "manage.py cooper_totp invite okta:alice@example.com\n"
        "manage.py cooper_totp code 'otpauth://totp/...'            (what an app with this address shows now)"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a verb and a person."""
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
        verbs.add_parser(
            "reset", help="remove a person's device; their web sessions end"
        ).add_argument("person")
        verbs.add_parser("invite", help="print an enrolment code, once").add_argument("person")
        verbs.add_parser("list", help="show who has a device")
        verbs.add_parser(
            "code", help="show the code of an otpauth address; asks nothing of AWS"
        ).add_argument("otpauth")
        for each in verbs.choices.values():
            # after the verb too; left out, it does not undo the one before it
            each.add_argument("--region", default=argparse.SUPPRESS, help="cooper's AWS region")

    def run_command(self, **options: Any) -> None:
        """Do what the verb says."""
        if options["verb"] == "code":
            self.say(code_of(options["otpauth"]))
        elif options["verb"] == "list":
            for each in sorted(TotpDevice.everything(), key=str):
                self.say(str(each))
        else:
            self._change(options)

    def _change(self, options: dict[str, Any]) -> None:
        """Reset a device or make an enrolment code, on record."""
        with operators.acting() as known:
            person = person_from(options["person"])
            if options["verb"] == "reset":
                totp.reset_device(person, by=f"{known.get('os_user', 'somebody')} on the host")
                self.say(
                    f"{person} has no device any more, and sets one up at the next operation that takes a code."
                )
            else:
                self.say(enrolment_codes.create(person))
                self.warn(
                    f"Hand this to {person}. It sets up a first device, once, within three days."
                )

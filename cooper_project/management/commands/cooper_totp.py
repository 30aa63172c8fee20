"""`cooper -totp`: people's devices for one-time codes, from the host.

The last resort when no administrator can help in the admin.
"""

import base64
import binascii
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.management.base import CommandParser

from accounts import enrolment_codes, local_accounts, people, totp
from accounts.models import TotpDevice
from brokers.grants.events import GrantScope
from cooper_project.management import operators
from cooper_project.management.base import CooperCommand
from cooper_project.management.grants_awaited import grants_awaited
from core.errors import Invalid
from core.groups import LOCAL_PROVIDER


class Command(CooperCommand):
    """Resets devices, makes enrolment codes, lists devices, shows the code of an otpauth URL."""

    help = (
        "One-time-code devices: "
        "reset PERSON, invite PERSON (an enrolment code), list, code OTPAUTH."
    )
    example = (
        "cooper -totp reset local:alice\n"
        "cooper -totp invite okta:alice@example.com\n"
        "cooper -totp code 'otpauth://totp/...'"
        "            (what an app with this URL shows now)"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

        reset = verbs.add_parser("reset", help="remove a person's device; their web sessions end")
        reset.add_argument("person")
        invite = verbs.add_parser("invite", help="print an enrolment code, once")
        invite.add_argument("person")
        verbs.add_parser("list", help="show who has a device")
        code = verbs.add_parser("code", help="show the code of an otpauth URL; does not call AWS")
        code.add_argument("otpauth")

        self.add_region_to(verbs)

    def run_command(self, **options: Any) -> None:
        match options["verb"]:
            case "code":
                self.say(current_code(options["otpauth"]))
            case "list":
                for device in sorted(TotpDevice.everything(), key=str):
                    self.say(str(device))
            case "reset":
                self._reset(options["person"])
            case "invite":
                self._invite(options["person"])

    def _reset(self, text: str) -> None:
        with operators.acting() as operator:
            person = find_person(text)
            with grants_awaited(self, GrantScope.of_people([person])):
                totp.reset_device(person, by=f"{operator.os_user} on the host")
        self.say(
            f"{person} has no device any more. "
            "They set one up at the next operation that needs a code."
        )

    def _invite(self, text: str) -> None:
        with operators.acting():
            person = find_person(text)
            self.say(enrolment_codes.create(person))
        self.warn(
            f"Give this code to {person}. It sets up a first device, once, within three days."
        )


def find_person(text: str) -> str:
    """Return the key of somebody who is there; a bare name means `local:`. Raise Invalid."""
    provider_id, subject = people.split_person(text)
    if provider_id == LOCAL_PROVIDER:
        local_accounts.get_account(subject)
    else:
        people.get_person(provider_id, subject)
    return f"{provider_id}:{subject}"


def current_code(otpauth: str) -> str:
    """Return the code that a device with this otpauth URL shows now; raise Invalid."""
    secret = parse_qs(urlsplit(otpauth).query).get("secret", [""])[0].upper()
    padding = "=" * (-len(secret) % 8)
    try:
        seed = base64.b32decode(secret + padding)
    except binascii.Error as error:
        raise Invalid("This is not an otpauth URL: its secret is not base32.") from error

    if not seed or not otpauth.startswith("otpauth://totp/"):
        raise Invalid("This is not an otpauth URL, such as otpauth://totp/cooper:carol?secret=...")
    return totp.code_at(seed, int(time.time() // totp.STEP))

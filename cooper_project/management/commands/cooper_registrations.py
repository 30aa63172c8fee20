"""`cooper -registrations`: the keys that sign what the AWS CLI and SDKs register, from the host."""

from typing import Any

from django.core.management.base import CommandParser

from cooper_project.management import operators
from cooper_project.management.base import CooperCommand
from core import installation
from sso_portal import registration_keys
from sso_portal.registration_keys import KeyInfo

ROTATED = (
    "A new registration key signs from now on; servers learn of it within a minute, without a "
    "restart."
)
NEXT = (
    "Nobody is signed out: what the key before has signed goes on until its own end, 90 days at "
    "most. There is nothing else to do; the first rotation after that deletes it."
)


class Command(CooperCommand):
    """Lists and rotates the registration keys."""

    help = "Keys that sign the registrations of the AWS CLI and of SDKs: list, rotate."
    example = (
        "cooper -registrations list\n"
        "cooper -registrations rotate               (nobody is signed out, no server restarted)"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
        verbs.add_parser("list", help="show which there are, and until when each verifies")
        verbs.add_parser("rotate", help="let a new key sign from now on")
        self.add_region_to(verbs)

    def run_command(self, **options: Any) -> None:
        if options["verb"] == "list":
            for info in registration_keys.list_stored():
                self.say(_described(info))
            return

        installation.use_kms_key()
        with operators.acting():
            dropped = registration_keys.rotate()
        self.say(ROTATED)
        if dropped:
            self.say(f"Deleted: {dropped} older, whose registrations are all over.")
        self.say(NEXT)


def _described(info: KeyInfo) -> str:
    role = "signs"
    if info.verifies_until:
        role = f"verifies until {info.verifies_until:%Y-%m-%d}"
    return f"{info.id} made {info.made_at:%Y-%m-%d %H:%M} UTC: {role}"

"""`cooper -setup`: makes the tables and all else that serving needs; starts nothing."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from cooper_project.management import operators
from cooper_project.management.base import CooperCommand
from cooper_project.setup import known_key, set_up

NEXT = """
Next:
  1. the first administrator:  manage.py cooper_user add NAME --groups admins
  2. serve:                    manage.py cooper_serve
"""


class Command(CooperCommand):
    """Set-up, as often as one likes."""

    help = "Makes cooper's tables (COOPER_TABLE_PREFIX) and secret key, or brings them up to date. Starts nothing."
    example = "manage.py cooper_setup --region eu-west-1 --kms-key alias/cooper\nmanage.py cooper_setup --rotate-secret-key"

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the KMS key and whether the secret key is to be rotated."""
        super().add_arguments(parser)
        words = "id, ARN or alias of the KMS key (else COOPER_KMS_KEY, the one of last time, or alias/cooper)"
        parser.add_argument("--kms-key", default="", help=words)
        parser.add_argument(
            "--rotate-secret-key",
            action="store_true",
            help="begin a new secret key; the last ones stay valid",
        )

    def run_command(self, **options: Any) -> None:
        """Set up, then say what to do next."""
        with operators.acting() as known:
            self.say(f"Setting cooper up in {settings.COOPER_REGION} as {known['caller']}")
            settings.COOPER_KMS_KEY = options["kms_key"] or settings.COOPER_KMS_KEY or known_key()
            changed = set_up(self.say, rotate=options["rotate_secret_key"])
        self.say(
            f"Done: {len(changed)} changes." if changed else "Done: nothing had to be changed."
        )
        if options["rotate_secret_key"]:
            self.say(
                "Restart every cooper_serve, one after another: they take up the new secret key."
            )
        self.say(NEXT)

"""`cooper -setup`: makes the tables and everything else that serving needs; starts nothing."""

from typing import Any

from django.conf import settings
from django.core.checks import run_checks
from django.core.management.base import CommandParser

from accounts.checks import STORED
from cooper_project.management import operators
from cooper_project.management.base import CooperCommand
from cooper_project.setup import known_key, set_up

NEXT_STEPS = """
Next:
  1. the first administrator:  cooper -user add NAME --groups admins
  2. serve:                    cooper
"""


class Command(CooperCommand):
    """Set-up; it can be repeated."""

    help = (
        "Makes cooper's tables (COOPER_TABLE_PREFIX) and secret key, or brings them up to date. "
        "Starts nothing."
    )
    example = (
        "cooper -setup --region eu-west-1 --kms-key alias/cooper\n"
        "cooper -setup --rotate-secret-key\n"
        "cooper -setup --finish-upgrade"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--kms-key",
            default="",
            help="id, ARN or alias of the KMS key "
            "(else COOPER_KMS_KEY, the one of last time, or alias/cooper)",
        )
        parser.add_argument(
            "--rotate-secret-key",
            action="store_true",
            help="introduce a new secret key; nobody is signed out, and no server restarted",
        )
        parser.add_argument(
            "--finish-upgrade",
            action="store_true",
            help="when every server runs this cooper: raise the version of the tables, and drop "
            "what the version before needed; it does not start any more then",
        )
        parser.add_argument(
            "--restored",
            action="store_true",
            help="the tables were restored or copied in a way that AWS does not tell: stop all "
            "grants, and take away what must not come back",
        )
        parser.add_argument(
            "--make-missing",
            action="store_true",
            help="make tables anew, empty, that the others were restored without",
        )

    def run_command(self, **options: Any) -> None:
        with operators.acting() as operator:
            self.say(f"Setting cooper up in {settings.COOPER_REGION} as {operator.caller}")
            settings.COOPER_KMS_KEY = options["kms_key"] or settings.COOPER_KMS_KEY or known_key()
            changed = set_up(
                self.say,
                rotate=options["rotate_secret_key"],
                finish_upgrade=options["finish_upgrade"],
                is_restored=options["restored"],
                make_missing=options["make_missing"],
            )

        for message in run_checks(tags=[STORED], databases=["default"]):
            self.warn(f"warning: {message.msg} {message.hint or ''}".rstrip())
        if changed:
            self.say(f"Done: {len(changed)} changes.")
        else:
            self.say("Done: nothing had to be changed.")
        self.say(NEXT_STEPS)

"""`cooper -rewrap`: moves all stored ciphertexts to another KMS key, or into restored tables."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from cooper_project import rewrap
from cooper_project.management import operators
from cooper_project.management.base import CooperCommand
from core import installation, kms
from core.errors import CooperError

DONE = "Nothing that is stored needs another KMS key."

BACKUPS = (
    "Keep an older one for as long as you may restore a backup that was made under it "
    "(35 days with point-in-time recovery); enrolments that people have begun need it for ten more "
    "minutes."
)


class Command(CooperCommand):
    """Moves what can be moved, and says what still needs another key."""

    help = (
        "Moves every stored ciphertext to the KMS key, or out of the tables of another prefix, "
        "within KMS: no plaintext comes here. Says what still needs another key. "
        "Run it again when it was cut off."
    )
    example = (
        "cooper -rewrap --dry-run                       (what needs which KMS key)\n"
        "cooper -rewrap --kms-key alias/cooper-2027     (to another KMS key)\n"
        "cooper -rewrap --from-prefix cooper-           (in tables that were restored)"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--kms-key",
            default="",
            help="id, ARN or alias of the KMS key to move to (else COOPER_KMS_KEY, or set-up's)",
        )
        parser.add_argument(
            "--from-prefix",
            default="",
            help="the prefix of the tables that these ones were restored from",
        )
        parser.add_argument("--dry-run", action="store_true", help="show, and change nothing")

    def run_command(self, **options: Any) -> None:
        settings.COOPER_KMS_KEY = options["kms_key"] or settings.COOPER_KMS_KEY
        installation.use_kms_key()
        key_arn = kms.usable_key_arn(settings.COOPER_KMS_KEY)
        self.say(f"KMS key {key_arn}")

        if options["dry_run"]:
            self._report(key_arn)
            return
        left = self._move(key_arn, options["from_prefix"])
        remaining = self._report(key_arn)
        if left or remaining:
            raise CooperError("Not everything is where it has to be, see above.")
        self.say(f"{DONE} {BACKUPS}")

    def _move(self, key_arn: str, from_prefix: str) -> list[rewrap.Left]:
        with operators.acting():
            run = rewrap.Rewrap(key_arn, self.say, from_prefix=from_prefix)
            run.run()
        self.say(f"{run.moved} moved, {len(run.left)} left.")
        return run.left

    def _report(self, key_arn: str) -> list[rewrap.Left]:
        """Say what needs which key; return what needs another one than `key_arn`."""
        for key, number in sorted(rewrap.count_by_key().items()):
            self.say(f"{number} ciphertexts need {key}")

        remaining = rewrap.still_needing_others(key_arn)
        for entry in remaining:
            self.say(f"  {entry}")
        return remaining

"""`cooper -export`: AWS accounts' names, targets and associations as a file.

The export is on the audit log before anything is written.
"""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from brokers.import_export import export
from cooper_project.management import operators
from cooper_project.management.base import CooperCommand
from core import installation
from core.errors import CooperError

WITH_KEYS = (
    "warning: this file contains the ciphertexts of Federation Keys. They open only with this "
    "KMS key, for the same target and the same table prefix. Whoever may use the key for "
    "kms:Decrypt can open them: protect the file accordingly."
)


class Command(CooperCommand):
    """Writes the file to stdout, or to a file that only its owner may read."""

    help = (
        "Exports targets, associations and AWS accounts' names as YAML. "
        "No secret is in it, unless you ask for it."
    )
    example = (
        "cooper -export > targets.yaml\n"
        "cooper -export targets.yaml\n"
        "cooper -export --with-federation-keys move.yaml     (ciphertexts too, for a move)"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "file", nargs="?", default="-", help="where to write; - or nothing: stdout"
        )
        parser.add_argument(
            "--with-federation-keys",
            action="store_true",
            help="with the ciphertexts of Federation Keys",
        )

    def run_command(self, **options: Any) -> None:
        installation.refuse_other_schema()
        if options["with_federation_keys"]:
            self.warn(WITH_KEYS)

        with operators.acting():
            text, counts = export.export(with_keys=options["with_federation_keys"])

        if options["file"] == "-":
            self.stdout.write(text, ending="")
            return

        _write(Path(options["file"]), text)
        self.say(
            f"{counts['targets']:,} targets and {counts['associations']:,} associations "
            f"are in {options['file']}."
        )
        self.say("Next: cooper -import --dry-run FILE shows what importing it somewhere would do.")


def _write(path: Path, text: str) -> None:
    """Write a file, whole or not at all, for its owner alone; raise CooperError."""
    # beside it, so that it can be moved into place
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.touch(mode=0o600, exist_ok=False)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise CooperError(f"{path} could not be written: {error.strerror}.") from error

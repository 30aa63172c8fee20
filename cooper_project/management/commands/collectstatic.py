"""`manage.py collectstatic`: Django's, and notes what it collected.

So a server that may not write need not collect it again.
"""

from typing import Any

from django.contrib.staticfiles.management.commands import collectstatic

from cooper_project.serving import static


class Command(collectstatic.Command):
    """Collects static files as Django does."""

    def handle(self, **options: Any) -> str | None:
        summary: str | None = super().handle(**options)
        if not options["dry_run"]:
            static.note_collected()
        return summary

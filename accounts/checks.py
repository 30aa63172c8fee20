"""What is stored of people and makes no sense: system checks that read DynamoDB.

`manage.py check --database default` runs them, and so does set-up.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.core.checks import CheckMessage, register
from django.core.checks import Warning as CheckWarning

from accounts import person_names

STORED = "cooper-stored"
"""The tag of the checks that look into DynamoDB."""

Check = Callable[[], Iterator[CheckMessage]]


def register_all() -> None:
    """Register the checks; called once, when Django is ready."""
    register_stored(check_names)


def register_stored(check: Check) -> None:
    """Let Django run a check of what is stored, where it is told to look into the database."""

    def run(
        app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
    ) -> list[CheckMessage]:
        if not databases:
            return []
        return list(check())

    run.__name__ = check.__name__
    register(STORED)(run)


def check_names() -> Iterator[CheckMessage]:
    """Warn of people whose names differ in case or Unicode form alone."""
    for look_alikes in person_names.look_alikes():
        yield CheckWarning(
            f"These names differ in case or form alone: {', '.join(look_alikes)}.",
            hint="If they are one person, disable all but one: cooper -user disable PERSON",
            id="cooper.W003",
        )

"""Django's hooks for the engine; Django loads `<ENGINE>.base`."""

from typing import Any, NoReturn

from django.db.backends.dummy import base as dummy


class SqlForbidden(RuntimeError):
    """Somebody tried a SQL query; all of cooper's state is in DynamoDB."""


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    """Raise SqlForbidden."""
    raise SqlForbidden("cooper has no SQL database; use a Document")


class Operations(dummy.DatabaseOperations):
    """Refuses to write SQL."""

    quote_name = _refuse


class DatabaseWrapper(dummy.DatabaseWrapper):
    """Lets Django's transaction.atomic pass and refuses everything that would be a query."""

    vendor = "none"
    ops_class = Operations

    def _ignore(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing."""

    def get_autocommit(self) -> bool:
        """Return yes: nothing is ever open."""
        return True

    connect = ensure_connection = cursor = _cursor = _refuse
    commit = rollback = savepoint = savepoint_commit = savepoint_rollback = _ignore
    close = close_if_unusable_or_obsolete = set_autocommit = _ignore

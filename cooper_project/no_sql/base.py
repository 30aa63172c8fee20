"""Django's hooks for the engine; Django loads `<ENGINE>.base`."""

from typing import Any, NoReturn

from django.db.backends.dummy import base as dummy


class SqlForbidden(RuntimeError):
    """Somebody tried a SQL query; all of cooper's state is in DynamoDB."""


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    """Raise SqlForbidden."""
    raise SqlForbidden("cooper has no SQL database; use a Document")


class DatabaseWrapper(dummy.DatabaseWrapper):
    """Lets Django's transaction.atomic pass and refuses everything that would be a query."""

    vendor = "none"
    autocommit = True
    in_atomic_block = True

    def _ignore(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing."""

    connect = ensure_connection = cursor = execute_wrapper = _cursor = _refuse
    savepoint = savepoint_commit = savepoint_rollback = _ignore
    close = close_if_unusable_or_obsolete = _ignore
    set_autocommit = validate_no_atomic_block = _ignore

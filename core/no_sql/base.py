"""The engine's entry point: Django loads `<ENGINE>.base`."""

from typing import Any, NoReturn

from django.db.backends.dummy import base as dummy


class SqlForbidden(RuntimeError):
    """Somebody tried a SQL query; all of cooper's state is in DynamoDB."""


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    raise SqlForbidden("cooper has no SQL database; use a Document")


class Operations(dummy.DatabaseOperations):
    """Refuses to write SQL."""

    quote_name = _refuse


class DatabaseWrapper(dummy.DatabaseWrapper):
    """Lets Django's transaction.atomic pass and refuses everything that would be a query."""

    vendor = "none"
    ops_class = Operations

    def get_autocommit(self) -> bool:
        # nothing is ever open
        return True

    def _ignore(self, *args: Any, **kwargs: Any) -> None: ...

    connect = _refuse
    ensure_connection = _refuse
    cursor = _refuse
    _cursor = _refuse

    commit = _ignore
    rollback = _ignore
    savepoint = _ignore
    savepoint_commit = _ignore
    savepoint_rollback = _ignore
    close = _ignore
    close_if_unusable_or_obsolete = _ignore
    set_autocommit = _ignore

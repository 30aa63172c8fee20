"""All that is logged at DEBUG, wherever cooper does not forbid it."""

import logging
import logging.config
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings


@contextmanager
def everything_logged() -> Iterator[list[str]]:
    """Yield the lines that are logged within the block, as they come."""
    lines: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    logging.config.dictConfig({**settings.LOGGING, "root": {"handlers": [], "level": "DEBUG"}})
    keeper = Keeper(logging.DEBUG)
    logging.getLogger().addHandler(keeper)
    try:
        yield lines
    finally:
        logging.getLogger().removeHandler(keeper)
        logging.config.dictConfig(settings.LOGGING)

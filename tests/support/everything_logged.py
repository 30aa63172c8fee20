"""All that is logged at DEBUG, wherever cooper does not forbid it."""

import logging
import logging.config
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from core.django_log import DjangoJsonFormatter, DjangoLineFormatter
from core.log_lines import LINE


@contextmanager
def everything_logged() -> Iterator[list[str]]:
    """Yield the lines that are logged within the block, as they come."""
    lines: list[str] = []
    formatters = [DjangoLineFormatter(LINE), DjangoJsonFormatter()]

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            # each as it is, as text, and as JSON
            texts = [formatter.format(record) for formatter in formatters]
            lines.append("\n".join([self.format(record), *texts]))

    logging.config.dictConfig({**settings.LOGGING, "root": {"handlers": [], "level": "DEBUG"}})
    keeper = Keeper(logging.DEBUG)
    logging.getLogger().addHandler(keeper)
    try:
        yield lines
    finally:
        logging.getLogger().removeHandler(keeper)
        logging.config.dictConfig(settings.LOGGING)

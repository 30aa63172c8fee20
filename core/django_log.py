"""What Django says of requests, without a traceback for what is an answer (403, 404, 503)."""

import copy
import logging

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, UnreadablePostError

from core.errors import CooperError
from core.log_lines import JsonLineFormatter, LineFormatter

ANSWERS = (
    BadRequest,
    CooperError,
    Http404,
    PermissionDenied,
    SuspiciousOperation,
    UnreadablePostError,
)
"""Exceptions that are answers to a request; Django logs them with a traceback."""


class DjangoLineFormatter(LineFormatter):
    """The formatter of every handler, where the log is text."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a log record."""
        return super().format(_without_answers_traceback(record))


class DjangoJsonFormatter(JsonLineFormatter):
    """The formatter of every handler, where the log is JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a log record."""
        return super().format(_without_answers_traceback(record))


def _without_answers_traceback(record: logging.LogRecord) -> logging.LogRecord:
    if not _is_answer(record):
        return record

    # others may want it as it is
    record = copy.copy(record)
    record.exc_info = None
    record.exc_text = None
    return record


def _is_answer(record: logging.LogRecord) -> bool:
    """Return whether Django tells of an exception that is an answer."""
    if not record.exc_info or not record.name.startswith("django."):
        return False
    return isinstance(record.exc_info[1], ANSWERS)

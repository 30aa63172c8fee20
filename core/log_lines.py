"""How log records are written: one line each, whatever strangers put into them.

A line break in a field of a form would otherwise begin a forged line of the log, and an escape
sequence would do something to the terminal that shows it (CWE-117, CWE-150). Without Django:
gunicorn's main process writes so too, and may not import it.
"""

import logging
import os
import re
import sys
import unicodedata
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from core import __version__, request_ids

LINE = "%(asctime)s %(levelname)s %(name)s %(message)s"

FORMAT_VARIABLE = "COOPER_LOG_FORMAT"

FACTS = ("method", "path", "status", "milliseconds")
"""What a record may have beside its message, in keys of its own (`core.access_log`)."""

INDENT = "    "
"""What lines of a traceback begin with, so that none looks like a record."""

HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories of what is not shown as itself.

Control, format (such as direction marks), surrogate, private, unassigned, line and paragraph
separators.
"""


TOKEN = re.compile(r"(cooper_(?:access|refresh|code|device)_)[A-Za-z0-9_-]+", re.ASCII)
"""A token of a command line. Servers log what they cannot read of a request, its headers too."""


def visible(text: str) -> str:
    """Return the text with an escape, as Python writes it, for what is not shown as itself."""
    if text.isprintable():
        return text
    return "".join(_visible_character(character) for character in text)


def _visible_character(character: str) -> str:
    if unicodedata.category(character) not in HARMFUL:
        return character
    return character.encode("unicode_escape").decode("ascii")


class LineFormatter(logging.Formatter):
    """Writes a record as one line; a traceback follows it in lines that are indented."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a log record."""
        first_line, *others = super().format(record).split("\n")
        indented = [INDENT + visible(line) for line in others]
        text = "\n".join([first_line, *indented])
        return TOKEN.sub(r"\1***", text)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line without what follows it."""
        line = f"{super().formatMessage(record)} [cooper {__version__}{_request_words()}]"
        return visible(line)


def _request_words() -> str:
    request_id = request_ids.current()
    if not request_id:
        return ""
    return f", request {request_id}"


class JsonLineFormatter(JsonFormatter):
    """Writes a record as one JSON object in one line, in ASCII: whatever is odd is escaped.

    Whoever acts is not among its keys: the audit log tells that, to those who may read it, by the
    request's id.
    """

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Put all keys of the line into `log_data`; others than these there are never."""
        moment = datetime.fromtimestamp(record.created, UTC)
        log_data["timestamp"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        log_data["message"] = record.message

        request_id = request_ids.current()
        if request_id:
            log_data["request_id"] = request_id
        for name in FACTS:
            if name in record.__dict__:
                log_data[name] = record.__dict__[name]
        if "exc_info" in message_dict:
            log_data["exception"] = message_dict["exc_info"]
        log_data["version"] = __version__

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a log record."""
        return TOKEN.sub(r"\1***", super().format(record))


def chosen_format() -> str:
    """Return how a server writes its log: `text` on a terminal, else `json`, unless it is set."""
    setting = os.environ.get(FORMAT_VARIABLE, "").strip()
    if setting:
        return setting
    if sys.stderr.isatty():
        return "text"
    return "json"


def formatter() -> logging.Formatter:
    """Return the formatter for what runs beside Django: gunicorn, the metrics page."""
    if chosen_format() == "json":
        return JsonLineFormatter()
    return LineFormatter(LINE)

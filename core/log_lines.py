"""How log records are written: one line each, whatever strangers put into them.

A line break in a field of a form would otherwise begin a forged line of the log, and an escape
sequence would do something to the terminal that shows it (CWE-117, CWE-150). Without Django:
gunicorn's main process writes so too, and may not import it.
"""

import logging
import re
import unicodedata

LINE = "%(asctime)s %(levelname)s %(name)s %(message)s"

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
        return visible(super().formatMessage(record))

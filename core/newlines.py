"""Line endings, the same everywhere. Pure: no Django, no AWS."""

import re

_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]*")
"""No control characters (Unicode's Cc), no separators of lines, nothing that turns their order."""


def is_one_line(text: str) -> bool:
    """Return whether a text is one line that shows as it is stored."""
    return bool(_ONE_LINE.fullmatch(text))


def plain_newlines(text: str) -> str:
    """Return a text whose lines end in LF alone.

    Forms arrive with CRLF, whatever was typed and counted in the browser.
    https://html.spec.whatwg.org/multipage/form-control-infrastructure.html (constructing the entry
    list); https://html.spec.whatwg.org/multipage/form-elements.html (a textarea's API value)
    """
    return text.replace("\r\n", "\n").replace("\r", "\n")

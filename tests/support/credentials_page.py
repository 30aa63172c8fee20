"""What a person copies from a page of credentials."""

import re
from html import unescape


def copied_text(page: str, format_id: str) -> str:
    """Return the text of a format, as its page copies it: hidden secrets included."""
    match = re.search(rf'data-copied="f-{format_id}">(.*?)</code>', page, re.DOTALL)
    assert match, f"no text for {format_id}"
    return unescape(re.sub(r"<[^>]+>", "", match[1]))

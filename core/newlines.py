"""Line endings, the same everywhere. Pure: no Django, no AWS."""


def plain_newlines(text: str) -> str:
    """Return a text whose lines end in LF alone.

    Forms arrive with CRLF, whatever was typed and counted in the browser.
    https://html.spec.whatwg.org/multipage/form-control-infrastructure.html (constructing the entry
    list); https://html.spec.whatwg.org/multipage/form-elements.html (a textarea's API value)
    """
    return text.replace("\r\n", "\n").replace("\r", "\n")

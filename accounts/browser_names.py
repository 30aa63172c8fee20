"""A browser in words that its owner knows it by. Pure; nothing is decided by it."""

from collections.abc import Sequence

# in this order: most browsers name the ones before them too
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python-", "a Python program"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser_in_words(user_agent: str) -> str:
    """Return what a `User-Agent` (RFC 9110, 10.1.5) names, as in "Firefox on Linux"."""
    browser = _name_in(user_agent, BROWSERS) or "Another browser"
    system = _name_in(user_agent, SYSTEMS)
    return f"{browser} on {system}" if system else browser


def _name_in(user_agent: str, names: Sequence[tuple[str, str]]) -> str:
    for sign, name in names:
        if sign in user_agent:
            return name
    return ""

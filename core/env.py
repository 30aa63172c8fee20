"""Typed readers of environment variables; all raise ImproperlyConfigured naming the variable."""

import os
import re
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}


def text(name: str, default: str = "", *, matching: str = "") -> str:
    """Return the text without surrounding blanks; unless empty it has to fit `matching`."""
    value = os.environ.get(name, default).strip()
    if matching and value and not re.fullmatch(matching, value):
        raise ImproperlyConfigured(f"{name} is {value!r}; it has to look like {matching}")
    return value


def secret(name: str, default: str = "") -> str:
    """Return the text or, when only `NAME_FILE` is set, the content of the file it names."""
    file = os.environ.get(f"{name}_FILE", "").strip()
    if name in os.environ or not file:
        return text(name, default)

    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{name}_FILE names {file!r}, which cannot be read: {error}"
        raise ImproperlyConfigured(message) from error


def integer(name: str, default: int, *, least: int, most: int) -> int:
    """Return a whole number within `least`..`most` (both included)."""
    value = text(name) or str(default)

    # at most 12 digits: int() of a very long text takes long
    is_number = re.fullmatch(r"-?[0-9]{1,12}", value)
    if not is_number or not least <= int(value) <= most:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; it has to be a whole number from {least} to {most}"
        )
    return int(value)


def prefix_lengths(name: str) -> tuple[int, ...]:
    """Return two lengths of network prefixes, of IPv4 and IPv6 (`/24 /56`); () when unset."""
    value = text(name)
    if not value:
        return ()

    lengths = re.fullmatch(r"/([0-9]{1,2}) +/([0-9]{1,3})", value)
    numbers = tuple(map(int, lengths.groups())) if lengths else (0, 0)
    if not 1 <= numbers[0] <= 32 or not 1 <= numbers[1] <= 128:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; it has to be two lengths of prefixes, such as `/24 /56` "
            "(IPv4, IPv6) or, for the same address, `/32 /128`"
        )
    return numbers


def flag(name: str, default: bool = False) -> bool:
    """Return yes or no (1, true, yes, on / 0, false, no, off)."""
    value = text(name, "1" if default else "0").lower()
    if value not in _TRUE | _FALSE:
        raise ImproperlyConfigured(f"{name} is {value!r}; say 1 or 0")
    return value in _TRUE


def listing(name: str, default: str = "") -> list[str]:
    """Return the parts between commas, without blanks around them and without empty ones."""
    parts = [part.strip() for part in text(name, default).split(",")]
    return [part for part in parts if part]

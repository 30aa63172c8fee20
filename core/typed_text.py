"""Text as people type and paste it, read as they mean it. Pure: no Django, no AWS.

Keyboards, phones and pages put marks for the direction of writing, odd blanks, odd dashes and
digits of other scripts into what looks the same. Source: Unicode Standard, 4.5 (general category).
"""

import re
import unicodedata
from collections.abc import Sequence

MINUS = "\u2212"
"""The minus sign: a symbol to Unicode, and a dash to people."""

ACCOUNT_ID = re.compile(r"[0-9]{4}-[0-9]{4}-[0-9]{4}")
"""The number of an AWS account in groups of four, as AWS's console shows it."""


def plain(text: str) -> str:
    """Return the text with ASCII digits, blanks and dashes, and without characters unseen.

    Letters are in one Unicode form (NFKC).
    """
    if text.isascii():
        return text
    characters = map(_plain_character, unicodedata.normalize("NFKC", text))
    # letters and accents that a mark kept apart come together
    return unicodedata.normalize("NFKC", "".join(characters))


def _plain_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Pd" or character == MINUS:
        return "-"
    if category in ("Zs", "Zl", "Zp"):
        return " "
    return character


def without_marks(text: str) -> str:
    """Return the text without characters unseen, and else as it is: for names."""
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def sentence(error: Exception) -> str:
    """Return an error's text as a sentence for people."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def digits_of(text: str) -> str:
    """Return the ASCII digits of a code, or "" when more than blanks and dashes stand between."""
    compact = re.sub(r"[\s-]", "", plain(text), flags=re.ASCII)
    return compact if re.fullmatch(r"[0-9]*", compact) else ""


def number_of(text: str) -> str:
    """Return a number as it is to be parsed: blanks within it do not count, its sign does."""
    return re.sub(r"\s", "", plain(text), flags=re.ASCII)


def base32_of(text: str) -> str:
    """Return the letters and digits of a code that is written in base32 (RFC 4648, 6)."""
    return re.sub(r"[^A-Z2-7]", "", plain(text).upper())


# -- searching -------------------------------------------------------------------------------------
def search_words(query: str) -> list[str]:
    """Return the words of a search as `contains_words` takes them."""
    return search_text(query).split()


def search_text(text: str) -> str:
    """Return the text as `rows_with_words` takes it: in one form, and without case."""
    return plain(text).casefold()


def contains_words(text: str, words: list[str]) -> bool:
    """Return whether each word is somewhere in the text, whatever its case and form.

    The number of an AWS account may be searched with dashes.
    """
    return bool(rows_with_words([search_text(text)], words))


def rows_with_words(texts: Sequence[str], words: list[str]) -> list[int]:
    """Return the places of the texts that have each word; `search_text` has prepared them before.

    Word by word over all of them, since there may be many.
    """
    rows = list(range(len(texts)))
    for word in words:
        other = _without_dashes(word)
        rows = [row for row in rows if word in texts[row] or other in texts[row]]
    return rows


def _without_dashes(word: str) -> str:
    """Return the number of an AWS account without its dashes, and any other word as it is."""
    if ACCOUNT_ID.fullmatch(word):
        return word.replace("-", "")
    return word

"""Passwords that anybody would try first at a portal to AWS of this company."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

WORDS = frozenset(
    {"access", "admin", "amazon", "aws", "cloud", "console", "cooper", "login", "password"}
    | {"portal", "root", "secret", "signin", "sso", "welcome"}
)
"""Words of what this is. Those of the public address and of the account's name come to them."""

SHORTEST = 3
"""Letters of a part of an address or a name that counts as a word."""


class ContextWordsValidator:
    """Refuses passwords that are nothing but such words, whatever stands between them.

    OWASP ASVS 5.0, 6.1.2 and 6.2.11.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError for a password of these words alone."""
        letters = "".join(filter(str.isalpha, password.casefold()))
        words = WORDS | _words_of_address() | _words_of_user(user)
        if letters and _is_made_of(letters, words):
            raise ValidationError(
                "These words are the first that somebody would try here: add others."
            )

    def get_help_text(self) -> str:
        """Say what is refused."""
        return "Your password is made of more than the words that anybody would try here first."


def _is_made_of(letters: str, words: frozenset[str]) -> bool:
    """Return whether the letters are words one after the other.

    Place by place: a regular expression could take a lifetime.
    """
    reached = {0}
    for place in range(len(letters)):
        if place in reached:
            reached |= {place + len(word) for word in words if letters.startswith(word, place)}
    return len(letters) in reached


def _words_of_address() -> set[str]:
    return _parts_of(settings.COOPER_PUBLIC_URL)


def _words_of_user(user: Any) -> set[str]:
    return _parts_of(f"{getattr(user, 'username', '')} {getattr(user, 'name', '') or ''}")


def _parts_of(text: str) -> set[str]:
    letters_and_blanks = [letter if letter.isalpha() else " " for letter in text.casefold()]
    parts = "".join(letters_and_blanks).split()
    return {part for part in parts if len(part) >= SHORTEST}

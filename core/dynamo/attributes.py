"""Attributes of documents beyond PynamoDB's own."""

from typing import Any

from pynamodb.attributes import UnicodeAttribute

from core.newlines import plain_newlines


class TextAttribute(UnicodeAttribute):
    """A text of several lines, which end in LF alone: in the table, and in what is read from it.

    Older versions stored the CRLF of forms; the same text has to compare equal all the same.
    """

    def serialize(self, value: Any) -> Any:
        return super().serialize(plain_newlines(value))

    def deserialize(self, value: Any) -> Any:
        return plain_newlines(super().deserialize(value))

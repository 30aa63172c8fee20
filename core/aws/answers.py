"""AWS's answers, read part by part: one that lacks a part is no answer.

botocore returns whatever it could parse. A 200 that was garbled, or that something between cooper
and AWS made, may lack any part of it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core.errors import Unavailable

ARN_PARTS = 6


def unreadable(service: str, what: str) -> Unavailable:
    """Return the error for an answer that cannot be read; `what` must not quote it.

    An answer may hold credentials, which belong in no log.
    """
    message = f"{service} gave an answer that cannot be read. Nothing was handed out; try again."
    return Unavailable(message, f"unreadable answer: {what}")


class Answer:
    """What AWS answered to one call. Its readers raise Unavailable for a part that is not there.

    A part is named by the path to it: `answer.text("Credentials", "AccessKeyId")`.
    """

    def __init__(self, content: object, service: str) -> None:
        """Keep what botocore parsed; `service` is the service as people know it."""
        if not isinstance(content, Mapping):
            raise unreadable(service, type(content).__name__)
        self._content = content
        self._service = service

    def __repr__(self) -> str:
        """Show the names of its parts alone: their values may be secret."""
        return f"Answer({self._service}: {sorted(self._content)})"

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, unread."""
        return dict(self._content)

    def text(self, *path: str) -> str:
        """Return a text that is not empty."""
        value = self._value(path)
        if not isinstance(value, str) or not value:
            raise self._lacks(path)
        return value

    def arn(self, *path: str) -> str:
        """Return an ARN: `arn:partition:service:region:account:resource`."""
        value = self.text(*path)
        if not value.startswith("arn:") or len(value.split(":", 5)) < ARN_PARTS:
            raise self._lacks(path)
        return value

    def binary(self, *path: str) -> bytes:
        """Return bytes, at least one."""
        value = self._value(path)
        if not isinstance(value, bytes) or not value:
            raise self._lacks(path)
        return value

    def moment(self, *path: str) -> datetime:
        """Return a moment (UTC)."""
        value = self._value(path)
        if not isinstance(value, datetime):
            raise self._lacks(path)
        if not value.tzinfo:
            raise self._lacks(path)
        return value.astimezone(UTC)

    def part(self, *path: str) -> "Answer":
        """Return a part that has parts itself."""
        return Answer(self._value(path), self._service)

    def parts(self, *path: str) -> "list[Answer]":
        """Return parts of a list, at least one, which have parts themselves."""
        values = self._value(path)
        if not isinstance(values, list) or not values:
            raise self._lacks(path)
        return [Answer(value, self._service) for value in values]

    def optional_text(self, name: str, default: str) -> str:
        """Return a text that AWS may leave out."""
        value = self._content.get(name, default)
        if not isinstance(value, str):
            raise self._lacks((name,))
        return value

    def optional_number(self, name: str) -> int | None:
        """Return a number that AWS may leave out."""
        value = self._content.get(name)
        return value if isinstance(value, int) else None

    @property
    def request_id(self) -> str:
        """AWS's own number of the call, "" when it gave none."""
        metadata = self._content.get("ResponseMetadata")
        if not isinstance(metadata, Mapping):
            return ""
        return str(metadata.get("RequestId", ""))

    def _value(self, path: tuple[str, ...]) -> Any:
        value: Any = self._content
        for name in path:
            if not isinstance(value, Mapping) or name not in value:
                raise self._lacks(path)
            value = value[name]
        return value

    def _lacks(self, path: tuple[str, ...]) -> Unavailable:
        return unreadable(self._service, f"no {'.'.join(path)}")

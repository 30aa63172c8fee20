"""The error that every service here answers with."""

from http import HTTPStatus
from typing import Any


class AwsError(Exception):
    """An error in AWS's own code and words, with its HTTP status.

    `fields` are further fields of a JSON response, such as CancellationReasons.
    """

    def __init__(
        self, code: str, message: str, status: int = HTTPStatus.BAD_REQUEST, **fields: Any
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = int(status)
        self.fields = fields

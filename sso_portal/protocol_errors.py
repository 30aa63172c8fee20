"""The protocol's errors: a name, a status, and a text that the tools print.

Sources: the API references of IAM Identity Center OIDC and of the IAM Identity Center portal,
https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html#API_CreateToken_Errors
https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html#API_GetRoleCredentials_Errors
"""

from enum import StrEnum
from http import HTTPStatus


class OidcError(StrEnum):
    """Errors of `sso-oidc`, as OAuth calls them (RFC 6749 5.2, RFC 8628 3.5)."""

    AUTHORIZATION_PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - an error's name
    ACCESS_DENIED = "access_denied"
    INVALID_GRANT = "invalid_grant"
    INVALID_CLIENT = "invalid_client"
    INVALID_REQUEST = "invalid_request"
    INVALID_SCOPE = "invalid_scope"
    INVALID_CLIENT_METADATA = "invalid_client_metadata"
    INVALID_REDIRECT_URI = "invalid_redirect_uri"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    SERVER_ERROR = "server_error"

    @property
    def exception_name(self) -> str:
        """The name by which AWS's clients know it, such as `SlowDownException`."""
        if self is OidcError.SERVER_ERROR:
            return "InternalServerException"
        words = [word[0].upper() + word[1:] for word in self.value.split("_")]
        return "".join(words) + "Exception"

    @property
    def status(self) -> HTTPStatus:
        if self is OidcError.SERVER_ERROR:
            return HTTPStatus.INTERNAL_SERVER_ERROR
        if self is OidcError.INVALID_CLIENT:
            return HTTPStatus.UNAUTHORIZED
        return HTTPStatus.BAD_REQUEST


class PortalError(StrEnum):
    """Errors of `sso`. `ForbiddenException` is none of AWS's model; its clients show its text."""

    INVALID_REQUEST = "InvalidRequestException"
    UNAUTHORIZED = "UnauthorizedException"
    FORBIDDEN = "ForbiddenException"
    TOO_MANY_REQUESTS = "TooManyRequestsException"
    UNAVAILABLE = "ServiceUnavailableException"
    INTERNAL = "InternalServerException"

    @property
    def status(self) -> HTTPStatus:
        return _PORTAL_STATUSES[self]


_PORTAL_STATUSES = {
    PortalError.INVALID_REQUEST: HTTPStatus.BAD_REQUEST,
    PortalError.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    PortalError.FORBIDDEN: HTTPStatus.FORBIDDEN,
    PortalError.TOO_MANY_REQUESTS: HTTPStatus.TOO_MANY_REQUESTS,
    PortalError.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    PortalError.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}


class OidcRefusal(Exception):
    """What `sso-oidc` answers instead of what was asked for."""

    def __init__(self, error: OidcError, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


class PortalRefusal(Exception):
    """What `sso` answers instead of what was asked for."""

    def __init__(self, error: PortalError, message: str, retry_after: int = 0) -> None:
        """Keep the message, and after how many seconds to try again; 0: nobody knows."""
        super().__init__(message)
        self.error = error
        self.message = message
        self.retry_after = retry_after

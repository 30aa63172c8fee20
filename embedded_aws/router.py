"""The way in: requests from elsewhere are refused, all others go to their service."""

import json
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

from embedded_aws import cloudtrail, events, kms, s3, signatures, signin, sts
from embedded_aws.backends import call_moto
from embedded_aws.calls import Call, WsgiApp, read_call
from embedded_aws.credential_store import PrincipalType
from embedded_aws.dynamodb import DynamoDb
from embedded_aws.errors import AwsError
from embedded_aws.principals import Principal, authenticate
from embedded_aws.responses import Response, error_response, text_response
from embedded_aws.state import AwsState

IDP_PATH = "/example-idp/"

_LOOPBACK_HOST = re.compile(
    # buckets have names of their own below localhost, which browsers look for on loopback alone
    r"(?:127\.0\.0\.1|(?:[a-z0-9.-]+\.)?localhost|\[::1\]):(?P<port>[0-9]{1,5})",
    re.IGNORECASE,
)


class Router:
    """The services as one WSGI application; `idp` is an identity provider beside them, or None."""

    idp: Callable[[Call], Response] | None = None

    def __init__(self, state: AwsState, region: str) -> None:
        self._state = state
        self._region = region
        self._dynamodb = DynamoDb(state)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        """Answer a request."""
        return self._respond(environ).send(start_response)

    def _respond(self, environ: WSGIEnvironment) -> Response:
        service = ""
        try:
            call = read_call(environ)
            service = call.service
            return self._route(call)
        except AwsError as error:
            return error_response(service, error)

    def _route(self, call: Call) -> Response:
        if call.path == signin.PATH:
            return signin.handle(call, self._state)
        if self.idp is not None and call.path.startswith(IDP_PATH):
            return self.idp(call)
        if call.path == cloudtrail.PATH and not call.service:
            return self._tell_sessions()
        if call.path != "/" and call.service != "s3":
            return text_response(HTTPStatus.NOT_FOUND, "There is nothing here.")
        if not call.service:
            return text_response(
                HTTPStatus.NOT_FOUND,
                "This is an embedded AWS: DynamoDB, EventBridge, IAM, KMS, S3 and STS.",
            )

        caller = authenticate(call, self._state.credential_store)
        return self._serve(call, caller)

    def _tell_sessions(self) -> Response:
        content = cloudtrail.records(self._state.credential_store, self._region)
        return Response(200, json.dumps(content, indent=1).encode(), "application/json")

    def _serve(self, call: Call, caller: Principal) -> Response:
        if call.service == "dynamodb":
            return self._dynamodb.handle(call, caller)
        if call.service == "kms":
            return kms.handle(call, caller, self._state)
        if call.service == "s3":
            return s3.handle(call, caller, self._state)
        if call.service == "events":
            return events.handle(call, caller, self._state)

        with self._state.lock:
            if call.service == "sts":
                return sts.handle(call, caller, self._state)
            if call.service == "iam":
                return self._serve_iam(call, caller)

        raise AwsError("InvalidAction", f"The embedded AWS has no service {call.service}.")

    def _serve_iam(self, call: Call, caller: Principal) -> Response:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html:
        # IAM takes no session credentials of IAM users (without MFA) and federated users
        if caller.kind in {PrincipalType.FEDERATED_USER, PrincipalType.USER_SESSION}:
            raise signatures.credentials_error(call.service, "unknown")

        self._state.changed.set()
        return call_moto(call, caller)


def loopback_only(app: WsgiApp) -> WsgiApp:
    """Refuse requests whose Host header names another place.

    Else a web page could reach the embedded AWS by a host name of its own that leads to loopback
    (DNS rebinding).
    """

    def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        match = _LOOPBACK_HOST.fullmatch(str(environ.get("HTTP_HOST", "")))
        if match and match["port"] == str(environ.get("SERVER_PORT")):
            return app(environ, start_response)

        response = text_response(HTTPStatus.FORBIDDEN, "This address is for this machine alone.")
        return response.send(start_response)

    return guarded

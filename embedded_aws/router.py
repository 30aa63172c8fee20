"""The way in: what is not for this machine's embedded AWS is refused, everything else goes to its service."""

import re
from collections.abc import Callable
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

from embedded_aws import backends, kms, principals, signatures, signin, sts
from embedded_aws.credential_store import Kind
from embedded_aws.dynamodb import DynamoDb
from embedded_aws.principals import Principal
from embedded_aws.protocol import Answer, AwsError, Call, Wsgi, plain, read, refusal
from embedded_aws.state import AwsState

IDP = "/example-idp/"
_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})", re.IGNORECASE)


class Router:
    """The services as one WSGI application."""

    idp: Callable[[Call], Answer] | None = None
    """The demo's identity provider, at /example-idp/."""

    def __init__(self, world: AwsState) -> None:
        """Serve one AWS."""
        self._world = world
        self._dynamodb = DynamoDb(world)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        """Answer a request."""
        return self._answer(environ).send(start_response)

    def _answer(self, environ: WSGIEnvironment) -> Answer:
        """Return the answer, errors included."""
        service = ""
        try:
            call = read(environ)
            service = call.service
            return self._route(call)
        except AwsError as error:
            return refusal(service, error)

    def _route(self, call: Call) -> Answer:
        """Return the answer of the sign-in stand-in or of a service; raise AwsError."""
        if call.path == signin.PATH:
            return signin.answer(call, self._world)
        if self.idp is not None and call.path.startswith(IDP):
            return self.idp(call)
        if call.path != "/":
            return plain(HTTPStatus.NOT_FOUND, "There is nothing here.")
        if not call.service:
            return plain(
                HTTPStatus.NOT_FOUND,
                "This is cooper's embedded AWS: DynamoDB, IAM, KMS and STS, for trying out.",
            )
        caller = principals.authenticate(call, self._world.ledger)
        return self._serve(call, caller)

    def _serve(self, call: Call, caller: Principal) -> Answer:
        """Return the service's answer; raise AwsError."""
        if call.service == "dynamodb":
            return self._dynamodb.answer(call, caller)
        if call.service == "kms":
            return kms.answer(call, caller, self._world)
        with self._world.lock:
            if call.service == "sts":
                return sts.answer(call, caller, self._world)
            if call.service == "iam":
                return self._iam(call, caller)
        raise principals.refuse_unknown_service(call.service)

    def _iam(self, call: Call, caller: Principal) -> Answer:
        """Return IAM's answer; it takes no session credentials of IAM users and federated users."""
        if caller.kind in {Kind.FEDERATED_USER, Kind.USER_SESSION}:
            raise signatures.refused(call.service, "unknown")
        self._world.changed.set()
        return backends.ask(call, caller)


def loopback_only(app: Wsgi) -> Wsgi:
    """Refuse requests whose Host header names another place: a web page may not reach the embedded AWS by a trick."""

    def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> object:
        found = _HOST.fullmatch(str(environ.get("HTTP_HOST", "")))
        if not found or found[2] != str(environ.get("SERVER_PORT")):
            return plain(HTTPStatus.FORBIDDEN, "This address is for this machine alone.").send(
                start_response
            )
        return app(environ, start_response)

    return guarded  # type: ignore[return-value]

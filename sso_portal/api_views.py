"""A small JSON API with the tokens of command lines, described by `/api/v1/openapi.json`.

`Authorization: Bearer <access token>` says who asks (RFC 6750, 2.1); no cookie does. Every error is
a JSON object with `error`, a word for programs, and `message`, a sentence for people.
"""

import json
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from brokers.catalogue_rows import CatalogueTarget
from brokers.choices import ONE_HOUR
from brokers.errors import PermitNeeded
from brokers.grants import longest_seconds
from core import audit
from core.client_kinds import ClientKind, ClientProgram
from core.error_pages import name_request
from core.errors import CooperError
from core.requests import CooperRequest
from sso_portal import aws_config, offers, permitting
from sso_portal.offers import Caller
from sso_portal.set_up_views import portal_of, profiles_of
from sso_portal.wire import answer, never_kept, read_json

OPENAPI = Path(__file__).with_name("openapi.json")

_WORDS: dict[int, str] = {
    HTTPStatus.FORBIDDEN: "refused",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.CONFLICT: "changed_meanwhile",
    HTTPStatus.TOO_MANY_REQUESTS: "too_many_requests",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}

View = Callable[..., HttpResponse]


class ApiRefusal(Exception):
    """What the API answers instead of what was asked for."""

    def __init__(self, status: int, error: str, message: str, retry_after: int = 0) -> None:
        """Keep all, and after how many seconds to try again; 0: nobody knows."""
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message
        self.retry_after = retry_after


def api_operation(method: str) -> Callable[[View], View]:
    """Let a view be an operation for whoever has a token, by one method; errors are JSON."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def operation(request: CooperRequest, *arguments: Any, **parts: Any) -> HttpResponse:
            def work() -> HttpResponse:
                caller = _caller(request)
                with audit.acting(person=caller.identity.person):
                    return view(request, caller, *arguments, **parts)

            return answered(request, method, work)

        return operation

    return decorate


def answered(request: CooperRequest, method: str, work: Callable[[], HttpResponse]) -> HttpResponse:
    """Do the work where the method is the right one; return its answer, an error's as JSON."""
    if request.method != method:
        return _wrong_method(method)
    try:
        return work()
    except ApiRefusal as refusal:
        return error_answer(refusal)
    except ValueError as error:
        return error_answer(ApiRefusal(400, "invalid_request", str(error)))
    except PermitNeeded as error:
        return _permit_needed(error)
    except CooperError as error:
        name_request(request, error)
        return error_answer(_refusal_for(error))


def bearer_token(request: CooperRequest) -> str:
    """Return the token that a request carries, "" for none (RFC 6750, 2.1)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _wrong_method(method: str) -> HttpResponse:
    response = error_answer(ApiRefusal(405, "method_not_allowed", f"Use {method}."))
    response["Allow"] = method
    return response


def _caller(request: CooperRequest) -> Caller:
    token = bearer_token(request)
    caller = offers.caller_with(token, request.client_address) if token else None
    if caller is None:
        raise ApiRefusal(401, "invalid_token", "This session is over. Run: aws sso login")
    return caller


def _refusal_for(error: CooperError) -> ApiRefusal:
    return ApiRefusal(error.status, word_for(error.status), error.message, error.retry_after)


def word_for(status: int) -> str:
    """Return the word for programs that goes with the status of an error."""
    default = "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request"
    return _WORDS.get(status, default)


def _permit_needed(error: PermitNeeded) -> HttpResponse:
    refusal = ApiRefusal(error.status, "permit_needed", error.message)
    return error_answer(refusal, permitUrl=error.link)


def error_answer(refusal: ApiRefusal, **more: str) -> HttpResponse:
    """Return a refusal as the API gives it."""
    content = {"error": refusal.error, "message": refusal.message, **more}
    response = JsonResponse(content, status=refusal.status)
    if refusal.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="cooper"'
    if refusal.retry_after:
        response["Retry-After"] = str(refusal.retry_after)
    return never_kept(response)


# -- operations ------------------------------------------------------------------------------------
@api_operation("GET")
def targets(request: CooperRequest, caller: Caller) -> HttpResponse:
    """Return what the caller may become by a command line."""
    open_targets = list(offers.targets_of(caller))
    names = offers.account_names()
    rows = [_row(target, names) for target in open_targets]
    return answer({"targets": rows})


def _row(target: CatalogueTarget, account_names: dict[str, str]) -> dict[str, Any]:
    return {
        "name": target.name,
        "title": str(target),
        "kind": target.kind,
        "accountId": target.aws_account,
        "accountName": account_names.get(str(target.aws_account)) or None,
        "roleName": target.role_name,
        "partition": target.partition,
        "labels": list(target.labels),
        "longestSeconds": longest_seconds(target),
        "takesPermit": offers.takes_permit(target),
    }


@api_operation("POST")
def credentials(request: CooperRequest, caller: Caller, name: str) -> HttpResponse:
    """Let the caller become a target."""
    seconds = _seconds(read_json(request) if request.body else {})
    client = ClientProgram(ClientKind.API)

    with offers.refusals_name(client):
        with permitting.led_to_portal(request):
            target = offers.target_named(caller, name)
        issued = permitting.credentials_for(request, caller, target, client, seconds)

    return answer(
        {
            # as a `credential_process` prints them:
            # https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
            "Version": 1,
            "AccessKeyId": issued.access_key_id,
            "SecretAccessKey": issued.secret_access_key,
            "SessionToken": issued.session_token,
            "Expiration": issued.expires_at.isoformat().replace("+00:00", "Z"),
        }
    )


def _seconds(members: dict[str, Any]) -> int:
    seconds = members.get("seconds", ONE_HOUR)
    if isinstance(seconds, float) and seconds.is_integer():
        # JSON tells 3600.0 and 3600 not apart
        return int(seconds)
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise ValueError("seconds is not a whole number.")  # noqa: TRY004 - bad input, no bug
    return seconds


@api_operation("GET")
def config(request: CooperRequest, caller: Caller) -> HttpResponse:
    """Return the part of `~/.aws/config` for all targets of the caller."""
    profiles = profiles_of(offers.targets_of(caller))

    block = aws_config.config_block(portal_of(request), profiles)
    return HttpResponse(block, content_type="text/plain; charset=utf-8")


@csrf_exempt
@require_safe
def openapi(request: CooperRequest) -> HttpResponse:
    """Return the description of this API; it says nothing that is not in cooper's source."""
    return JsonResponse(json.loads(OPENAPI.read_text()))

"""The service `sso`: what a token may become, and credentials for it.

`GetRoleCredentials` is a GET, as the protocol has it: a bearer token authenticates it, and no
cookie ever does.
Source: https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/Welcome.html
"""

from typing import Any

from django.http import HttpResponse

from accounts import command_lines
from core import audit
from core.client_kinds import client_in
from core.requests import CooperRequest
from sso_portal import offers, permitting
from sso_portal.offers import Caller
from sso_portal.protocol_errors import PortalError, PortalRefusal
from sso_portal.wire import answer, portal_operation

TOKEN_HEADER = "HTTP_X_AMZ_SSO_BEARER_TOKEN"  # noqa: S105 - a header's name
"""Where WSGI has `x-amz-sso_bearer_token`."""

NO_HEADER = (
    "No x-amz-sso_bearer_token header arrived. A proxy in front of cooper drops headers with "
    "underscores in their names: see docs/command-line.md."
)
SIGNED_OUT = "This session is over. Run: aws sso login"

PAGE = 100
"""Entries of a list in one answer, at most."""


@portal_operation("GET")
def list_accounts(request: CooperRequest) -> HttpResponse:
    """ListAccounts: the AWS accounts in which the caller may become something."""
    caller = _caller(request)
    ids = sorted({str(target.aws_account) for target in offers.targets_of(caller)})
    names = offers.account_names()

    accounts = [
        {"accountId": account_id, "accountName": names.get(account_id) or account_id}
        for account_id in ids
    ]
    return answer(_page(request, "accountList", accounts))


@portal_operation("GET")
def list_account_roles(request: CooperRequest) -> HttpResponse:
    """ListAccountRoles: what the caller may become in an AWS account."""
    caller = _caller(request)
    account_id = _parameter(request, "account_id")

    role_names = sorted(
        str(target.role_name)
        for target in offers.targets_of(caller)
        if target.aws_account == account_id and target.role_name
    )

    roles = [{"roleName": name, "accountId": account_id} for name in role_names]
    return answer(_page(request, "roleList", roles))


@portal_operation("GET")
def role_credentials(request: CooperRequest) -> HttpResponse:
    """GetRoleCredentials: one grant."""
    caller = _caller(request)
    account_id = _parameter(request, "account_id")
    role_name = _parameter(request, "role_name")
    client = client_in(request.headers.get("User-Agent", ""))

    with audit.acting(person=caller.identity.person), offers.refusals_name(client):
        with permitting.led_to_portal(request):
            target = offers.target_called(caller, account_id, role_name)
        credentials = permitting.credentials_for(request, caller, target, client)

    return answer(
        {
            "roleCredentials": {
                "accessKeyId": credentials.access_key_id,
                "secretAccessKey": credentials.secret_access_key,
                "sessionToken": credentials.session_token,
                # milliseconds here, and seconds everywhere else in the protocol
                "expiration": int(credentials.expires_at.timestamp() * 1_000),
            }
        }
    )


@portal_operation("POST")
def logout(request: CooperRequest) -> HttpResponse:
    """Logout: end the caller's command line."""
    # from wherever it comes: a command line that is ended harms nobody
    caller = _demanded(offers.owner_of(_token(request), request.client_address))
    with audit.acting(person=caller.identity.person):
        command_lines.end(str(caller.command_line.session_id))
    return HttpResponse()


def _caller(request: CooperRequest) -> Caller:
    return _demanded(offers.caller_with(_token(request), request.client_address))


def _token(request: CooperRequest) -> str:
    token = str(request.META.get(TOKEN_HEADER, ""))
    if not token:
        raise PortalRefusal(PortalError.INVALID_REQUEST, NO_HEADER)
    return token


def _demanded(caller: Caller | None) -> Caller:
    if caller is None:
        raise PortalRefusal(PortalError.UNAUTHORIZED, SIGNED_OUT)
    return caller


def _parameter(request: CooperRequest, name: str) -> str:
    value = request.GET.get(name, "")
    if not value:
        raise ValueError(f"{name} is missing.")
    return str(value)


def _page(request: CooperRequest, name: str, entries: list[dict[str, str]]) -> dict[str, Any]:
    """Return one page of a list, by the query's `max_result` and `next_token`."""
    size = _number(request, "max_result", default=PAGE, least=1, most=PAGE)
    start = _number(request, "next_token", default=0, least=0, most=len(entries))

    content: dict[str, Any] = {name: entries[start : start + size]}
    if start + size < len(entries):
        content["nextToken"] = str(start + size)
    return content


def _number(request: CooperRequest, name: str, *, default: int, least: int, most: int) -> int:
    value = request.GET.get(name)
    if not value:
        return default

    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise ValueError(f"{name} is not a number.")
    return min(max(int(value), least), most)

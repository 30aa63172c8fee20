"""`POST /api/v1/people/<provider:subject>/disable`, for a program with a service token.

`Authorization: Bearer <service token>` says which one; such a token is good for this alone, and no
other token is good for this.
"""

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt

from accounts import off_boarding, service_tokens
from accounts.service_tokens import ServiceToken
from core import audit
from core.errors import Refused
from core.requests import CooperRequest
from sso_portal.address_limits import UNKNOWN_TOKENS
from sso_portal.api_views import ApiRefusal, answered, bearer_token
from sso_portal.wire import answer

TAKES_ONE = "This takes a service token that is good: cooper -tokens add, on cooper's host."


@csrf_exempt
def disable(request: CooperRequest, person: str) -> HttpResponse:
    """Disable somebody as the administration does; whoever is disabled already stays so."""
    return answered(request, "POST", lambda: _disable(request, person))


def _disable(request: CooperRequest, person: str) -> HttpResponse:
    holder = _holder(request)
    with audit.acting():
        audit.add_facts(service_token=holder.name, token_id=holder.id)
        try:
            outcome = off_boarding.disable(person)
        except Refused as error:
            # the token may do it, and the installation does not bear it
            raise ApiRefusal(409, "last_administrator", error.message) from error
    return answer({"person": person, "disabled": True, "outcome": outcome.value})


def _holder(request: CooperRequest) -> ServiceToken:
    token = bearer_token(request)
    UNKNOWN_TOKENS.demand(request.client_address, token)
    holder = service_tokens.holder_of(token)
    if holder is None:
        UNKNOWN_TOKENS.count(request.client_address, token)
        raise ApiRefusal(401, "invalid_token", TAKES_ONE)
    return holder

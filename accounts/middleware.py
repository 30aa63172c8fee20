"""Puts the identity of whoever asks on the request."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.http import HttpRequest, HttpResponse

from accounts.kept_forms import KeptForms
from accounts.models import User
from core import audit
from core.error_pages import cooper_error_response
from core.errors import CooperError
from core.requests import CooperRequest


class IdentityMiddleware(AuthenticationMiddleware):
    """Django's authentication middleware, with `request.identity` (or None) beside `request.user`.

    Django reads the user when a view first asks. Here it is read at once, so that a database that
    does not answer is one error page, and not a surprise anywhere in a view.
    """

    get_response: Callable[[HttpRequest], HttpResponse]

    def __call__(self, request: Any) -> HttpResponse:
        try:
            self.process_request(request)
            is_signed_in = request.user.is_authenticated
        except CooperError as error:
            return cooper_error_response(request, error)

        identity = None
        person = ""
        if is_signed_in and isinstance(request.user, User):
            identity = request.user.identity
            person = identity.person

        request.identity = identity
        with audit.acting(person=person):
            return self.get_response(request)


class KeptFormsMiddleware:
    """Puts the forms that are kept for this browser on the request (`accounts.kept_forms`)."""

    def __init__(self, get_response: Callable[[CooperRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: CooperRequest) -> HttpResponse:
        kept_forms = KeptForms(request)
        request.kept_forms = kept_forms
        request.is_brought_back = False

        response = self.get_response(request)
        kept_forms.put_cookie(response)
        return response

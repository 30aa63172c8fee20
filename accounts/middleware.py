"""Puts the identity of whoever asks on the request, and the web session for cross-site posts."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.http import HttpRequest, HttpResponse
from djangosaml2.middleware import SamlSessionMiddleware as BaseSamlSessionMiddleware

from accounts.models import User
from core import audit
from core.error_pages import cooper_error_response
from core.errors import CooperError


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


class SamlSessionMiddleware(BaseSamlSessionMiddleware):  # type: ignore[misc]
    """djangosaml2's second web session, in which requests to identity providers wait.

    Its cookie has SameSite=None, so that it comes with an identity provider's cross-site post.
    Browsers take such a cookie only when it is Secure.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        if self.cookie_name in response.cookies:
            response.cookies[self.cookie_name]["secure"] = True
        return response

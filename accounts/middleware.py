"""Puts the identity of whoever asks on the request, and the web session that other sites' posts carry."""

from collections.abc import Callable

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.http import HttpRequest, HttpResponse
from djangosaml2.middleware import SamlSessionMiddleware as StockMiddleware

from core import audit
from core.errors import CooperError
from core.middleware import error_page


class IdentityMiddleware(AuthenticationMiddleware):
    """Django's authentication middleware, read at once, with `request.identity` (or None) beside `request.user`."""

    get_response: Callable[[HttpRequest], HttpResponse]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Find out who asks; a store that does not answer is told on a page."""
        try:
            self.process_request(request)
            known = request.user.is_authenticated
        except CooperError as error:
            return error_page(request, error)
        request.identity = request.user.identity if known else None  # type: ignore[attr-defined,union-attr]
        with audit.acting(person=request.user.pk if known else ""):
            return self.get_response(request)


class SamlSessionMiddleware(StockMiddleware):  # type: ignore[misc]
    """djangosaml2's second web session, in which requests to identity providers wait; its cookie is always Secure."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Save it, and mark its cookie so that browsers send it with an identity provider's post."""
        answered: HttpResponse = super().process_response(request, response)
        if self.cookie_name in answered.cookies:
            answered.cookies[self.cookie_name]["secure"] = True
        return answered

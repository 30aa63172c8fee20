"""Puts the identity of whoever asks on the request."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse

from accounts.first_read import FirstRead, guesses
from accounts.kept_forms import KeptForms
from accounts.login import signed_in_user
from accounts.models import User
from accounts.sessions import SessionStore, hash_session_key
from core import audit
from core.error_pages import cooper_error_response
from core.errors import CooperError
from core.requests import CooperRequest


class FirstReadMiddleware(SessionMiddleware):
    """Django's session middleware, with `request.first_read`, in which the web session is found."""

    def process_request(self, request: Any) -> None:
        session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        key_hash = hash_session_key(session_key) if session_key else ""
        request.first_read = FirstRead(request, key_hash)
        request.session = SessionStore(session_key, request.first_read.web_session)


class IdentityMiddleware(AuthenticationMiddleware):
    """Django's authentication middleware, with `request.identity` (or None) beside `request.user`.

    Django reads the user when a view first asks. Here it is read at once, so that a database that
    does not answer is one error page, and not a surprise anywhere in a view.
    """

    get_response: Callable[[HttpRequest], HttpResponse]

    def __call__(self, request: Any) -> HttpResponse:
        try:
            user = signed_in_user(request)
        except CooperError as error:
            return cooper_error_response(request, error)

        request.user = user or AnonymousUser()
        request.identity = user.identity if user else None
        person = user.identity.person if user else ""
        with audit.acting(person=person):
            response = self.get_response(request)

        _remember_whose(request)
        return response


def _remember_whose(request: Any) -> None:
    """Remember whose the web session is, as it is now, for the first read of its next request."""
    session_key = request.session.session_key
    if session_key and isinstance(request.user, User):
        guesses.keep(hash_session_key(session_key), request.user.identity.person)


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

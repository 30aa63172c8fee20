"""The interface that every sign-in provider implements; docs/providers.md shows it in use."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from django import forms
from django.http import HttpRequest, HttpResponse

from accounts.identity import Identity
from core.errors import Refused


class SignInRefused(Refused):
    """The person may not sign in; `detail` goes to the log and the audit log alone.

    `signed_in_page` is where somebody goes on to who is signed in already, as after Back and a
    second submit; "" where the refusal is not to be passed over.
    """

    def __init__(self, message: str, detail: str = "", *, signed_in_page: str = "") -> None:
        super().__init__(message, detail)
        self.signed_in_page = signed_in_page

    facts: Mapping[str, str] = MappingProxyType({})
    """What else its event on the audit log says."""


class SignInThrottled(SignInRefused):
    """Too many tries: nothing was looked at, and the message says how long to wait."""

    status = HTTPStatus.TOO_MANY_REQUESTS


@dataclass(frozen=True)
class AuthResult:
    """An authenticated identity, with what else the provider says of this sign-in."""

    identity: Identity
    subject_is_opaque: bool = False
    """Whether the subject is an id that no one reads or types, in which case counts.

    Other subjects are names: two that differ in case or Unicode form alone are one person's.
    """

    next_page: str = ""
    """The path in cooper to go on to."""

    session_ends_at: datetime | None = None
    """When the web session ends at the latest."""

    notice: str = ""
    """What the person should know, shown on the next page."""

    sign_out_facts: tuple[tuple[str, str], ...] = ()
    """What the web session keeps for `sign_out_url`."""

    verified_by: str = ""
    """What the provider verified this sign-in by, for `confirm_sign_in`."""


SignInStep = Identity | AuthResult | HttpResponse
"""What a provider answers with: somebody authenticated now, or a response that leads on."""


class Provider:
    """A way to sign in. Subclass it, and add the class's dotted path to COOPER_PROVIDERS."""

    id: str
    """Small letters, digits and '-': the first half of each of its groups and people.

    It never changes, and never comes to mean another authority.
    """

    label: str
    """What the sign-in page says, as in "Sign in with <label>"."""

    form_class: ClassVar[type[forms.Form] | None] = None
    """A form for the sign-in page itself; without one there is a button that leads to `start`."""

    asks_password: ClassVar[bool] = False
    """Whether `reauthenticate` can ask for a password; else a recent sign-in is the proof."""

    def is_in_use(self) -> bool:
        """Return whether anybody can sign in this way: the only way in use needs no choice."""
        return True

    def start(self, request: HttpRequest) -> SignInStep:
        """Answer a request to `/login/<id>/`; raise SignInRefused."""
        raise SignInRefused("This way of signing in is the form on the sign-in page.")

    def authenticate(self, request: HttpRequest, form: forms.Form) -> Identity:
        """Return the identity that the valid sign-in form proves; raise SignInRefused otherwise."""
        raise SignInRefused("This way of signing in takes no form.")

    def reauthenticate(self, request: HttpRequest, identity: Identity, password: str) -> None:
        """Return if the password is this person's; raise SignInRefused otherwise."""
        raise SignInRefused("This way of signing in has no password to ask for.")

    def reauthentication_url(self, next_page: str) -> str:
        """Return the URL that signs somebody in again and leads back to `next_page`.

        "" where a provider cannot be made to ask again.
        """
        return ""

    def sign_out_url(self, request: HttpRequest, facts: dict[str, str]) -> str:
        """Return the URL that ends the provider's own session, or "".

        `facts` are the `sign_out_facts` of the AuthResult.
        """
        return ""

    def confirm_sign_in(self, authenticated: AuthResult) -> None:
        """Raise SignInRefused unless what the sign-in rests on is still so, as a read says now.

        The person is written by then, and the web session has not begun: whoever takes the provider
        away either finds the person, or is seen here.
        """


class ProviderRoute(NamedTuple):
    """A URL that a family of providers answers itself."""

    route: str
    name: str
    handler: Callable[[HttpRequest], SignInStep]

    cross_site_post: bool = False
    """Other sites may post here, with no CSRF token: the handler has to refuse a forgery."""


class ProviderFamily:
    """Any number of providers that share code and URLs; it stands in COOPER_PROVIDERS as well."""

    routes: ClassVar[tuple[ProviderRoute, ...]] = ()

    def providers(self) -> Iterable[Provider]:
        """Return the providers, some seconds old at most: for showing, not for deciding."""
        return ()

    def find(self, provider_id: str) -> Provider | None:
        """Return the provider with this id as it is now, or None."""
        return None

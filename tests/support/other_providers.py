"""Providers beside local accounts, and people who come from there."""

from typing import Any, ClassVar

from django.http import HttpRequest

from accounts import login
from accounts.identity import Identity, parse_groups
from accounts.models import Person
from accounts.providers import AuthResult, Provider
from accounts.providers.local import LocalProvider
from accounts.sessions import SessionStore


class Okta(Provider):
    """Another provider of the installation."""

    id: ClassVar[str] = "okta"
    label: ClassVar[str] = "Okta"


class Entra(Provider):
    """And one more."""

    id: ClassVar[str] = "entra"
    label: ClassVar[str] = "Entra"


class LikeSaml(LocalProvider):
    """Local accounts whose provider asks for no password, and signs in again elsewhere."""

    asks_password: ClassVar[bool] = False

    def reauthentication_url(self, next_page: str) -> str:
        return f"/login/elsewhere/?fresh=1&next={next_page}"


class Dull(LikeSaml):
    """One that cannot be made to ask again."""

    def reauthentication_url(self, next_page: str) -> str:
        return ""


def use_in_place_of_local(settings: Any, provider: type[Provider]) -> None:
    """Let a provider stand in for local accounts."""
    settings.COOPER_PROVIDERS = [f"{__name__}.{provider.__name__}"]


def use_okta_and_entra(settings: Any) -> None:
    """Add both to the ways to sign in."""
    paths = [f"{__name__}.{provider.__name__}" for provider in (Okta, Entra)]
    settings.COOPER_PROVIDERS = [*settings.COOPER_PROVIDERS, *paths]


def arrive(
    subject: str, provider: str = "okta", *, groups: str = "", opaque: bool = False
) -> Person:
    """Let somebody sign in, with groups between blanks; return who they are then."""
    request = HttpRequest()
    request.session = SessionStore()
    identity = Identity(provider, subject, groups=parse_groups(groups.split()))
    result = AuthResult(identity, subject_is_opaque=opaque)
    return login.sign_in(request, result).stored_person

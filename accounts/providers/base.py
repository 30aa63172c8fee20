"""What every provider offers."""

from typing import ClassVar

from django import forms
from django.http import HttpRequest, HttpResponse

from accounts.identity import Identity
from cooper_project.errors import Refused


class SignInRefused(Refused):
    """The provider did not vouch for this person; `detail` (log and record alone) says why."""


class Provider:
    """A way to establish an identity. Subclass it, and add the class's dotted path to COOPER_PROVIDERS."""

    id: ClassVar[str]
    """Small letters, digits and '-'; the first half of every group and person of this provider. It never changes."""

    label: ClassVar[str]
    """What the sign-in page says, as in "Sign in with <label>"."""

    form_class: ClassVar[type[forms.Form] | None] = None
    """A form for the sign-in page itself; providers without one get a button that leads to `answer`."""

    asks_password: ClassVar[bool] = False
    """Whether `prove_again` can ask for a password on the spot; else a sign-in of the last minutes is the proof."""

    def prove_again(self, request: HttpRequest, identity: Identity, password: str) -> None:
        """Return if the password is this person's; raise SignInRefused."""
        raise SignInRefused("This way of signing in has no password to ask for.")

    def vouch(self, request: HttpRequest, form: forms.Form) -> Identity:
        """Return the identity that the valid sign-in form proves; raise SignInRefused otherwise."""
        raise SignInRefused("This way of signing in takes no form.")

    def answer(self, request: HttpRequest) -> Identity | HttpResponse:
        """Answer a request to `/login/<id>/`: an identity that is now proved, or a response that leads on."""
        raise SignInRefused("This way of signing in is the form on the sign-in page.")

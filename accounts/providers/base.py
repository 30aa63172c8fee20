"""What every provider offers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, NamedTuple

from django import forms
from django.http import HttpRequest, HttpResponse

from accounts.identity import Identity
from core.dynamo import Transaction
from core.errors import Refused


class SignInRefused(Refused):
    """The provider did not vouch for this person; `detail` (log and record alone) says why."""


@dataclass(frozen=True)
class AuthResult:
    """An identity that is now proved, with what else the provider says of this sign-in."""

    identity: Identity
    next: str = ""
    """The page of ours to go on to."""

    ends_at: datetime | None = None
    """When the web session ends at the latest."""

    notice: str = ""
    """What the person should know."""

    facts: tuple[tuple[str, str], ...] = ()
    """What the web session keeps for `sign_out_url`."""


Answer = Identity | AuthResult | HttpResponse


class Provider:
    """A way to establish an identity. Subclass it, and add the class's dotted path to COOPER_PROVIDERS."""

    id: str
    """Small letters, digits and '-'; the first half of every group and person of this provider. It never changes."""

    label: str
    """What the sign-in page says, as in "Sign in with <label>"."""

    form_class: ClassVar[type[forms.Form] | None] = None
    """A form for the sign-in page itself; providers without one get a button that leads to `answer`."""

    asks_password: ClassVar[bool] = False
    """Whether `prove_again` can ask for a password on the spot; else a sign-in of the last minutes is the proof."""

    def is_in_use(self) -> bool:
        """Return whether anybody can sign in this way; the one way in use needs no choice."""
        return True

    def prove_again(self, request: HttpRequest, identity: Identity, password: str) -> None:
        """Return if the password is this person's; raise SignInRefused."""
        raise SignInRefused("This way of signing in has no password to ask for.")

    def authenticate(self, request: HttpRequest, form: forms.Form) -> Identity:
        """Return the identity that the valid sign-in form proves; raise SignInRefused otherwise."""
        raise SignInRefused("This way of signing in takes no form.")

    def start(self, request: HttpRequest) -> Answer:
        """Answer a request to `/login/<id>/`: an identity that is now proved, or a response that leads on."""
        raise SignInRefused("This way of signing in is the form on the sign-in page.")

    def afresh_url(self, next_page: str) -> str:
        """Return the address at which somebody signs in afresh and comes back, or "" where that cannot be asked for."""
        return ""

    def sign_out_url(self, request: HttpRequest, facts: dict[str, str]) -> str:
        """Return the address at which the provider's own session ends, or ""; `facts` are those of `Vouched`."""
        return ""

    def confirm(self, writes: Transaction) -> None:
        """Join to the transaction of a sign-in what has to be true of the provider then."""


class Address(NamedTuple):
    """An address of a kind of providers: route, name, what answers, and whether other sites may post to it."""

    route: str
    name: str
    answer: Callable[[HttpRequest], Answer]
    from_elsewhere: bool = False


class ProviderFamily:
    """Any number of providers that share code and addresses; its dotted path stands in COOPER_PROVIDERS as well."""

    addresses: ClassVar[tuple[Address, ...]] = ()

    def listed(self) -> Iterable[Provider]:
        """Return the providers as far as they are known, for showing."""
        return ()

    def named(self, provider_id: str) -> Provider | None:
        """Return the provider with this id as it is now, or None."""
        return None

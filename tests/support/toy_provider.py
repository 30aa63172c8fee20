"""A third provider, as docs/providers.md shows it: one file, one setting."""

from datetime import UTC, datetime
from typing import ClassVar

from django.http import HttpRequest, HttpResponseRedirect

from accounts.identity import Group, Identity
from accounts.providers import Provider, SignInRefused, SignInStep


class ToyProvider(Provider):
    """Signs in whoever comes back with the word."""

    id: ClassVar[str] = "toy"
    label: ClassVar[str] = "Toy"

    def start(self, request: HttpRequest) -> SignInStep:
        word = request.GET.get("word")
        if word is None:
            return HttpResponseRedirect("/login/toy/?word=please")
        if word != "please":
            raise SignInRefused("The toy did not hear the word.", "wrong word")

        groups = frozenset({Group("toy", "developers")})
        return Identity("toy", "alice", "Toy Alice", groups, authenticated_at=datetime.now(UTC))

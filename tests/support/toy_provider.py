"""A third provider, as docs/providers.md shows it: one file, one setting."""

from datetime import UTC, datetime
from typing import ClassVar

from django.http import HttpRequest, HttpResponseRedirect

from accounts.identity import Group, Identity
from accounts.providers import Answer, Provider, SignInRefused


class ToyProvider(Provider):
    """Vouches for whoever comes back with the word."""

    id: ClassVar[str] = "toy"
    label: ClassVar[str] = "Toy"

    def start(self, request: HttpRequest) -> Answer:
        """Send the visitor round once, then vouch."""
        word = request.GET.get("word")
        if word is None:
            return HttpResponseRedirect("/login/toy/?word=please")
        if word != "please":
            raise SignInRefused("The toy did not hear the word.", "wrong word")
        return Identity(
            "toy", "alice", "Toy Alice", frozenset({Group("toy", "developers")}), datetime.now(UTC)
        )

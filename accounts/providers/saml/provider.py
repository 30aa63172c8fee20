"""SAML identity providers as ways to sign in: each connected one is a provider of its own."""

from collections.abc import Iterable
from typing import ClassVar

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import SamlIdp
from accounts.providers.base import (
    Provider,
    ProviderFamily,
    ProviderRoute,
    SignInRefused,
    SignInStep,
)
from accounts.providers.saml import idps, requests, views
from accounts.providers.saml.idp_registry import confirm
from accounts.providers.saml.place import place_of
from accounts.providers.saml.pysaml2_client import Engine, engine_for
from core.dynamo import Transaction
from core.http import own_path

NEXT_LIMIT = 2_000
ENDED = "What cooper knows of {label} has ended. Tell an administrator; other ways to sign in go on working."


class SamlProvider(Provider):
    """One SAML identity provider."""

    def __init__(self, idp: SamlIdp, stamp: int) -> None:
        """Stand for a connected identity provider, as of a stamp."""
        self.idp, self.stamp = idp, stamp
        self.id, self.label = str(idp.name), str(idp.label)

    def _engine(self, request: HttpRequest) -> Engine:
        """Return pysaml2 for this identity provider."""
        return engine_for(place_of(request), self.idp, self.stamp)

    def start(self, request: HttpRequest) -> SignInStep:
        """Lead to the identity provider with a signed request, and remember it for this browser."""
        if not idps.is_valid(self.idp):
            raise SignInRefused(
                ENDED.format(label=self.label),
                f"metadata of {self.id} ended at {self.idp.valid_until}",
            )
        secret = request.GET.get("try", "")
        if secret and not requests.may_try(self.id, secret):
            raise SignInRefused(
                "This try has ended. Begin a new one: manage.py cooper_saml try", "unknown try"
            )
        fresh = "fresh" in request.GET
        request_id, address = self._engine(request).ask(fresh=fresh)
        made = requests.Request(
            provider=self.id,
            next=next_page(request, request.GET.get("next", "")),
            fresh=fresh,
            bounced="bounced" in request.GET,
            trying=bool(secret),
        )
        requests.remember(request, request_id, made)
        return HttpResponseRedirect(address)

    def reauthentication_url(self, next_page: str) -> str:
        """Return the address at which the identity provider is asked to prove the person again."""
        return f"{reverse('login-with', args=[self.id])}?{urlencode({'fresh': '1', 'next': next_page})}"

    def sign_out_url(self, request: HttpRequest, facts: dict[str, str]) -> str:
        """Return the address that asks the identity provider to end its own session, or ""."""
        named = {name: value for name, value in facts.items() if name != "session_index"}
        return self._engine(request).sign_out(named, facts.get("session_index", ""))

    def guard_sign_in(self, writes: Transaction) -> None:
        """Let a sign-in succeed only while the identity provider is connected."""
        confirm(writes, self.id)


def next_page(request: HttpRequest, wanted: str) -> str:
    """Return the page of ours to go on to, or ""."""
    path = own_path(request, wanted)
    return path if len(path) <= NEXT_LIMIT else ""


class SamlProviders(ProviderFamily):
    """All SAML identity providers that are connected (`manage.py cooper_saml`)."""

    routes: ClassVar[tuple[ProviderRoute, ...]] = (
        ProviderRoute("saml2/metadata/", "saml-metadata", views.metadata),
        ProviderRoute("saml2/acs/", "saml-acs", views.acs, cross_site_post=True),
        ProviderRoute("saml2/ls/", "saml-ls", views.signed_out, cross_site_post=True),
    )

    def providers(self) -> Iterable[Provider]:
        """Return the connected identity providers, some seconds old at most."""
        found = idps.current(oldest=idps.LISTED_FOR)
        return [SamlProvider(each, found.stamp) for each in found.by_name.values()]

    def find(self, provider_id: str) -> Provider | None:
        """Return the identity provider with this id as it is now, or None."""
        found = idps.current()
        idp = found.by_name.get(provider_id)
        return SamlProvider(idp, found.stamp) if idp is not None else None

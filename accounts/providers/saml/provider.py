"""SAML identity providers as ways to sign in: each connected one is a provider of its own."""

from collections.abc import Iterable
from typing import ClassVar

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import SamlIdp
from accounts.providers.base import (
    AuthResult,
    Provider,
    ProviderFamily,
    ProviderRoute,
    SignInRefused,
    SignInStep,
)
from accounts.providers.saml import acs, idps, requests, views
from accounts.providers.saml.last_look import require_connected
from accounts.providers.saml.pysaml2_client import SamlClient, client_for
from accounts.providers.saml.service_provider import get_service_provider
from core.http import own_path

NEXT_PAGE_LIMIT = 2_000
"""Characters of the page to go on to, which a cookie carries."""

METADATA_EXPIRED = (
    "The metadata of {label} has expired. Tell an administrator. Other ways to sign in still work."
)
TEST_EXPIRED = "This test link has expired. Make a new one: cooper -saml try"


class SamlProvider(Provider):
    """One SAML identity provider, as of a stamp."""

    def __init__(self, idp: SamlIdp, stamp: int) -> None:
        self.idp = idp
        self.stamp = stamp
        self.id = str(idp.name)
        self.label = str(idp.label)

    def _client(self, request: HttpRequest) -> SamlClient:
        return client_for(get_service_provider(request), self.idp, self.stamp)

    def start(self, request: HttpRequest) -> SignInStep:
        """Redirect to the identity provider with a signed AuthnRequest.

        The request is remembered for this browser. Its parameters: `next` (where to go on to),
        `fresh` (ForceAuthn), `bounced` (after an unsolicited response), `try` (a test's secret).
        """
        if not idps.is_valid(self.idp):
            raise SignInRefused(
                METADATA_EXPIRED.format(label=self.label),
                f"metadata of {self.id} ended at {self.idp.valid_until}",
            )
        test_secret = request.GET.get("try", "")
        if test_secret and not requests.may_test(self.id, test_secret):
            raise SignInRefused(TEST_EXPIRED, "unknown try")

        fresh = "fresh" in request.GET
        request_id, url = self._client(request).create_authn_request(force_authn=fresh)
        authn_request = requests.AuthnRequest(
            provider=self.id,
            next=safe_next_page(request, request.GET.get("next", "")),
            fresh=fresh,
            bounced="bounced" in request.GET,
            trying=bool(test_secret),
        )
        response = HttpResponseRedirect(url)
        requests.remember(request, response, request_id, authn_request)
        return response

    def reauthentication_url(self, next_page: str) -> str:
        query = urlencode({"fresh": "1", "next": next_page})
        return f"{reverse('login-with', args=[self.id])}?{query}"

    def sign_out_url(self, request: HttpRequest, facts: dict[str, str]) -> str:
        # as acs.py put them into the AuthResult: the NameID's attributes, and these two
        name_id = dict(facts)
        subject = name_id.pop("subject", "")
        session_index = name_id.pop("session_index", "")
        return self._client(request).create_logout_url(subject, name_id, session_index)

    def confirm_sign_in(self, authenticated: AuthResult) -> None:
        require_connected(self.id, authenticated.verified_by)


def safe_next_page(request: HttpRequest, next_page: str) -> str:
    """Return the page if it is one of ours and short enough for a cookie, else ""."""
    path = own_path(request, next_page)
    if len(path) > NEXT_PAGE_LIMIT:
        return ""
    return path


class SamlProviders(ProviderFamily):
    """All SAML identity providers that are connected (`cooper -saml`)."""

    routes: ClassVar[tuple[ProviderRoute, ...]] = (
        ProviderRoute("saml2/metadata/", "saml-metadata", views.metadata),
        ProviderRoute("saml2/acs/", "saml-acs", acs.consume_assertion, cross_site_post=True),
        ProviderRoute("saml2/ls/", "saml-ls", views.signed_out, cross_site_post=True),
    )

    def providers(self) -> Iterable[Provider]:
        connected = idps.current(max_age=idps.LISTING_MAX_AGE)
        return [SamlProvider(idp, connected.stamp) for idp in connected.by_name.values()]

    def find(self, provider_id: str) -> Provider | None:
        connected = idps.current()
        idp = connected.by_name.get(provider_id)
        if idp is None:
            return None
        return SamlProvider(idp, connected.stamp)

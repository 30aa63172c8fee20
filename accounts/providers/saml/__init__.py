"""SAML: any number of identity providers, by djangosaml2 and pysaml2 behind a guard of our own."""

from accounts.providers.saml.provider import SamlProviders

__all__ = ["SamlProviders"]

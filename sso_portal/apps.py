"""Tells Django of this app."""

from django.apps import AppConfig
from django.shortcuts import resolve_url
from django.utils.http import urlencode

from brokers.portal_links import PortalLink, register


class SsoPortalConfig(AppConfig):
    """The app's name for Django."""

    name = "sso_portal"
    verbose_name = "Command lines"

    def ready(self) -> None:
        """Let the portal's pages lead to those of command lines, without importing this app."""
        register(PortalLink("Set up my command line", set_up_address))
        register(PortalLink("My command lines", list_address))


def set_up_address(target: str) -> str:
    """Return where a command line is set up, for a target alone if one is named."""
    query = f"?{urlencode({'target': target})}" if target else ""
    return f"{resolve_url('command-line')}{query}"


def list_address(target: str) -> str:
    """Return where one's command lines are listed, whatever the target."""
    return f"{resolve_url('command-line')}#mine"

"""Tells Django of this app."""

import shutil
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Info, register


def xmlsec1(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find that nobody can sign in by SAML here."""
    if shutil.which("xmlsec1"):
        return []
    hint = "If identity providers are connected: apt-get install xmlsec1. Local accounts work without it."
    return [
        Info("xmlsec1 is not installed: nobody can sign in by SAML.", hint=hint, id="cooper.I002")
    ]


class AccountsConfig(AppConfig):
    """The app's name for Django."""

    name = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        """Register the check of what SAML needs, for production."""
        register("cooper", deploy=True)(xmlsec1)

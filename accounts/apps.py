"""The Django app of people."""

import shutil
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Info, register


def xmlsec1(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Tell that nobody can sign in by SAML where xmlsec1 is missing."""
    if shutil.which("xmlsec1"):
        return []
    return [
        Info(
            "xmlsec1 is not installed: nobody can sign in by SAML.",
            hint=(
                "If identity providers are connected: apt-get install xmlsec1. "
                "Local accounts work without it."
            ),
            id="cooper.I002",
        )
    ]


class AccountsConfig(AppConfig):
    """Registers the checks of SAML and of what is stored of people, and what requests read."""

    name = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        from accounts import checks, first_read, preferences  # noqa: PLC0415 - models load later

        first_read.also_read(preferences.first_read_keys)
        register("cooper", deploy=True)(xmlsec1)
        checks.register_all()

"""Tells Django of this app."""

from django.apps import AppConfig


class SsoPortalConfig(AppConfig):
    """The app's name for Django."""

    name = "sso_portal"
    verbose_name = "Command lines"

"""Tells Django of this app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The app's name for Django."""

    name = "accounts"
    verbose_name = "People"

"""Tells Django of this app."""

from django.apps import AppConfig


class BrokersConfig(AppConfig):
    """The app's name for Django."""

    name = "brokers"
    verbose_name = "Doors"

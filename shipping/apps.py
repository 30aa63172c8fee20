"""Tells Django of this app."""

from django.apps import AppConfig


class ShippingConfig(AppConfig):
    """The app's name for Django."""

    name = "shipping"
    verbose_name = "Shipping of events"

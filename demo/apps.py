"""Tells Django of the demo, for its command `cooper_demo`."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """In production too: there its command says that the packages of the demo are missing."""

    name = "demo"

"""Tells Django of the demo, which brings the command `cooper_demo`."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Installed only where the packages of `requirements-demo.txt` are (see the settings)."""

    name = "demo"

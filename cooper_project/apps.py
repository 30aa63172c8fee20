"""Tells Django of the project package."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """Brings the management commands."""

    name = "cooper_project"

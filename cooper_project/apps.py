"""Tells Django of the frame."""

from django.apps import AppConfig

from cooper_project import checks


class FrameConfig(AppConfig):
    """The frame's name for Django; loads the system checks."""

    name = "cooper_project"
    label = "cooper"
    verbose_name = "Record and switches"

    def ready(self) -> None:
        """Register the system checks."""
        checks.register_all()

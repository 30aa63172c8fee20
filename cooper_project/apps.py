"""Tells Django of the frame."""

from django.apps import AppConfig


class FrameConfig(AppConfig):
    """The frame's name for Django; loads the system checks."""

    name = "cooper_project"
    label = "cooper"
    verbose_name = "cooper"

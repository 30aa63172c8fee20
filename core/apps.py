"""Django's configuration of the app."""

from django.apps import AppConfig

from core import checks


class CoreConfig(AppConfig):
    """Registers the system checks.

    The label is in URLs and permission names, so it stays `cooper`.
    """

    name = "core"
    label = "cooper"
    verbose_name = "Audit and emergency stop"

    def ready(self) -> None:
        checks.register_all()

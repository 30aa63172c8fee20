"""Where batches go: whatever the shipper's own environment names (COOPER_SHIP_*)."""

from pathlib import Path

from core import env
from shipping.sinks.base import FileSink, Sink, Undelivered
from shipping.sinks.folder import FolderSink

__all__ = ["FileSink", "Sink", "Undelivered", "sinks_from_environment"]


def sinks_from_environment() -> list[Sink]:
    """Return a sink for each place that COOPER_SHIP_* names; raise ImproperlyConfigured.

    They are read here and nowhere else: a server knows none of them.
    """
    sinks: list[Sink] = []

    folder = env.text("COOPER_SHIP_FOLDER")
    if folder:
        sinks.append(FolderSink(Path(folder)))

    return sinks

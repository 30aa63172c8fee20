"""Where batches go: whatever the shipper's own environment names (COOPER_SHIP_*)."""

from pathlib import Path
from socket import gethostname

from django.core.exceptions import ImproperlyConfigured

from core import env
from shipping.buckets import BUCKET_NAME, S3_PREFIX
from shipping.sinks.base import FileSink, PassingProblem, Sink, Undelivered
from shipping.sinks.event_bridge import EventBridgeSink
from shipping.sinks.folder import FolderSink
from shipping.sinks.network import Permission, read_place
from shipping.sinks.s3 import S3Sink
from shipping.sinks.splunk import SplunkSink
from shipping.sinks.webhook import WebhookSink

__all__ = ["FileSink", "PassingProblem", "Sink", "Undelivered", "sinks_from_environment"]


def sinks_from_environment() -> list[Sink]:
    """Return a sink for each place that COOPER_SHIP_* names; raise ImproperlyConfigured.

    They are read here and nowhere else: a server knows none of them.
    """
    sinks: list[Sink] = []

    folder = env.text("COOPER_SHIP_FOLDER")
    if folder:
        sinks.append(FolderSink(Path(folder)))

    sinks += _by_https()
    bus = env.text("COOPER_SHIP_EVENT_BUS", matching=r"[A-Za-z0-9_./:-]{1,1600}")
    if bus:
        sinks.append(EventBridgeSink(bus))

    bucket = env.text("COOPER_SHIP_S3_BUCKET", matching=BUCKET_NAME)
    if bucket:
        prefix = env.text("COOPER_SHIP_S3_PREFIX", matching=S3_PREFIX)
        region = env.text("COOPER_SHIP_S3_REGION", matching=r"[a-z0-9-]{1,40}")
        sinks.append(S3Sink(bucket, prefix, region))
    return sinks


def _by_https() -> list[Sink]:
    """Return the sinks that are told by a URL."""
    private_hosts = [host.lower() for host in env.listing("COOPER_SHIP_ALLOW_PRIVATE")]
    permission = Permission(frozenset(private_hosts), loopback=env.flag("COOPER_SHIP_LOOPBACK"))

    sinks: list[Sink] = []
    webhook_url = env.text("COOPER_SHIP_WEBHOOK_URL")
    if webhook_url:
        place = read_place("COOPER_SHIP_WEBHOOK_URL", webhook_url, permission)
        key = _secret("COOPER_SHIP_WEBHOOK_KEY")
        old_key = _optional_secret("COOPER_SHIP_WEBHOOK_OLD_KEY")
        sinks.append(WebhookSink(place, key, permission, old_key=old_key))

    splunk_url = env.text("COOPER_SHIP_SPLUNK_URL")
    if splunk_url:
        place = read_place("COOPER_SHIP_SPLUNK_URL", splunk_url, permission)
        token = _secret("COOPER_SHIP_SPLUNK_TOKEN")
        index = env.text("COOPER_SHIP_SPLUNK_INDEX", matching=r"[a-z0-9_][a-z0-9_-]{0,79}")
        sinks.append(SplunkSink(place, token, permission, host=gethostname(), index=index))
    return sinks


def _optional_secret(name: str) -> str:
    """Return a sink's secret, "" without it; raise ImproperlyConfigured."""
    return _secret(name) if env.secret(name) else ""


def _secret(name: str) -> str:
    """Return a sink's secret; raise ImproperlyConfigured without it."""
    value = env.secret(name)
    if not value or not value.isascii() or not value.isprintable():
        raise ImproperlyConfigured(
            f"{name} (or {name}_FILE) has to be set, to printable ASCII on one line."
        )
    return value

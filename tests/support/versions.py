"""The version of the tables: that of the cooper before, and processes that know it or not."""

from core import audit_shards, installation
from core.installation import SCHEMA_ITEM, Installation


def make_version_1() -> None:
    """Make the installation one that the cooper before has set up."""
    store_version(1)
    Installation.delete_item(audit_shards.SHARDS_ITEM)
    forget_version()


def store_version(version: int) -> None:
    """Write the version, as another process might."""
    Installation.delete_item(SCHEMA_ITEM)
    Installation(SCHEMA_ITEM, value=str(version)).save()


def forget_version() -> None:
    """Let this process know nothing of the version, as after its start."""
    installation.forget_version()
    audit_shards.forget()

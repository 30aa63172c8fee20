"""An export: all that the catalogue has, as a file, on the audit log before it is handed out."""

from collections.abc import Mapping

from brokers import catalogue
from brokers.import_export import yaml_writer
from brokers.import_export.current_state import current_state
from core import audit
from core.audit import Event


def export(*, with_keys: bool = False) -> tuple[str, Mapping[str, int]]:
    """Return the file and how many targets, associations and accounts are in it."""
    contents = current_state(catalogue.current())
    counts = {
        "targets": len(contents.targets),
        "associations": sum(len(ends) for ends in contents.associations.values()),
        "accounts": len(contents.accounts),
    }
    text = yaml_writer.write(contents, with_keys=with_keys)

    audit.record(Event.EXPORT_DONE, **counts, with_keys=with_keys or None)
    return text, counts

"""The store of an earlier version, served by the embedded AWS (see tests/data/README.md)."""

import gzip
import hashlib
import json
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from embedded_aws import EmbeddedAws, stored_tables
from tests.support.paths import ROOT
from tests.support.served import clean, manage
from tests.support.versions import forget_version

DATA = ROOT / "tests" / "data"
ADMIN_GROUPS = {"COOPER_ADMIN_GROUPS": "local:admins,example:admins"}
"""Those of the installation that the store was written by."""


def load_dump(schema: int) -> dict[str, Any]:
    """Return what an installation of this schema had written."""
    content = (DATA / f"store-schema-{schema}.json.gz").read_bytes()
    dump: dict[str, Any] = json.loads(gzip.decompress(content))
    return dump


def write_store(dump: dict[str, Any], folder: Path) -> None:
    """Write a dump as the folder that `cooper_demo --store` reads."""
    folder.mkdir(parents=True)
    files = {}
    for name, part in _parts(dump).items():
        content = json.dumps(part, separators=(",", ":")).encode()
        files[name] = f"{hashlib.sha256(content).hexdigest()[:32]}.json"
        (folder / files[name]).write_bytes(content)

    manifest = {"version": dump["embedded_aws"]["version"], "files": files}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def load_tables(dump: dict[str, Any], aws: EmbeddedAws) -> None:
    """Put a dump's tables, and they alone, into the embedded AWS of this process."""
    aws.tables.clear()
    stored_tables.load(_parts(dump))
    forget_version()


def _parts(dump: dict[str, Any]) -> dict[str, Any]:
    """Return what the embedded AWS keeps, with the items of the tables in their places."""
    parts = dict(dump["embedded_aws"]["parts"])
    for name, part in parts.items():
        if name.startswith("table/"):
            table = name.rpartition("/")[2]
            parts[name] = part | {"items": dump["tables"][table]["items"]}
    return parts


@contextmanager
def serving_aws(folder: Path) -> Iterator[dict[str, str]]:
    """Serve the embedded AWS on a store; yield the environment that reaches it."""
    command = manage("cooper_demo", "--aws-only", "--seed", "--with-parent", "--store", str(folder))
    process = subprocess.Popen(
        command, cwd=ROOT, env=clean({}), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    environment = {}
    assert process.stdout
    for line in iter(process.stdout.readline, "\n"):
        assert line, "the embedded AWS did not start"
        name, _, value = line.strip().partition("=")
        environment[name] = "".join(shlex.split(value))

    try:
        yield environment | ADMIN_GROUPS
    finally:
        # closing its stdin ends it
        process.communicate(timeout=40)

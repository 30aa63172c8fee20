"""The state of the embedded AWS in files: saved every two seconds when it changed, and at the end.

A store is a directory of mode 0700 with files of mode 0600. `manifest.json` names the files of
one moment; it is replaced last and at once, so that a store is always of one piece.
"""

import hashlib
import json
import logging
import os
import threading
from pathlib import Path
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends

from embedded_aws import s3_buckets, stored_iam, stored_kms, stored_tables
from embedded_aws.state import AwsState

logger = logging.getLogger(__name__)

VERSION = 1
SAVE_SECONDS = 2.0
MANIFEST = "manifest.json"

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError)
"""What reading a damaged store may raise."""

Parts = dict[str, Any]
"""The state in parts that are stored in a file each: name -> what JSON can hold."""


class StoreError(Exception):
    """A store that cannot be used; the message names it and says what to do."""

    def __init__(self, directory: Path, reason: str) -> None:
        super().__init__(
            f"The store {directory} cannot be used: {reason}. "
            "Delete it to begin anew (the demo's: make demo-reset)."
        )


class Snapshot:
    """Everything that the embedded AWS knows, as parts and back."""

    def __init__(self, state: AwsState) -> None:
        self.state = state

    def clear(self) -> None:
        """Forget everything."""
        with self.state.lock:
            for backends in (dynamodb_backends, iam_backends, kms_backends):
                backends.clear()
            self.state.credential_store.clear()
            self.state.signin_tokens.clear()
            self.state.buckets.clear()
            self.state.event_buses.clear()
            self.state.event_faults.clear()

    def dump(self) -> Parts:
        """Return everything of this moment."""
        with self.state.lock:
            return {
                "iam": stored_iam.dump(),
                "kms": stored_kms.dump(),
                "credentials": self.state.credential_store.dump(),
                "s3": s3_buckets.dump(self.state.buckets),
                # copies: calls go on while these are written
                "events": {bus: list(entries) for bus, entries in self.state.event_buses.items()},
                **stored_tables.dump(),
            }

    def load(self, parts: Parts) -> None:
        """Take everything back into an empty AWS.

        Raise KeyError, TypeError, ValueError or AttributeError when it does not fit.
        """
        with self.state.lock:
            stored_iam.load(parts["iam"])
            stored_kms.load(parts["kms"])
            self.state.credential_store.load(parts["credentials"])
            stored_tables.load(parts)
            # stores of before have neither
            self.state.buckets.update(s3_buckets.load(parts.get("s3", {})))
            self.state.event_buses.update(parts.get("events", {}))


class Store:
    """A directory that is kept up to date with the state."""

    def __init__(self, snapshot: Snapshot, directory: Path) -> None:
        self._snapshot = snapshot
        self._changed = snapshot.state.changed
        self._directory = directory
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="embedded-aws-store", daemon=True)

    def restore(self) -> bool:
        """Take back what is stored and return whether anything is; raise StoreError."""
        manifest = self._directory / MANIFEST
        if not manifest.exists():
            return False

        try:
            content = json.loads(manifest.read_text(encoding="utf-8"))
            version = content["version"]
            files = {str(name): str(file) for name, file in content["files"].items()}
        except _UNREADABLE as error:
            raise StoreError(self._directory, f"{MANIFEST} cannot be read") from error
        if version != VERSION:
            raise StoreError(self._directory, f"its version is {version}, not {VERSION}")

        try:
            self._snapshot.load({name: self._read_part(file) for name, file in files.items()})
        except _UNREADABLE as error:
            self._snapshot.clear()
            raise StoreError(self._directory, f"it is damaged ({error})") from error
        return True

    def _read_part(self, file: str) -> Any:
        """Return a part; raise ValueError when it is not what was written."""
        # the name alone: a manifest must not lead out of the store
        content = (self._directory / Path(file).name).read_bytes()
        if _file_name(content) != file:
            raise ValueError(f"{file} was altered")
        return json.loads(content)

    def start(self) -> None:
        """Make the directory, save, and go on saving."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # it may have been there with another mode
        self._directory.chmod(0o700)

        self._changed.set()
        self._save()
        self._thread.start()

    def stop(self) -> None:
        """Save for the last time."""
        self._stopping.set()
        self._thread.join()
        self._changed.set()
        self._save()

    def _run(self) -> None:
        while not self._stopping.wait(SAVE_SECONDS):
            try:
                self._save()
            except OSError as error:
                self._changed.set()
                logger.error("The store %s cannot be written: %s", self._directory, error)

    def _save(self) -> None:
        """Write the parts that changed, then the manifest, then drop what it does not name."""
        if not self._changed.is_set():
            return
        # before the dump: what changes during it is saved next time
        self._changed.clear()

        files = {name: self._write_part(part) for name, part in self._snapshot.dump().items()}
        manifest = json.dumps({"version": VERSION, "files": files}, indent=1)
        _write_file(self._directory / MANIFEST, manifest.encode())

        for path in self._directory.glob("*.json"):
            if path.name != MANIFEST and path.name not in files.values():
                path.unlink()

    def _write_part(self, part: Any) -> str:
        """Write a part, unless a file has the same content, and return the file's name."""
        content = json.dumps(part, separators=(",", ":")).encode()
        name = _file_name(content)
        if not (self._directory / name).exists():
            _write_file(self._directory / name, content)
        return name


def _file_name(content: bytes) -> str:
    """Return the name of the file with this content: its hash."""
    return f"{hashlib.sha256(content).hexdigest()[:32]}.json"


def _write_file(path: Path, content: bytes) -> None:
    """Write a file of mode 0600, whole or not at all."""
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    # a reader finds the old file or the new one, also when the machine stops here
    draft.replace(path)

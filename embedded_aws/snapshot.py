"""The state of the embedded AWS in files: saved every two seconds when it changed, and at the end.

A store is a directory of mode 0700 with files of mode 0600. `manifest.json` names the files of one moment; it is
replaced last and at once, so that a store is always of one piece.
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

from embedded_aws import stored_iam, stored_kms, stored_tables
from embedded_aws.state import AwsState

logger = logging.getLogger(__name__)

VERSION = 1
SAVE_SECONDS = 2.0
MANIFEST = "manifest.json"

Parts = dict[str, Any]
"""The state in parts that are stored in a file each: name -> what JSON can hold."""


class StoreError(Exception):
    """A store that cannot be used; the message names it and says what to do."""

    def __init__(self, path: Path, why: str) -> None:
        """Say which store, and why."""
        super().__init__(f"The store {path} cannot be used: {why}. Forget it with: make demo-reset")


class State:
    """Everything that the embedded AWS knows, as parts and back."""

    def __init__(self, world: AwsState) -> None:
        """Speak of one AWS."""
        self.world = world

    def clear(self) -> None:
        """Forget everything."""
        with self.world.lock:
            for backends in (dynamodb_backends, iam_backends, kms_backends):
                backends.clear()
            self.world.ledger.clear()
            self.world.signin_tokens.clear()

    def dump(self) -> Parts:
        """Return everything of this moment."""
        with self.world.lock:
            return {
                "iam": stored_iam.dump(),
                "kms": stored_kms.dump(),
                "credentials": self.world.ledger.dump(),
                **stored_tables.dump(),
            }

    def load(self, parts: Parts) -> None:
        """Take everything back into an empty AWS; raise KeyError, TypeError or ValueError when it does not fit."""
        with self.world.lock:
            stored_iam.load(parts["iam"])
            stored_kms.load(parts["kms"])
            self.world.ledger.load(parts["credentials"])
            stored_tables.load(parts)

    @staticmethod
    def role(account_id: str, name: str) -> Any:
        """Return moto's role."""
        return iam_backends[account_id]["aws"].get_role(name)


class Saver:
    """Keeps a store up to date."""

    def __init__(self, state: State, directory: Path) -> None:
        """Keep the state in a directory."""
        self._state, self._directory = state, directory
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="embedded-aws-store", daemon=True)

    def restore(self) -> bool:
        """Take back what is stored and return whether anything is; raise StoreError."""
        manifest = self._directory / MANIFEST
        if not manifest.exists():
            return False
        try:
            stored = json.loads(manifest.read_text(encoding="utf-8"))
            version = stored["version"]
            files = {str(name): str(file) for name, file in stored["files"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(self._directory, f"{MANIFEST} cannot be read") from error
        if version != VERSION:
            raise StoreError(
                self._directory, f"it is of version {version}, this cooper knows {VERSION}"
            )
        self._take(files)
        return True

    def _take(self, files: dict[str, str]) -> None:
        """Read the parts and give them to the state; raise StoreError when a file is missing or altered."""
        try:
            self._state.load({name: self._read(file) for name, file in files.items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            self._state.clear()
            raise StoreError(self._directory, f"it is damaged ({error})") from error

    def _read(self, file: str) -> Any:
        """Return a part; raise ValueError when it is not what was written."""
        content = (self._directory / Path(file).name).read_bytes()
        if _file_name(content) != file:
            raise ValueError(f"{file} was altered")
        return json.loads(content)

    def start(self) -> None:
        """Make the directory, save, and go on saving."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory.chmod(0o700)
        self._state.world.changed.set()
        self._save()
        self._thread.start()

    def stop(self) -> None:
        """Save for the last time."""
        self._stopping.set()
        self._thread.join()
        self._state.world.changed.set()
        self._save()

    def _run(self) -> None:
        """Save every two seconds when something changed."""
        while not self._stopping.wait(SAVE_SECONDS):
            try:
                self._save()
            except OSError as error:
                self._state.world.changed.set()
                logger.error("The store %s cannot be written: %s", self._directory, error)

    def _save(self) -> None:
        """Write the parts that changed, then the manifest, then drop what no manifest names."""
        if not self._state.world.changed.is_set():
            return
        self._state.world.changed.clear()
        files = {name: self._write_part(part) for name, part in self._state.dump().items()}
        manifest = json.dumps({"version": VERSION, "files": files}, indent=1).encode()
        _write(self._directory / MANIFEST, manifest)
        for each in self._directory.glob("*.json"):
            if each.name != MANIFEST and each.name not in files.values():
                each.unlink()

    def _write_part(self, part: Any) -> str:
        """Write a part, unless there is a file with the same content, and return its file's name."""
        content = json.dumps(part, separators=(",", ":")).encode()
        name = _file_name(content)
        if not (self._directory / name).exists():
            _write(self._directory / name, content)
        return name


def _file_name(content: bytes) -> str:
    """Return the name of the file with this content."""
    return f"{hashlib.sha256(content).hexdigest()[:32]}.json"


def _write(path: Path, content: bytes) -> None:
    """Write a file of mode 0600, whole or not at all."""
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)

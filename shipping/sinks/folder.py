"""A folder of files, a batch each: for people who look, other programs that collect, and tests."""

import os
from pathlib import Path

from shipping.batches import Batch
from shipping.sinks.base import Undelivered


def batch_name(number: int) -> str:
    """Return the name of a batch's file; names sort as the numbers do."""
    return f"batches/{number:012d}.jsonl"


class FolderSink:
    """Files in a folder that only the shipper's user reads."""

    name = "folder"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(self, batch: Batch) -> None:
        self._write(batch_name(batch.number), batch.body)

    def keep(self, name: str, content: bytes) -> None:
        if not (self._folder / name).exists():
            self._write(name, content)

    def problems(self) -> list[str]:
        if not self._folder.is_dir():
            return [f"COOPER_SHIP_FOLDER: {self._folder} is no folder. Make it: mkdir -m 700"]

        if not os.access(self._folder, os.W_OK | os.X_OK):
            return [
                f"COOPER_SHIP_FOLDER: {self._folder} cannot be written. Let its user be cooper's."
            ]
        return []

    def _write(self, name: str, content: bytes) -> None:
        """Write a file that has its name only once it is whole and on the disk."""
        path = self._folder / name
        part = path.with_name(f"{path.name}.part")

        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)

            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())

            part.rename(path)
            _sync_folder(path.parent)
        except OSError as error:
            raise Undelivered(f"{path} cannot be written: {error.strerror}.", again=True) from error


def _sync_folder(folder: Path) -> None:
    """Put a folder's entries on the disk, without which a new name may be lost with the power."""
    descriptor = os.open(folder, os.O_RDONLY)

    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""A folder of files, a batch each: for people who look, other programs that collect, and tests."""

import os
import stat
from pathlib import Path

from shipping.batches import Batch, DeliveredBatch, sha256
from shipping.sinks.base import PassingProblem, Undelivered


def batch_name(number: int) -> str:
    """Return the name of a batch's file; names sort as the numbers do."""
    return f"batches/{number:012d}.jsonl"


def number_of(name: str) -> int:
    """Return the number of the batch in a file of this name; 0 for any other file."""
    stem = name.rpartition("/")[2].removesuffix(".jsonl")
    is_number = len(stem) == len("000000000001") and stem.isascii() and stem.isdigit()
    return int(stem) if is_number else 0


OTHER_CONTENTS = (
    "{path} is there with other contents than cooper's. Somebody else writes there, or the "
    "shipper's table was restored while it ran. Nothing more is sent there until the file is "
    "elsewhere, or the place is another one."
)


class FolderSink:
    """Files in a folder that only the shipper's user reads."""

    name = "folder"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(self, batch: Batch) -> None:
        name = batch_name(batch.number)
        present = self._present(name)
        if present is None:
            self._write(name, batch.body)
        elif present != batch.body:
            raise Undelivered(OTHER_CONTENTS.format(path=self._folder / name), again=True)

    def newest_after(self, number: int) -> DeliveredBatch | None:
        newest = max((number_of(name) for name in self._names()), default=0)
        if newest <= number:
            return None
        return DeliveredBatch(newest, sha256(self._present(batch_name(newest)) or b""))

    def keep(self, name: str, content: bytes) -> None:
        present = self._present(name)
        if present is None:
            self._write(name, content)

    def problems(self) -> list[str]:
        place = f"COOPER_SHIP_FOLDER: {self._folder}"
        try:
            is_folder = stat.S_ISDIR(self._folder.stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            is_folder = False
        except PermissionError:
            return [f"{place} cannot be looked at. Let its user be cooper's."]
        except OSError as error:
            # a file system on the network, say
            return [PassingProblem(f"{place} cannot be looked at: {error.strerror}.")]

        if not is_folder:
            return [f"{place} is no folder. Make it: mkdir -m 700"]
        if not os.access(self._folder, os.R_OK | os.W_OK | os.X_OK):
            return [f"{place} cannot be read and written. Let its user be cooper's."]
        return []

    def _names(self) -> list[str]:
        """Return the names of the batches' files; raise Undelivered.

        What cannot be listed is never taken for empty: numbers would be used again.
        """
        folder = self._folder / "batches"
        try:
            # before the first batch there is no such folder, but the one that it will be in
            is_there = folder in self._folder.iterdir()
            return [file.name for file in folder.iterdir()] if is_there else []
        except OSError as error:
            raise Undelivered(
                f"{folder} cannot be listed: {error.strerror}.", again=True
            ) from error

    def _present(self, name: str) -> bytes | None:
        """Return what a file has, None where there is none."""
        path = self._folder / name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Undelivered(f"{path} cannot be read: {error.strerror}.", again=True) from error

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

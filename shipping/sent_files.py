"""Delivered files, as verification reads them: in a folder, or in the bucket itself."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from core.errors import CooperError, Invalid
from shipping.buckets import BUCKET_NAME, S3_PREFIX, Bucket
from shipping.signatures import SignedEnd
from shipping.sinks.folder import number_of

S3_URL = re.compile(rf"s3://(?P<bucket>{BUCKET_NAME})(?:/(?P<prefix>{S3_PREFIX}))?")


class SentFiles:
    """The batches and signatures in a folder, whatever state they are in."""

    is_restored = False

    def __init__(self, folder: Path) -> None:
        """Take a folder; raise CooperError where there is none."""
        with readable(folder):
            if not folder.is_dir():
                raise CooperError(f"{folder} is no folder.")
        self._folder = folder

    def bodies(self) -> Iterator[tuple[int, bytes]]:
        """Yield the batches by the numbers in their files' names; raise CooperError."""
        for file in self._files("batches", ".jsonl"):
            number = number_of(file.name)
            if number:
                yield number, content_of(file)

    def signed_ends(self) -> Iterator[SignedEnd | None]:
        """Yield the signatures, None for one that is none; raise CooperError."""
        for file in self._files("signatures", ".json"):
            yield readable_end(content_of(file))

    def _files(self, parent: str, ending: str) -> list[Path]:
        """Return the files in folders of a name, however deep; raise CooperError.

        What cannot be listed is never taken for empty.
        """
        files: list[Path] = []
        with readable(self._folder):
            for name, folders, _ in os.walk(self._folder, onerror=give_up):
                # that of a file system's root, which is root's
                folders[:] = [folder for folder in folders if folder != "lost+found"]
                if parent in folders:
                    inside = Path(name, parent).iterdir()
                    files += [file for file in inside if file.name.endswith(ending)]
        return sorted(files)


def content_of(file: Path) -> bytes:
    """Return what a file has; raise CooperError."""
    with readable(file):
        return file.read_bytes()


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Raise CooperError where a path, or what is in it, cannot be read."""
    try:
        yield
    except OSError as error:
        raise CooperError(f"{error.filename or path} cannot be read: {error.strerror}.") from error


def give_up(error: OSError) -> NoReturn:
    """Let no folder be left out."""
    raise error


class SentObjects:
    """The same in a bucket, read as it is: the newest versions, each whole."""

    is_restored = False

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def bodies(self) -> Iterator[tuple[int, bytes]]:
        """Yield the batches by the numbers in their files' names; raise CooperError."""
        for name in self._bucket.names("batches/"):
            number = number_of(name)
            if number:
                yield number, self._bucket.read(name)

    def signed_ends(self) -> Iterator[SignedEnd | None]:
        """Yield the signatures, None for one that cannot be read; raise CooperError."""
        for name in self._bucket.names("signatures/"):
            yield readable_end(self._bucket.read(name))


def sent_files(place: str, region: str = "") -> SentFiles | SentObjects:
    """Return what was delivered to a folder, or to `s3://bucket/prefix/`; raise CooperError."""
    if not place.startswith("s3://"):
        return SentFiles(Path(place))

    url = S3_URL.fullmatch(f"{place.rstrip('/')}/")
    if not url:
        raise Invalid(f"{place} is no place in a bucket, such as s3://example-events/cooper/")
    return SentObjects(Bucket(url["bucket"], url["prefix"] or "", region))


def readable_end(content: str | bytes) -> SignedEnd | None:
    """Return a signature of a text, None where it is none."""
    try:
        return SignedEnd.from_text(content)
    except (ValueError, KeyError, TypeError):
        return None

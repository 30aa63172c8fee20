"""Delivered files, as verification reads them: in a folder, or in the bucket itself."""

import re
from collections.abc import Iterator
from pathlib import Path

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
        if not folder.is_dir():
            raise CooperError(f"{folder} is no folder.")
        self._folder = folder

    def bodies(self) -> Iterator[tuple[int, bytes]]:
        """Yield the batches by the numbers in their files' names."""
        for file in sorted(self._folder.rglob("batches/*.jsonl")):
            number = number_of(file.name)
            if number:
                yield number, file.read_bytes()

    def signed_ends(self) -> Iterator[SignedEnd | None]:
        """Yield the signatures, None for one that cannot be read."""
        for file in sorted(self._folder.rglob("signatures/*.json")):
            yield readable_end(file.read_bytes())


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

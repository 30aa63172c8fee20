"""Delivered files, as verification reads them: a folder, or what was copied from a bucket into one.

`aws s3 sync s3://bucket/prefix folder` makes such a folder.
"""

from collections.abc import Iterator
from pathlib import Path

from core.errors import CooperError
from shipping.signatures import SignedEnd


class SentFiles:
    """The batches and signatures in a folder, whatever state they are in."""

    def __init__(self, folder: Path) -> None:
        """Take a folder; raise CooperError where there is none."""
        if not folder.is_dir():
            raise CooperError(f"{folder} is no folder.")
        self._folder = folder

    def bodies(self) -> Iterator[tuple[int, bytes]]:
        """Yield the batches by the numbers in their files' names."""
        for file in sorted(self._folder.rglob("batches/*.jsonl")):
            if file.stem.isdigit():
                yield int(file.stem), file.read_bytes()

    def signed_ends(self) -> Iterator[SignedEnd | None]:
        """Yield the signatures, None for one that cannot be read."""
        for file in sorted(self._folder.rglob("signatures/*.json")):
            yield readable_end(file.read_bytes())


def readable_end(content: str | bytes) -> SignedEnd | None:
    """Return a signature of a text, None where it is none."""
    try:
        return SignedEnd.from_text(content)
    except (ValueError, KeyError, TypeError):
        return None

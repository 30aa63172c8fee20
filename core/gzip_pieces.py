"""Pages that are mostly the same for many people, as gzip, with the same part compressed once.

A gzip file is a row of deflated blocks between a head and a checksum. Blocks that end with a byte
can stand in a row whoever deflated them, as long as none refers back to text that is not there
(RFC 1951, 2 and 3.2; RFC 1952, 2.3).
"""

import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.http import HttpResponse

MARK = b"<!-- pieces -->"
"""Where a template leaves the place of the pieces. What people typed is escaped."""

PIECE_BYTES = 48_000
"""Bytes of a piece, at least: more than `WINDOW`, so that it refers to the one before it alone."""

WINDOW = 32 * 1024
"""Bytes that a block may refer back to."""

LEVEL = 6
"""How hard zlib tries: Django's level, and zlib's own."""

MOST_RANDOM_BYTES = 100
"""Django's number: the length of a page tells less about what is on it (see `core.http`)."""

# a deflated file with a name, of no time and of an unknown system
_HEAD = b"\x1f\x8b\x08\x08" + bytes(4) + b"\x00\xff"

_END = b"\x03\x00"
"""The last block, without any text."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a page, also deflated: in blocks that refer back to the piece before it."""

    plain: bytes
    deflated: bytes


class PieceResponse(HttpResponse):
    """A page of which the middle is kept in pieces, between what is this request's own."""

    def __init__(self, before: bytes, pieces: Sequence[Piece], after: bytes) -> None:
        middle = [piece.plain for piece in pieces]
        super().__init__(b"".join([before, *middle, after]))
        self.before = before
        self.pieces = pieces
        self.after = after

    def gzipped(self, *, stores_own: bool = False) -> bytes:
        """Return the page as gzip; `stores_own` leaves what is this request's own as it is."""
        return gzipped(self.before, self.pieces, self.after, stores_own=stores_own)


def with_pieces(response: HttpResponse, pieces: Sequence[Piece]) -> HttpResponse:
    """Return a page with the pieces in the place of its `MARK`, or as it is if it has none."""
    before, mark, after = response.content.partition(MARK)
    if not mark:
        return response
    return PieceResponse(before, pieces, after)


def deflate(plain: bytes, window: bytes = b"") -> bytes:
    """Return text as blocks that end with a byte; they refer to `window`, the text before it."""
    method = (LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_DEFAULT_STRATEGY)
    compressor = zlib.compressobj(*method, window)
    return compressor.compress(plain) + compressor.flush(zlib.Z_FULL_FLUSH)


def store(plain: bytes) -> bytes:
    """Return text as blocks that end with a byte and are as long as it, whatever it says."""
    compressor = zlib.compressobj(0, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(plain) + compressor.flush(zlib.Z_FULL_FLUSH)


def pieces_of(text: str, cut: str) -> tuple[Piece, ...]:
    """Return a text in pieces, each but the first of which begins with `cut`."""
    pieces = []
    window = b""
    for plain in _parts_of(text.encode(), cut.encode()):
        pieces.append(Piece(plain, deflate(plain, window)))
        window = plain[-WINDOW:]
    return tuple(pieces)


def changed(pieces: Iterable[Piece], change: Callable[[bytes], bytes]) -> tuple[Piece, ...]:
    """Return the pieces with their text as `change` returns it.

    What has changed is deflated again, and so is the piece after it.
    """
    result = []
    window = b""
    was_changed = False
    for piece in pieces:
        plain = change(piece.plain)
        is_changed = plain != piece.plain
        if is_changed or was_changed:
            result.append(Piece(plain, deflate(plain, window)))
        else:
            result.append(piece)

        was_changed = is_changed
        window = plain[-WINDOW:]
    return tuple(result)


def gzipped(
    before: bytes,
    pieces: Sequence[Piece],
    after: bytes,
    *,
    stores_own: bool = False,
) -> bytes:
    """Return a page as gzip.

    `before` and `after` are compressed now and refer to nothing else, or are left as they are.
    """
    own = store if stores_own else deflate
    checksum = zlib.crc32(before)
    length = len(before) + len(after)
    deflated = []
    for piece in pieces:
        checksum = zlib.crc32(piece.plain, checksum)
        length += len(piece.plain)
        deflated.append(piece.deflated)
    checksum = zlib.crc32(after, checksum)

    return b"".join(
        [
            _HEAD,
            b"a" * secrets.randbelow(MOST_RANDOM_BYTES),
            b"\x00",
            own(before),
            *deflated,
            own(after),
            _END,
            checksum.to_bytes(4, "little"),
            (length % 2**32).to_bytes(4, "little"),
        ]
    )


def _parts_of(data: bytes, cut: bytes) -> Iterator[bytes]:
    begin = 0
    while begin < len(data):
        end = data.find(cut, begin + PIECE_BYTES)
        if end < 0:
            end = len(data)
        yield data[begin:end]
        begin = end

"""Pages of kept pieces as gzip: what comes out is the page, and little of it is compressed anew."""

import gzip
import random

import pytest

from core import gzip_pieces
from core.gzip_pieces import Piece, changed, gzipped, pieces_of

CUT = "<section>"


def text_of(count: int) -> str:
    """Return so many sections, alike and of no order."""
    numbers = random.Random(7)  # noqa: S311 - any numbers do
    return "".join(
        f"{CUT}account {numbers.randrange(10**12):012} · Äpfel, Öl {number % 7}, "
        f"{'read only, ' * (number % 5)}and so on"
        for number in range(count)
    )


@pytest.fixture
def deflated_bytes(monkeypatch) -> list[int]:
    """Note how many bytes each call deflates."""
    counts = []
    deflate = gzip_pieces.deflate

    def deflating(plain: bytes, *arguments: bytes) -> bytes:
        counts.append(len(plain))
        return deflate(plain, *arguments)

    monkeypatch.setattr(gzip_pieces, "deflate", deflating)
    return counts


@pytest.mark.parametrize("count", [0, 1, 100, 5_000])
def test_the_page_comes_out_as_it_went_in(count):
    text = text_of(count)
    pieces = pieces_of(text, CUT)
    packed = gzipped(b"<main>Alice", pieces, b"</main>")
    assert gzip.decompress(packed).decode() == f"<main>Alice{text}</main>"
    assert len(pieces) == {0: 0, 1: 1, 100: 1, 5_000: 9}[count]
    assert all(piece.plain.startswith(CUT.encode()) for piece in pieces)


def test_pieces_pack_as_well_as_the_whole():
    text = text_of(5_000)
    packed = gzipped(b"", pieces_of(text, CUT), b"")
    assert len(packed) < len(gzip.compress(text.encode(), 6)) * 1.02 + 100


def test_what_is_kept_is_not_deflated_again(deflated_bytes):
    pieces = pieces_of(text_of(5_000), CUT)
    deflated_bytes.clear()
    gzipped(b"before", pieces, b"after")
    assert sum(deflated_bytes) == len(b"before" + b"after")


@pytest.mark.parametrize("place", [0, 3, 7, 8])
def test_a_changed_piece_costs_itself_and_the_next_one_which_refers_back_to_it(
    place, deflated_bytes
):
    pieces = pieces_of(text_of(5_000), CUT)
    deflated_bytes.clear()
    one = pieces[place].plain

    def change(plain: bytes) -> bytes:
        return plain.replace(b"account", b"AWS account") if plain == one else plain

    own = changed(pieces, change)
    expected = b"".join(change(piece.plain) for piece in pieces)
    assert gzip.decompress(gzipped(b"", own, b"")) == expected
    assert len([count for count in deflated_bytes if count]) == min(2, 9 - place)
    assert own[:place] == pieces[:place] and own[place + 2 :] == pieces[place + 2 :]


def test_a_piece_refers_back_to_no_more_than_the_one_before_it():
    pieces = pieces_of(text_of(5_000), CUT)
    rest = gzipped(b"something else", pieces[:2], b"")
    assert gzip.decompress(rest) == b"something else" + pieces[0].plain + pieces[1].plain


def test_lengths_tell_less_than_they_could(monkeypatch):
    """Django's own answer to BREACH: a name of random length in the head of the file."""
    page = (b"<main>", (Piece(b"", b""),), b"</main>")
    assert len({len(gzipped(*page)) for _ in range(60)}) > 10

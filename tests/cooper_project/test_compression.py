"""Which pages are compressed: none but those listed, and nothing that shows what was asked for."""

import gzip
import re

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory

from core import gzip_pieces
from core.http import compressed
from tests.support.addresses import addresses, admin_addresses, admin_path, filled

COMPRESSED = {"/"}
"""The addresses whose pages may be compressed, to whoever is signed in."""

PORTAL = sorted(filled(address) for address in addresses() if not address.startswith("/admin/"))
ENDS_THE_SESSION = "/logout/"
GZIP = {"accept-encoding": "gzip, deflate, br"}
QUERIES = ("", "?q=quince", "?page=1", "?page=1&q=", "?next=/device/", "?q=quince&page=2")

LISTED_QUERIES = {None: (), "carol": ("", "?page=1"), "alice": QUERIES}
"""Of a search the hits are compressed, where there may be any: Carol may become nothing."""


def answers(browser: Client, addresses: list[str], queries: tuple[str, ...] = QUERIES):
    """Yield the answers of a GET with each query, and of a POST, at each of the addresses."""
    for address in addresses:
        for query in queries:
            yield f"{address}{query}", browser.get(f"{address}{query}", headers=GZIP)
        yield address, browser.post(address, {"code": "123456", "q": "quince"}, headers=GZIP)


def may_be_compressed(answer: HttpResponse) -> bool:
    """Return whether it is compressed, having checked that its headers say one thing."""
    encoded = answer.headers.get("Content-Encoding")
    control = answer.headers["Cache-Control"]
    assert "no-store" in control
    if answer.streaming:
        assert encoded is None and "no-transform" in control
        return False

    body = answer.content
    assert answer.headers.get("Content-Length", str(len(body))) == str(len(body))
    assert encoded in (None, "gzip")
    has_searched = answer.wsgi_request.GET.keys() - {"page"}
    assert ("no-transform" in control) is bool(encoded is None or has_searched)
    if encoded:
        assert "Accept-Encoding" in answer.headers["Vary"] and "Cookie" in answer.headers["Vary"]
        assert "ETag" not in answer.headers and b"csrfmiddlewaretoken" in gzip.decompress(body)
    return encoded is not None


@pytest.mark.parametrize("person", [None, "alice", "carol"])
def test_nothing_is_compressed_but_what_is_listed(client_of, person):
    browser = client_of(person)
    ordered = [address for address in PORTAL if address != ENDS_THE_SESSION]
    packed = {
        address
        for address, answer in answers(browser, [*ordered, ENDS_THE_SESSION])
        if may_be_compressed(answer)
    }
    listed = {f"{address}{query}" for address in COMPRESSED for query in LISTED_QUERIES[person]}
    assert packed == listed


QUERY_AND_TOKENS = re.compile(rb'DeV-ReAd|name="csrfmiddlewaretoken" value="\w+"')


def test_of_a_search_the_hits_alone_are_compressed(client_of):
    """What a stranger may choose, and every secret, are in blocks that are as long as they are."""
    alice = client_of("alice")
    plain = alice.get("/?q=DeV-ReAd&page=1").content
    packed = alice.get("/?q=DeV-ReAd&page=1", headers=GZIP).content
    shown = len(QUERY_AND_TOKENS.findall(plain))
    assert shown >= 5 and len(QUERY_AND_TOKENS.findall(packed)) == shown
    assert b'class="target"' in plain and b'class="target"' not in packed


def test_hits_are_compressed_by_themselves(client_of, monkeypatch):
    deflated = []
    deflate = gzip_pieces.deflate
    monkeypatch.setattr(
        gzip_pieces, "deflate", lambda plain, *more: deflated.append(plain) or deflate(plain, *more)
    )
    alice = client_of("alice")
    packed = [alice.get(f"/?q={query}", headers=GZIP).content for query in ("dev-read", "DeV-ReAd")]
    pages = [gzip.decompress(page).decode() for page in packed]
    assert all(page.count('class="target"') == 1 for page in pages)
    assert deflated[0] == deflated[1] and len(deflated) == 2
    assert b"csrf" not in deflated[0] and b"<h1>" not in deflated[0]


def test_nothing_of_the_admin_is_compressed(client_of):
    paths = [admin_path(address) for address in admin_addresses()]
    packed = [
        address
        for address, answer in answers(client_of("carol"), paths, QUERIES[:2])
        if may_be_compressed(answer)
    ]
    assert packed == []


def test_a_compressed_page_says_the_same(client_of):
    alice = client_of("alice")
    plain = alice.get("/")
    packed = alice.get("/", headers=GZIP)
    assert "Content-Encoding" not in plain.headers and "Accept-Encoding" in plain.headers["Vary"]
    assert plain.headers["Cache-Control"] == packed.headers["Cache-Control"] == "no-store"

    unpacked = gzip.decompress(packed.content).decode()
    assert unpacked.count('class="target"') == plain.text.count('class="target"') > 0
    assert len(packed.content) < len(plain.content) / 3


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [
        ("gzip", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("br, gzip;q=0.0", False),
        ("identity", False),
        ("x-gzipped", False),
        ("", False),
    ],
)
def test_only_who_takes_gzip_gets_it(client_of, accepted, is_packed):
    answer = client_of("alice").get("/", headers={"accept-encoding": accepted})
    assert (answer.headers.get("Content-Encoding") == "gzip") is is_packed
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_an_error_is_not_compressed(client_of, monkeypatch):
    alice = client_of("alice")
    monkeypatch.setattr("brokers.home_views.home_page", lambda *arguments, **named: 1 / 0)
    answer = alice.get("/", headers=GZIP)
    assert answer.status_code == 500 and not may_be_compressed(answer)


def test_a_head_says_what_the_get_says(client_of):
    answer = client_of("alice").head("/", headers=GZIP)
    assert answer.status_code == 200 and answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) > 200


@pytest.mark.parametrize(
    "response",
    [
        StreamingHttpResponse(["x" * 1000]),
        HttpResponse("x" * 1000, status=400),
        HttpResponse("x" * 1000, headers={"Content-Encoding": "br"}),
        HttpResponse("short"),
    ],
)
def test_what_streams_fails_or_is_encoded_stays_as_it_is(response):
    request = RequestFactory().get("/", headers=GZIP)
    answer = compressed(lambda request: response)(request)
    assert answer.headers.get("Content-Encoding") in (None, "br")

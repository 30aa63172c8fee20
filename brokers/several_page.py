"""The page of several grants, which grows grant by grant.

It is streamed: each profile is sent as soon as its grant is on the audit log as done, so that what
was granted is with the person whatever ends the answer. Nothing is kept for later.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.template.loader import render_to_string

from brokers.credentials_views import region_of, remember_format
from brokers.formats import Format, Piece
from brokers.formats_of_several import (
    LABELS_OF_SEVERAL,
    GrowingFormat,
    Profile,
    formats_of_several,
    growing_format,
)
from brokers.grants import IssuedGrant
from brokers.several import Offer, Result
from core.requests import CooperRequest

PROFILES = "<!-- profiles -->"
"""Where the page stops until there are any."""


def page_in_parts(
    request: CooperRequest,
    growing: GrowingFormat,
    results: Iterator[Result],
    count: int,
    left_out: list[Offer],
) -> Iterator[str]:
    """Yield the page in the format to begin with, a part for each of the `count` results."""
    context = {"count": count, "labels": LABELS_OF_SEVERAL.items(), "growing": growing}
    page = render_to_string("brokers/several_granted.html", context, request)
    before, _, after = page.partition(PROFILES)
    yield before

    done = []
    for number, result in enumerate(results, start=1):
        done.append(result)
        yield _profile_html(growing, result, f"{number} of {count}")

    yield render_to_string("brokers/several_end.html", _end_context(growing, done, left_out))
    yield after
    remember_format(request)


def _profile_html(growing: GrowingFormat, result: Result, place: str) -> str:
    """Return the text of a grant; where the format has comments, with one that says the rest."""
    if not result.issued:
        return _profile(growing, f"{place}: no {result.target}. {result.problem}")

    written = growing_format(growing, [_profile_of(result.issued)])
    if not written.text:
        return _profile(growing, f"{place}: {_not_written(growing, written)}")

    ends = result.issued.credentials.expires_at
    return _profile(growing, f"{place}: until {ends:%Y-%m-%d %H:%M} UTC", written.pieces)


def _profile(growing: GrowingFormat, comment: str, pieces: Iterable[Piece] = ()) -> str:
    line = ""
    if growing.comment:
        # files of the AWS CLI are read in whatever encoding the system has
        plain = " ".join(comment.split()).encode("ascii", "replace").decode()
        line = f"{growing.comment}{plain}\n"
    html = render_to_string("brokers/several_profile.html", {"comment": line, "pieces": pieces})
    return html.removesuffix("\n") + growing.separator


def _not_written(growing: GrowingFormat, written: Format) -> str:
    """Return which profiles could not be written in the format, and why; "" when all could."""
    return written.hint.removeprefix(growing.hint).strip()


def _profile_of(issued: IssuedGrant) -> Profile:
    return Profile(str(issued.target.name), issued.credentials, region_of(issued.target))


def _end_context(
    growing: GrowingFormat, done: list[Result], left_out: list[Offer]
) -> dict[str, Any]:
    grants = [result.issued for result in done if result.issued]
    ends = [issued.credentials.expires_at for issued in grants]

    further = []
    not_written = ""
    for written in formats_of_several(_profile_of(issued) for issued in grants):
        if written.id == growing.id:
            not_written = _not_written(growing, written)
        elif grants:
            further.append(written)

    return {
        "formats": further,
        "not_written": not_written,
        "problems": [result for result in done if not result.issued],
        "left_out": left_out,
        "first_end": min(ends, default=None),
        "grants": grants,
    }

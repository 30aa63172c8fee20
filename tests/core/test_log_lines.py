"""The log: one line for each record, whatever strangers put into it."""

import io
import logging
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from core.django_log import DjangoLineFormatter
from core.log_lines import INDENT, LINE, LineFormatter, visible

DJANGO_LINES = "core.django_log.DjangoLineFormatter"
FORGED = "2026-11-26 10:00:00,000 INFO core.audit all is well"
BREAKS = ["\n", "\r", "\r\n", "\v", "\f", "\x1b[2K", "\x85", "\u2028", "\u2029", "\x00", "\u202e"]


def line_of(message: str, *args: object, **record: Any) -> str:
    formatter = LineFormatter(LINE)
    return formatter.format(
        logging.LogRecord(
            "cooper", logging.INFO, "", 1, message, args, **{"exc_info": None} | record
        )
    )


def raised(error: Exception) -> Any:
    """Return an error as the log gets it, with where it was raised."""
    with pytest.raises(type(error)) as info:
        _raise(error)
    return type(error), error, info.tb


def _raise(error: Exception) -> None:
    raise error from ValueError(*error.args)


def is_harmless(text: str) -> bool:
    return not any(
        unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        for character in text.replace("\n", "")
    )


@pytest.mark.parametrize("between", BREAKS, ids=ascii)
def test_it_forges_no_line(between: str) -> None:
    text = f"a{between}{FORGED}"
    for line in (line_of(text), line_of("%s", text), line_of("%r", [text]), visible(text)):
        assert "\n" not in line and is_harmless(line) and "all is well" in line


@pytest.mark.parametrize("between", BREAKS, ids=ascii)
def test_a_traceback_forges_none_either(between: str) -> None:
    text = f"a{between}{FORGED}"
    error = KeyError(text)
    error.add_note(text)
    first, *others = line_of("failed", exc_info=raised(error)).split("\n")
    assert first.endswith("failed") and "all is well" in "".join(others)
    assert all(line.startswith(INDENT) and is_harmless(line) for line in others)
    assert any(line.startswith(f"{INDENT}Traceback") for line in others)


@given(st.text(), st.text(), st.text())
def test_no_text_does_anything_but_being_read(message: str, arg: str, detail: str) -> None:
    written = line_of(message.replace("%", "") + "%s", arg, exc_info=raised(ValueError(detail)))
    others = written.split("\n")[1:]
    assert is_harmless(written) and written.encode()
    assert all(line.startswith(INDENT) for line in others)


def test_it_leaves_what_can_be_read() -> None:
    for text in ("Zoë 王 👍 ñ", "a b", 'C:\\new "x"'):
        assert visible(text) == text


def test_every_handler_writes_this_way() -> None:
    formatters = settings.LOGGING["formatters"]
    handlers = settings.LOGGING["handlers"].values()
    assert {formatter["()"] for formatter in formatters.values()} == {DJANGO_LINES}
    assert all(handler["formatter"] in formatters for handler in handlers)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return what the product's handler would write."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(DjangoLineFormatter(LINE))
    root = logging.getLogger()
    root.addHandler(handler)
    yield written
    root.removeHandler(handler)


@pytest.mark.parametrize(
    ("person", "address", "status"),
    [
        ("alice", "/admin/", 403),
        ("alice", "/nowhere/", 404),
        ("carol", "/admin/brokers/target/?_to_field=x%0a%1b%5b2K%e2%80%a8forged", 400),
        ("carol", "/admin/brokers/target/?x%0aforged=1", 302),
        ("carol", "/admin/brokers/target/x%0aforged/change/", 404),
    ],
)
def test_an_answer_is_no_traceback(
    client_of: Callable[..., Client], log: io.StringIO, person: str, address: str, status: int
) -> None:
    answer = client_of(person).get(address)
    assert answer.status_code == status
    assert "Traceback" not in log.getvalue()
    assert not [line for line in log.getvalue().splitlines() if line.startswith("forged")]
    assert is_harmless(log.getvalue())


def test_a_fault_keeps_its_traceback(
    client_of: Callable[..., Client], log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("x\nforged")

    monkeypatch.setattr("core.error_pages.page_not_found", broken)
    monkeypatch.setattr("brokers.views.home", broken, raising=False)
    monkeypatch.setattr("accounts.middleware.IdentityMiddleware.__call__", broken)
    assert client_of("alice").get("/").status_code == 500
    assert f"\n{INDENT}Traceback" in log.getvalue() and "\nforged" not in log.getvalue()


@pytest.mark.parametrize("kind", ["access", "refresh", "code", "device"])
def test_no_line_has_a_token(kind):
    """As in what gunicorn says of a header that it cannot read."""
    token = f"cooper_{kind}_" + "aB3_-" * 8
    line = line_of("Invalid HTTP Header: %r", f"Authorizatio\x00: Bearer {token}, and more")
    assert token not in line and "aB3" not in line
    assert f"cooper_{kind}_***, and more" in line

    traced = line_of("it failed", exc_info=raised(ValueError(token)))
    assert "ValueError" in traced and "aB3" not in traced

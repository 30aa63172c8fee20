"""The log: one line for each record, whatever strangers put into it."""

import io
import json
import logging
import re
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from core import __version__
from core.carried_context import carrying_context
from core.django_log import DjangoJsonFormatter, DjangoLineFormatter
from core.log_lines import (
    INDENT,
    LINE,
    TOKEN,
    JsonLineFormatter,
    LineFormatter,
    chosen_format,
    formatter,
    visible,
)

DJANGO_LINES = {
    "core.django_log.DjangoLineFormatter",
    "core.django_log.DjangoJsonFormatter",
}
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
    assert "failed" in first and "all is well" in "".join(others)
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
    assert {formatter["()"] for formatter in formatters.values()} == DJANGO_LINES
    assert all(handler["formatter"] in formatters for handler in handlers)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return what the product's handler would write."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(DjangoLineFormatter(LINE))
    with handling(handler):
        yield written


@contextmanager
def handling(handler: logging.Handler) -> Iterator[None]:
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
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


# -- JSON ------------------------------------------------------------------------------------------
def json_of(message: str, *args: object, **record: Any) -> dict[str, Any]:
    """Return what a line of JSON says; it is one line, of characters that are shown."""
    fields = {"exc_info": None} | record
    line = JsonLineFormatter().format(
        logging.LogRecord("cooper", logging.INFO, "", 1, message, args, **fields)
    )
    assert line.isascii() and line.isprintable()
    fields = json.loads(line)
    assert isinstance(fields, dict)
    return fields


@given(st.text(), st.text(), st.text())
def test_a_line_of_json_says_whatever_it_is_given(message: str, arg: str, detail: str) -> None:
    fields = json_of(message.replace("%", "") + "%s", arg, exc_info=raised(ValueError(detail)))
    assert set(fields) == {"timestamp", "level", "logger", "message", "exception", "version"}
    assert TOKEN.search(arg) or fields["message"].endswith(arg)
    assert "Traceback (most" in fields["exception"] and fields["version"] == __version__


def test_its_time_is_utc_as_rfc_3339_has_it() -> None:
    moment = datetime.fromisoformat(json_of("x")["timestamp"])
    assert moment.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=5)
    assert re.fullmatch(r"[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z", json_of("x")["timestamp"])


def test_json_has_no_token_and_nothing_that_a_library_adds() -> None:
    token = "cooper_access_" + "aB3_-" * 8
    fields = json_of("Bearer %s", token, exc_info=raised(ValueError(token)))
    assert "aB3" not in str(fields) and "cooper_access_***" in fields["exception"]

    record = logging.makeLogRecord({"msg": "x", "request": object(), "secret": token})
    assert set(json.loads(JsonLineFormatter().format(record))) == set(json_of("x"))


def test_what_a_request_logs_has_its_id_from_its_threads_too(
    client_of: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(_: object) -> HttpResponse:
        with ThreadPoolExecutor() as pool:
            list(pool.map(carrying_context(logging.getLogger("cooper").warning), ["from a thread"]))
        logging.getLogger("cooper").warning("of the request")
        return HttpResponse("ok")

    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(DjangoJsonFormatter())
    monkeypatch.setattr("accounts.middleware.IdentityMiddleware.__call__", lambda _, r: told(r))
    client = client_of("alice")
    with handling(handler):
        answer = client.get("/audit/?code=not-for-the-log")

    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["message"].split(" in ")[0] for line in lines] == [
        "from a thread",
        "of the request",
        "GET /audit/ 200",
    ]
    assert {line["request_id"] for line in lines} == {answer["X-Request-Id"]}
    assert lines[2]["logger"] == "cooper.access" and "not-for-the-log" not in written.getvalue()
    assert (lines[2]["method"], lines[2]["path"], lines[2]["status"]) == ("GET", "/audit/", 200)
    assert lines[2]["milliseconds"] >= 0


def test_the_access_log_leaves_out_probes_that_are_well_and_is_turned_off(
    client_of: Callable[..., Client], log: io.StringIO, settings: Any
) -> None:
    client = client_of("alice")
    client.get("/healthz")
    client.get("/static/cooper/page.js").close()
    settings.COOPER_ACCESS_LOG = False
    client.get("/")
    assert "cooper.access" not in log.getvalue()

    settings.COOPER_ACCESS_LOG = True
    client.get("/nowhere")
    assert "cooper.access GET /nowhere 404 in " in log.getvalue()


@pytest.mark.parametrize(
    ("setting", "is_terminal", "kind"),
    [("", True, "text"), ("", False, "json"), ("json", True, "json"), ("text", False, "text")],
)
def test_a_server_writes_json_unless_it_writes_to_a_terminal(
    monkeypatch: pytest.MonkeyPatch, setting: str, is_terminal: bool, kind: str
) -> None:
    monkeypatch.setenv("COOPER_LOG_FORMAT", setting)
    monkeypatch.setattr("sys.stderr", SimpleNamespace(isatty=lambda: is_terminal))
    assert chosen_format() == kind
    assert isinstance(formatter(), JsonLineFormatter if kind == "json" else LineFormatter)

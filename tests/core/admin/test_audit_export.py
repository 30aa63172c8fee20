"""The audit log's export: streamed, on the audit log first, safe for spreadsheets, complete."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from core import audit, audit_export
from core.admin import audit_export as exports_of
from core.audit import AuditEvent, Event
from core.dynamo import transaction
from tests.support import faults
from tests.support.codes import next_code
from tests.support.faults import Fault

EXPORT = "/admin/cooper/auditevent/export/"
DAY = datetime(2026, 2, 3, tzinfo=UTC)
BEFORE, INSIDE, AFTER = (
    DAY - timedelta(microseconds=1),
    DAY + timedelta(hours=5),
    DAY + timedelta(days=2),
)
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "'")
ODD = (*FORMULAS, 'a "quoted", cell', "two\nlines", "für 日本 😀", "a;=b")


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def put(at: datetime, name: str, kind: Event = Event.TARGET_CHANGED, **facts) -> None:
    with transaction() as writes:
        writes.create(audit.event(kind, at=audit.event_key(at, name), **facts))


@pytest.fixture
def events(store) -> None:
    """Put events into two days, around their edges, and with whatever a cell may hold."""
    put(BEFORE, "before", why="not-of-these-days")
    put(AFTER, "after", why="not-of-these-days")
    for number, text in enumerate(ODD):
        moment = DAY + timedelta(hours=number)
        put(
            moment,
            f"n{number:02}",
            why=text,
            person=f"local:{number}",
            target=text or None,
            deep={"a": [text]},
        )
    put(AFTER - timedelta(microseconds=1), "last", Event.STOP_SET, why="the last one")


def asked(how: str = "jsonl", **typed) -> dict[str, str]:
    return {"since": "2026-02-03", "until": "2026-02-04", "format": how, **typed}


def body(answer) -> str:
    return b"".join(answer.streaming_content).decode()


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def exports() -> list[AuditEvent]:
    today = datetime.now(UTC).date()
    events = audit_export.TimeRange.of_days(today, today).events()
    return [event for event in events if event.event == Event.AUDIT_EXPORTED]


def test_it_exports_the_events_of_the_days_and_no_others_oldest_first(carol, events):
    answer = carol.post(EXPORT, asked(code=next_code("carol")))
    assert answer.status_code == 200 and answer.streaming
    assert (
        answer.headers["Content-Type"] == "application/x-ndjson"
        and "no-store" in answer.headers["Cache-Control"]
    )
    assert (
        "cooper-audit-log-2026-02-03-to-2026-02-04.jsonl" in answer.headers["Content-Disposition"]
    )
    found = [json.loads(line) for line in body(answer).splitlines()]
    assert [each["why"] for each in found] == [*ODD, "the last one"]
    assert [each["details"] for each in found[:-1]] == [{"deep": {"a": [text]}} for text in ODD]
    assert (
        found[0]["at"] == "2026-02-03T00:00:00+00:00" and found[0]["event"] == "target:change:done"
    )


def test_its_csv_has_no_cell_that_a_spreadsheet_would_run_and_comes_back_whole(carol, events):
    answer = carol.post(EXPORT, asked("csv", code=next_code("carol")))
    text = body(answer)
    found = rows(text)
    assert list(found[0]) == list(audit_export.COLUMNS) and len(found) == len(ODD) + 1
    cells = [cell for row in found for cell in row.values()]
    assert [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n")] == []
    assert [audit_export.unescape_formula(row["why"]) for row in found[:-1]] == list(ODD)
    assert [json.loads(audit_export.unescape_formula(row["details"])) for row in found[:-1]] == [
        {"deep": {"a": [t]}} for t in ODD
    ]
    assert not re.search(r"(^|[,;])[^\",;\r\n]", text.split("\r\n")[1])  # every cell is quoted


@pytest.mark.parametrize("text", ["", "plain", *ODD])
def test_it_brings_every_cell_back(text):
    assert audit_export.unescape_formula(audit_export.escape_formula(text)) == text


def test_it_is_on_record_before_the_first_byte(carol, events):
    answer = carol.post(EXPORT, asked(code=next_code("carol")))
    [event] = exports()
    assert (
        event.person == "local:carol"
        and event.facts["step_up"] == "code"
        and event.facts["format"] == "jsonl"
    )
    assert (event.facts["since"], event.facts["until"]) == (
        "2026-02-03T00:00:00+00:00",
        "2026-02-05T00:00:00+00:00",
    )
    assert body(answer)


def test_it_exports_nothing_when_that_cannot_be_recorded(carol, events):
    code = next_code("carol")
    with faults.on(Fault("dynamodb", "TransactWriteItems", mode="error", status=500)):
        answer = carol.post(EXPORT, asked(code=code))
    assert answer.status_code == 503 and not answer.streaming and "the last one" not in answer.text


@pytest.mark.parametrize(("code", "status"), [("", 400), ("000000", 400), ("letters", 400)])
def test_it_takes_a_code(carol, events, code, status):
    answer = carol.post(EXPORT, asked(code=code))
    assert answer.status_code == status and not answer.streaming and exports() == []
    assert 'value="2026-02-03"' in answer.text and "errorlist" in answer.text


def test_it_takes_a_code_once(carol, events):
    code = next_code("carol")
    assert carol.post(EXPORT, asked(code=code)).status_code == 200
    assert carol.post(EXPORT, asked(code=code)).status_code == 400 and len(exports()) == 1


def test_it_takes_no_code_by_an_open_window(carol, events, settings):
    settings.COOPER_STEP_UP_SECONDS = 300
    assert carol.post(EXPORT, asked(code=next_code("carol"))).status_code == 200
    assert carol.post(EXPORT, asked(code="")).status_code == 400


def test_it_leads_somebody_without_a_device_to_set_one_up(client_of):
    answer = client_of("dan").get(EXPORT)
    assert answer.status_code == 302 and answer.headers["Location"].startswith("/device/?next=")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"since": "2026-02-05"}, "before the first one"),
        ({"since": "soon"}, "Enter a valid date"),
        ({"until": ""}, "required"),
        ({"format": "xml"}, "Select a valid choice"),
    ],
)
def test_it_says_what_is_wrong_and_burns_no_code(carol, typed, said):
    code = next_code("carol")
    answer = carol.post(EXPORT, asked(code=code) | typed)
    assert answer.status_code == 400 and said in answer.text
    assert carol.post(EXPORT, asked(code=code)).status_code == 200


@pytest.mark.parametrize("days", [("0001-01-01", "9999-12-31"), ("9999-12-31", "9999-12-31")])
def test_it_takes_days_that_are_far_away(carol, events, days):
    answer = carol.post(EXPORT, asked(since=days[0], until=days[1], code=next_code("carol")))
    assert answer.status_code == 200 and body(answer).count("the last one") == (
        days[0] == "0001-01-01"
    )


def test_it_takes_the_days_of_the_search_along(carol):
    page = carol.get("/admin/cooper/auditevent/", {"since": "2026-02-03", "day": "2026-02-04"}).text
    address = page.split('">Export</a>', maxsplit=1)[0].rsplit('href="', 1)[1].replace("&amp;", "&")
    assert (
        'value="2026-02-03"' in carol.get(address).text
        and 'value="2026-02-04"' in carol.get(address).text
    )


def test_it_sends_the_first_piece_before_it_reads_the_rest(store):
    read = []

    def source():
        for number in range(10_000):
            read.append(number)
            yield audit.event(Event.TARGET_CHANGED, why="x" * 1000)

    pieces = exports_of.chunks(audit_export.export_lines(source(), audit_export.Format.CSV))
    assert len(next(pieces)) >= exports_of.CHUNK and len(read) < 100
    assert sum(len(piece) for piece in pieces) > 10_000_000 and len(read) == 10_000


def test_it_reads_a_day_when_it_comes_to_it(events, monkeypatch):
    asked, under = [], AuditEvent.under
    monkeypatch.setattr(
        AuditEvent, "under", lambda day, **named: asked.append(day) or under(day, **named)
    )
    found = audit_export.TimeRange.of_days(DAY.date(), DAY.date() + timedelta(days=300)).events()
    assert next(found).why == ODD[0] and asked == ["2026-02-03"]


# -- on the command line ---------------------------------------------------------------------------
def run(*words: str) -> None:
    call_command("cooper_audit", "export", *words)


def test_the_command_writes_a_file_and_tells_how_far_it_is(events, tmp_path, capsys):
    out = tmp_path / "record.jsonl"
    run("--from", "2026-02-03", "--to", "2026-02-04", "--output", str(out))
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [each["why"] for each in found] == [
        *ODD,
        "the last one",
    ] and out.stat().st_mode & 0o777 == 0o600
    told = capsys.readouterr()
    assert told.out == "" and "2026-02-03: 13 events" in told.err and "Done: 14 events" in told.err
    [event] = exports()
    assert event.facts["os_user"] and event.facts["host"] and event.source == "command"


def test_the_command_writes_csv_to_stdout_between_moments(events, capsys):
    run("--from", "2026-02-03T01:00", "--to", "2026-02-03T05:00+02:00", "--format", "csv")
    text = capsys.readouterr().out
    assert [audit_export.unescape_formula(row["why"]) for row in rows(text)] == list(ODD[1:3])


def test_the_command_leaves_no_half_file(events, tmp_path, monkeypatch):
    def broken(*_: object, **__: object):
        yield "half\n"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cooper_project.management.commands.cooper_audit.export_lines", broken)
    with pytest.raises(CommandError, match="No space left") as failed:
        run("--from", "2026-02-03", "--to", "2026-02-04", "--output", str(tmp_path / "x"))
    assert failed.value.returncode == 1 and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["--from", "soon", "--to", "2026-02-04"], "--from 'soon' is not a day", 2),
        (["--from", "2026-02-03", "--to", "9999-12-31"], "--to '9999-12-31' is not a day", 2),
        (["--from", "0001-01-01T00:00+23:00", "--to", "2026-02-04"], "is not a day or a moment", 2),
        (["--from", "2026-02-05", "--to", "2026-02-04"], "after the beginning", 1),
        (["--from", "2026-02-03", "--to", "2026-02-04", "--output", "/dev/null"], "exists", 1),
        (
            ["--from", "2026-02-03", "--to", "2026-02-04", "--output", "/no/such/folder/x"],
            "could not be written",
            1,
        ),
    ],
)
def test_the_command_says_what_is_wrong_and_exports_nothing(store, words, said, code):
    with pytest.raises(CommandError, match=said) as failed:
        run(*words)
    assert failed.value.returncode == code and exports() == []

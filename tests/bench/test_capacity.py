"""The table of docs/capacity.md: the calls and the units of what people do, counted anew."""

import re
from collections import Counter

import pytest

from bench.stub_aws.copies import copy_tables
from tests.support import faults
from tests.support.codes import give_device, next_code
from tests.support.command_line import CommandLineTool, get_portal
from tests.support.paths import ROOT

PAPER = ROOT / "docs" / "capacity.md"

ROW = re.compile(
    r"^\| (?P<what>[^|]+?) \| (?P<calls>[^|]+?) \| (?P<reads>[\d.]+) \| (?P<writes>\d+) \|$",
    re.MULTILINE,
)

MONTH = re.compile(
    r"^\| (?P<people>[\d,]+) \| (?P<grants>[\d,]+) \| (?P<requests>[\d.]+) \|", re.MULTILINE
)


def rows():
    return {row["what"]: row for row in ROW.finditer(PAPER.read_text())}


def calls_of(row):
    """Read `PutItem, 2 Decrypt`."""
    calls = Counter()
    for text in row["calls"].split(", "):
        count, _, name = text.rpartition(" ")
        calls[name] += int(count or 1)
    return calls


def become(name, delivery="credentials"):
    def post(browser):
        return browser.post(f"/targets/{name}/{delivery}/", {"duration": "900"})

    return post


def become_sensitive(browser):
    form = {"duration": "900", "code": next_code("alice")}
    return browser.post("/targets/prod-admin/credentials/", form)


def page(path):
    return lambda browser: browser.get(path)


def sign_in(browser):
    return browser.post("/login/", {"username": "alice", "password": "cooper-demo"})


HISTORY = 9
"""Read units of the newest 100 events of somebody who makes many grants, 0.7 KB each, for home."""

ACTIONS = {
    "credentials of a role": become("dev-read"),
    "the console, as a role": become("dev-read", "console"),
    "credentials of a federated user": become("dev-uploads"),
    "credentials of a sensitive role": become_sensitive,
    "home": page("/"),
    "a target's page": page("/targets/dev-read/"),
    "one's own page": page("/me/"),
    "a sign-in by password": sign_in,
}


class CommandLines:
    """One that is signed in, and one that its person has just allowed."""

    def __init__(self, browser):
        self.browser = browser
        self.tool = CommandLineTool().sign_in(browser)
        self.new = CommandLineTool()
        self.new.register()
        self.code = self.new.allowed_by(browser)
        # a target's first use in a minute is noted
        self.become()

    def become(self):
        return self.tool.credentials("222222222222", "dev-read")


COMMAND_LINE_ACTIONS = {
    "credentials of a role, by a command line": CommandLines.become,
    "a command line's list of AWS accounts": lambda lines: get_portal(
        "assignment/accounts", lines.tool.access
    ),
    "a command line's refresh": lambda lines: lines.tool.refresh_access(),
    "a command line's yes in the browser": lambda lines: lines.browser.post(
        lines.new.authorize_address(), {"decision": "allow"}
    ),
}


@pytest.mark.parametrize("what", ACTIONS)
def test_the_paper_says_what_it_costs(client_of, what):
    browser = client_of(None if "sign-in" in what else "alice")
    give_device("alice")
    # what this process has not seen yet is read once more
    browser.get("/")
    browser.get("/login/")
    browser.get("/me/")
    check_row(what, lambda: ACTIONS[what](browser))


@pytest.mark.parametrize("what", COMMAND_LINE_ACTIONS)
def test_the_paper_says_what_a_command_line_costs(client_of, what):
    lines = CommandLines(client_of("alice"))
    check_row(what, lambda: COMMAND_LINE_ACTIONS[what](lines))


def test_the_paper_says_what_a_code_costs(client_of):
    lines = CommandLines(client_of("alice"))
    faults.clear()
    assert lines.new.exchange(lines.code).status_code == 200
    calls = faults.journal()
    assert f"{len(calls)} calls, once a sign-in" in PAPER.read_text()


def check_row(what, act):
    database = copy_tables()
    faults.clear()
    assert act().status_code in (200, 302, 303)
    calls = faults.journal()
    for call in calls:
        if call.service == "dynamodb":
            database.operations[call.operation](call.document)

    row = rows()[what]
    assert calls_of(row) == Counter(call.operation for call in calls)
    assert float(row["reads"]) == database.units.reads
    assert int(row["writes"]) == database.units.writes


def test_every_row_of_the_paper_is_counted():
    assert set(rows()) == set(ACTIONS) | set(COMMAND_LINE_ACTIONS)


def test_the_paper_s_month_follows_from_its_rows_and_prices():
    grant = rows()["credentials of a role"]
    home = rows()["home"]
    password = rows()["a sign-in by password"]
    writes = 21 * (10 * int(grant["writes"]) + int(password["writes"]))
    reads = 21 * (
        10 * int(grant["reads"]) + 20 * (float(home["reads"]) + HISTORY) + int(password["reads"])
    )
    dollars = (writes * 0.625 + reads * 0.125) / 1_000_000

    months = list(MONTH.finditer(PAPER.read_text()))
    assert len(months) == 3
    for month in months:
        people = int(month["people"].replace(",", ""))
        assert int(month["grants"].replace(",", "")) == people * 210
        assert month["requests"] == f"{people * dollars:.2f}"

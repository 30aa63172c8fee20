"""A new command line: announced, listed, ended by its person and by an administrator."""

import pytest
from django.conf import settings

from bench.live import live_site
from tests.support.browser import check_layout, expect, follow, in_menu, see, violations
from tests.support.codes import next_code
from tests.support.command_line import CommandLineTool, get_portal

pytestmark = pytest.mark.browser

DEV = "222222222222"
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.7", "HTTP_USER_AGENT": "Boto3/1.44.5 md/Botocore#1.44.5"}
SIGNED_IN = "A new command line signed in as you: botocore-client-cooper, from 127.0.0.1."
MOVED = "used from another address than the one it signed in from: 203.0.113.7."


@pytest.fixture
def site(store):
    with live_site() as address:
        yield address


@pytest.fixture
def open_page(chromium, site):
    """Return what opens a page for somebody, without JavaScript unless it is wanted."""
    contexts = []

    def opened(browser, **options):
        name = settings.SESSION_COOKIE_NAME
        context = chromium.new_context(base_url=site, **options)
        context.set_default_timeout(45_000)
        context.add_cookies([{"name": name, "value": browser.cookies[name].value, "url": site}])
        contexts.append(context)
        page = context.new_page()
        page.problems = []
        return page

    yield opened
    for context in contexts:
        context.close()


def used_from_elsewhere(browser) -> CommandLineTool:
    """Return a command line that has signed in here, and was used somewhere else."""
    tool = CommandLineTool().sign_in(browser)
    tool.extra = ELSEWHERE
    assert tool.credentials(DEV, "dev-read").status_code == 200
    return tool


def is_over(tool: CommandLineTool) -> bool:
    return get_portal("assignment/accounts", tool.access).status_code == 401


def test_its_person_is_told_and_ends_it(client_of, open_page):
    here, elsewhere = client_of("alice"), client_of("alice")
    tool = used_from_elsewhere(here)
    page = open_page(here, java_script_enabled=False)
    page.goto("/?q=dev")
    told = page.get_by_role("region", name="What happened in your name")
    expect(told).to_contain_text(SIGNED_IN)
    expect(told).to_contain_text(MOVED)

    follow(page, told.get_by_role("button", name="That was me"))
    expect(page).to_have_url("/?q=dev")
    expect(told).to_have_count(0)

    other = open_page(elsewhere)
    other.goto("/me/")
    told = other.get_by_role("region", name="What happened in your name")
    expect(told).to_contain_text(SIGNED_IN)
    check_layout(other, "announcements")
    assert violations(other) == []

    follow(other, told.get_by_role("link", name="Not you? End it"))
    row = other.locator("tr", has=other.get_by_role("rowheader", name="botocore-client-cooper"))
    expect(row).to_contain_text("127.0.0.1 later also 203.0.113.7")
    expect(row).to_contain_text("boto3")
    check_layout(other, "command-lines")
    assert violations(other) == []
    follow(other, row.get_by_role("button", name="Sign out"))
    see(other.get_by_text("None is signed in."))
    assert is_over(tool)


def test_an_administrator_ends_it(client_of, open_page):
    tool = used_from_elsewhere(client_of("alice"))
    page = open_page(client_of("carol"), viewport={"width": 1280, "height": 900})
    page.goto("/admin/accounts/person/local_3Aalice/change/")
    see(page.get_by_role("heading", name="Command lines"))
    check_layout(page, "person-command-lines")
    assert violations(page) == []

    follow(page, page.get_by_role("link", name="End the command line botocore-client-cooper"))
    see(page.get_by_text("botocore-client-cooper at 127.0.0.1"))
    page.get_by_label("One-time code").fill(next_code("carol"))
    follow(page, page.get_by_role("button", name="Yes"))
    see(page.get_by_text("None is signed in."))
    assert is_over(tool)


@pytest.mark.parametrize("path", ["/me/", "/targets/dev-read/"])
def test_pages_lead_to_it(client_of, open_page, path):
    page = open_page(client_of("alice"), viewport={"width": 1280, "height": 900})
    page.goto(path)
    see(in_menu(page, "Command line"))
    follow(page, page.get_by_role("link", name="Set up my command line"))
    see(page.get_by_role("heading", name="Set up my command line"))

"""Links to pages of the console in a real browser, with and without JavaScript."""

import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from brokers.console_urls import console_url
from tests.support.browser import check_layout, demo, follow, page, see, violations
from tests.support.console_addresses import console_addresses

__all__ = ["demo", "page"]  # fixtures
pytestmark = pytest.mark.browser

ACCOUNT = "222222222222"
INSTANCES = "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:a=%2Fb"
QUICK_CREATE = (
    "https://eu-west-1.console.aws.amazon.com/cloudformation/home?region=eu-west-1"
    "#/stacks/quickcreate?templateURL=https%3A%2F%2Fs3.amazonaws.com%2Fb%2Ft.yaml"
)
SHORTCUT = f"account_id={ACCOUNT}&role_name=dev-read&destination={quote(INSTANCES, safe='')}"
CONFIRM = "Open console as Development, read only"


def sign_in_here(page) -> None:
    """Sign in on the page that a link has led to."""
    if not page.get_by_label("Username").is_visible():
        page.locator("summary").click()
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill("cooper-demo")
    follow(page, page.get_by_role("button", name="Sign in"))


def landed_at(page) -> str:
    """Return the destination that AWS's sign-in was given."""
    page.wait_for_url(re.compile("/federation"))
    return parse_qs(urlsplit(page.url).query)["Destination"][0]


def collect_reports(page) -> list[str]:
    """Return a list that fills with what the Content-Security-Policy blocks."""
    reports: list[str] = []
    page.expose_function("reportViolation", lambda directive: reports.append(str(directive)))
    page.add_init_script(
        "addEventListener('securitypolicyviolation',"
        " (event) => reportViolation(event.violatedDirective))"
    )
    return reports


def check_accessibility(page, reports: list[str]) -> None:
    """Demand that axe finds nothing; the tool's own styles are blocked and reported."""
    before = len(reports)
    assert violations(page) == []
    del reports[before:]


def test_a_shortcut_with_a_fragment_leads_to_that_very_page(page):
    reports = collect_reports(page)
    page.goto(f"/start/#/console?{SHORTCUT}")
    page.wait_for_url("**/login/**")
    sign_in_here(page)

    see(page.get_by_role("heading", name="Open the console by a link?"))
    assert urlsplit(page.url).path == "/start/console"
    assert page.evaluate("document.activeElement === document.body")
    check_accessibility(page, reports)
    check_layout(page, "link")

    issued_at = page.url
    for key in ("Enter", "Tab", "Enter"):  # the skip link
        page.keyboard.press(key)
    button = page.get_by_role("button", name=CONFIRM)
    button.focus()
    page.keyboard.press("Enter")
    see(page.get_by_text("Enter does not open a link."))
    assert page.url.partition("#")[0] == issued_at

    page.keyboard.press("Space")
    assert landed_at(page) == INSTANCES
    assert reports == [] and page.problems == []


def test_an_address_pasted_as_it_is_keeps_its_fragment(page):
    reports = collect_reports(page)
    page.goto("/")
    sign_in_here(page)
    see(page.get_by_role("heading", name="Your targets"))

    pasted = INSTANCES.replace("https://", f"https://{ACCOUNT}-abcd1234.")
    page.goto(f"/go/?url={pasted}")
    page.wait_for_url(re.compile("%23Instances"))
    see(page.get_by_role("heading", name="Open it as which target?"))
    page.get_by_role("link", name="Development, read only").click()
    page.get_by_role("button", name=CONFIRM).click()
    assert landed_at(page) == INSTANCES

    page.goto(f"/go/?url={quote(INSTANCES, safe='')}")
    see(page.get_by_role("heading", name="Open it as which target?"))
    check_accessibility(page, reports)
    check_layout(page, "link-offers")
    page.goto(f"/go/dev-read/?destination={quote(QUICK_CREATE, safe='')}")
    see(page.get_by_text("creates or changes a CloudFormation stack"))
    check_accessibility(page, reports)
    check_layout(page, "link-action")
    page.get_by_role("button", name=CONFIRM).click()
    assert landed_at(page) == QUICK_CREATE.partition("#")[0]

    page.goto(f"/go/dev-read/?destination={quote(QUICK_CREATE, safe='')}")
    page.get_by_label("The link's own page").check()
    page.get_by_role("button", name=CONFIRM).click()
    assert landed_at(page) == QUICK_CREATE

    for path, name in (("/go/", "go"), ("/start/", "start"), ("/go/?url=x", "go-refused")):
        page.goto(path)
        check_accessibility(page, reports)
        check_layout(page, name)
    page.problems[:] = [text for text in page.problems if "400" not in text]
    assert reports == [] and page.problems == []


def test_links_work_without_javascript(chromium, demo):
    context = chromium.new_context(base_url=demo["url"], java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/start#/console?{SHORTCUT}")
    see(page.get_by_text("need JavaScript"))

    page.goto(f"/start/console?{SHORTCUT}")
    sign_in_here(page)
    see(page.get_by_role("heading", name="Open the console by a link?"))
    address = page.url
    for key in ("Enter", "Space"):
        page.keyboard.press(key)
    assert page.url == address
    page.get_by_role("button", name=CONFIRM).click()
    assert landed_at(page) == INSTANCES

    # Enter in a field presses no button of the form
    page.goto(f"/go/prod-admin/?destination={quote(INSTANCES, safe='')}")
    see(page.get_by_text("Set up a device first"))
    context.close()


def test_a_browser_reads_each_address_as_cooper_does(page):
    page.goto("/start")
    destinations = [console_url(address.url).destination for address in console_addresses()]
    read = page.evaluate(
        "(all) => all.map((each) => [new URL(each).host, new URL(each).href])", destinations
    )
    for destination, (host, href) in zip(destinations, read, strict=True):
        assert host == urlsplit(destination).netloc
        # a browser adds the slash of an empty path, and changes nothing else
        assert destination in (href, href.replace(f"{host}/", host, 1))

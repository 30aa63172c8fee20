"""Every page, with the longest and most awkward data that there may be, in a real browser."""

import json
from urllib.parse import quote as quote_url

import pytest
from django.conf import settings
from django.contrib.admin.utils import quote

from accounts.administrators import guard_admin_change
from accounts.models import LocalAccount, Person, SamlIdp
from bench.live import live_site
from brokers import catalogue
from brokers.models import Association, AwsAccount, Target
from brokers.probing.probe import CAUSES_OF_REFUSAL, ONE_OF_THREE
from brokers.readiness import Place
from core.dynamo import transaction
from tests.support.browser import (
    expect,
    follow,
    preview,
    take_screenshot,
    violations,
)

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
ZOOMED = {"width": 720, "height": 450}
"""A desk of 1440 pixels at 200 %."""

DESK = {"width": 1280, "height": 900}
WIDE = {"width": 1440, "height": 900}
LONG = "Supercalifragilisticexpialidocious"
"""A word that nothing breaks by itself."""

NAME = (LONG * 2)[:64]
GROUP = f"okta:{(LONG * 20)[:500]}"
USERNAME = (LONG * 2)[:60].lower()

BUCKETS = "https://eu-west-1.console.aws.amazon.com/s3/buckets?region=eu-west-1"
"""A page of the console that names no AWS account: each target may be meant."""

STACK = (
    "https://console.aws.amazon.com/cloudformation/home?region=eu-west-1#/stacks/quickcreate"
    f"?stackName={LONG * 10}"
)


def several_granted(page) -> None:
    page.goto("/credentials/?target=staging-deploy&target=staging-read&target=prod-read")
    page.get_by_label("Reason").fill(LONG * 10)
    follow(page, page.get_by_role("button", name="Get credentials"))
    expect(page.get_by_role("heading", name="3 granted")).to_be_visible()
    expect(page.locator(".under-way")).to_be_hidden()


def granted(page) -> None:
    page.goto("/targets/staging-deploy/")
    follow(page, page.get_by_role("button", name="Credentials"))


def event(page) -> None:
    """Open the newest event of the audit log."""
    page.goto("/admin/cooper/auditevent/")
    follow(page, page.locator("#result_list tbody th a").first)


def change_preview(page) -> None:
    page.goto(f"{TARGETS}staging-deploy/change/")
    page.get_by_label("Title").fill("Another title")
    preview(page)


def action_preview(page) -> None:
    """Choose a target and what is done to it, and look at the page that asks."""
    page.goto(TARGETS)
    page.locator(".action-select").first.check()
    page.locator("select[name=action]").select_option("associate")
    follow(page, page.get_by_role("button", name="Go"))


REFUSED = [ONE_OF_THREE, *CAUSES_OF_REFUSAL, LONG * 10]
"""What a test found."""

PORTAL = {
    "login": "/login/",
    "home": "/",
    "home search": "/?q=dev",
    "search": f"/?q={LONG * 5}",
    "target": f"/targets/{NAME}/",
    "target with reason": "/targets/staging-deploy/",
    "device": "/device/",
    "me": "/me/",
    "password": "/me/password/",
    "several": "/credentials/?target=staging-deploy",
    "several granted": several_granted,
    "set up": "/command-line/",
    "granted": granted,
    "go": "/go/",
    "go offers": f"/go/?url={quote_url(BUCKETS, safe='')}",
    "go refused": f"/go/?url={LONG * 10}",
    "go target": f"/go/staging-deploy/?destination={quote_url(STACK, safe='')}",
    "go stopped target": f"/go/{NAME}/?destination={quote_url(BUCKETS, safe='')}",
    "start": "/start",
    "start without role": f"/start/console?account_id=222222222222&role_name={LONG}",
    "not found": "/nowhere/",
}
"""Pages by what they are called: an address, or what is done to come there."""

TARGETS = "/admin/brokers/target/"
ADMIN = {
    "admin": "/admin/",
    "app": "/admin/brokers/",
    "targets": TARGETS,
    "target search": f"{TARGETS}?q={LONG * 5}",
    "target change": f"{TARGETS}{NAME}/change/",
    "role add": f"{TARGETS}add/?kind=role",
    "federated user add": f"{TARGETS}add/?kind=federated_user",
    "target delete": f"{TARGETS}{NAME}/delete/",
    "target history": f"{TARGETS}{NAME}/history/",
    "import": f"{TARGETS}import/",
    "explain": f"{TARGETS}explain/?person=local:{USERNAME}",
    "associations": "/admin/brokers/association/",
    "association change": f"/admin/brokers/association/{quote(f'{NAME}|{GROUP}')}/change/",
    "association add": "/admin/brokers/association/add/",
    "accounts": "/admin/brokers/awsaccount/",
    "account change": "/admin/brokers/awsaccount/222222222222/change/",
    "people": "/admin/accounts/person/",
    "person change": f"/admin/accounts/person/{quote(f'local:{USERNAME}')}/change/",
    "local accounts": "/admin/accounts/localaccount/",
    "local account change": f"/admin/accounts/localaccount/{USERNAME}/change/",
    "identity providers": "/admin/accounts/samlidp/",
    "identity provider": "/admin/accounts/samlidp/okta/change/",
    "emergency stop": "/admin/cooper/installation/grants/change/",
    "emergency stop history": "/admin/cooper/installation/grants/history/",
    "settings": "/admin/cooper/settings/contact/change/",
    "audit log": "/admin/cooper/auditevent/",
    "audit search": f"/admin/cooper/auditevent/?q={LONG * 5}",
    "event": event,
    "export": "/admin/cooper/auditevent/export/",
    "access review": "/admin/brokers/target/review/",
    "target change preview": change_preview,
    "target action preview": action_preview,
    "person history": f"/admin/accounts/person/{quote(f'local:{USERNAME}')}/history/",
    "settings history": "/admin/cooper/settings/contact/history/",
}


@pytest.fixture
def awkward(client_of):
    """Fill the tables with long data; return a browser of an administrator and one of a person."""
    alice = client_of("alice")
    carol = client_of("carol")
    _put_targets()
    _put_people()
    fields = {"duration": "900", "reason": LONG * 14}
    assert alice.post("/targets/staging-deploy/console/", fields).status_code == 303
    assert carol.get(ADMIN["explain"]).status_code == 200
    return {"alice": alice, "carol": carol}


def _put_targets() -> None:
    account = AwsAccount.find("222222222222")
    account.name = (LONG * 3)[:80]
    account.stopped = True
    target = Target(
        NAME,
        kind="role",
        title=(LONG * 4)[:120],
        description=(LONG * 30)[:1000],
        aws_account="222222222222",
        role_arn=f"arn:aws:iam::222222222222:role/{LONG * 10}/dev-read",
        labels=[f"{(LONG * 2)[:32]}={(LONG * 2)[:64]}", "env=dev"],
        state="enabled",
        sensitive=True,
        session_policy='{"Version": "2012-10-17", "Statement": []}' + LONG * 20,
        owner=(LONG * 4)[:120],
        probe={"works": False, "findings": REFUSED, "places": [Place.ASSUME_ROLE] * len(REFUSED)},
    )
    groups = ("local:developers", GROUP)

    def build(writes) -> None:
        writes.save(account)
        writes.create(target)
        for group in groups:
            writes.create(Association(NAME, group))

    catalogue.edit(build, NAME, accounts=["222222222222"])


def _put_people() -> None:
    idp = SamlIdp(
        "okta",
        entity_id=f"https://idp.example/{LONG * 20}",
        label=(LONG * 2)[:60],
        sso=f"https://idp.example/{LONG * 20}",
        group_attributes=[LONG * 5],
        trouble=LONG * 8,
    )
    account = LocalAccount(
        USERNAME, name=(LONG * 4)[:120], password="none", groups=[(LONG * 10)[:250], "admins"]
    )
    person = Person(
        f"local:{USERNAME}",
        provider="local",
        subject=USERNAME,
        name=(LONG * 4)[:120],
        groups=[GROUP, "local:developers"],
    )
    with transaction() as writes:
        for document in (idp, account, person):
            writes.create(document)
        guard_admin_change(writes, f"local:{USERNAME}", was=False, will=True)


@pytest.fixture
def site():
    with live_site() as address:
        yield address


def opened(chromium, site, client, **options):
    """Return a browser's page in which a person of the cast is signed in."""
    context = chromium.new_context(base_url=site, viewport=DESK, **options)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": site}])
    page = context.new_page()
    page.problems = []
    return page


OVERFLOW = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
PORTAL_SAMPLE = ("home", "target", "me", "several", "go offers", "go target", "not found")
ADMIN_SAMPLE = (
    "admin",
    "targets",
    "target change",
    "role add",
    "target history",
    "explain",
    "accounts",
    "person change",
    "local account change",
    "settings",
    "audit log",
    "event",
)
AXE_SAMPLE = ("admin", "targets", "target change")
"""Pages that are looked at in each run; the soak run looks at all."""


def come_to(page, place) -> None:
    """Open the page at an address, or do what leads there."""
    if callable(place):
        place(page)
    else:
        page.goto(place)


def too_wide(page, sizes) -> list[str]:
    """Return the sizes at which the page is wider than its screen, and by how much."""
    found = []
    for size in sizes:
        page.set_viewport_size(size)
        width, room = page.evaluate(OVERFLOW)
        if width > room:
            found.append(f"{width} at {size['width']}")
    return found


@pytest.mark.parametrize(
    ("person", "pages", "sample"),
    [("alice", PORTAL, PORTAL_SAMPLE), ("carol", ADMIN, ADMIN_SAMPLE)],
)
def test_no_page_is_wider_than_its_screen(chromium, site, awkward, person, pages, sample):
    page = opened(chromium, site, awkward[person])
    found = {}
    for name in sample:
        come_to(page, pages[name])
        found[name] = too_wide(page, (PHONE, DESK))
    page.context.close()
    assert {name: widths for name, widths in found.items() if widths} == {}


def test_axe_finds_nothing_on_a_few_pages(chromium, site, awkward):
    page = opened(chromium, site, awkward["carol"], color_scheme="dark")
    page.set_viewport_size(PHONE)
    found = {}
    for name in AXE_SAMPLE:
        come_to(page, ADMIN[name])
        found[name] = violations(page)
    page.context.close()
    assert {name: rules for name, rules in found.items() if rules} == {}


@pytest.mark.soak
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, ZOOMED, WIDE], ids=["390", "720", "1440"])
@pytest.mark.parametrize(
    ("person", "pages"), [("alice", PORTAL), ("carol", ADMIN)], ids=["portal", "admin"]
)
def test_every_page_fits_and_axe_finds_nothing(
    chromium, site, awkward, person, pages, size, scheme
):
    page = opened(chromium, site, awkward[person], color_scheme=scheme)
    found = {}
    for name, place in pages.items():
        page.set_viewport_size(size)
        come_to(page, place)
        found[name] = [*too_wide(page, (size,)), *violations(page)]
        take_screenshot(page, f"long-{name.replace(' ', '-')}-{size['width']}-{scheme}")
    page.context.close()
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_a_refused_test_has_the_trust_policy_at_hand(chromium, site, awkward):
    page = opened(chromium, site, awkward["carol"])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(ADMIN["target change"])
    page.get_by_role("button", name="Copy Trust policy (JSON)").click()
    expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    page.context.close()
    statements = [statement["Sid"] for statement in copied["Statement"]]
    assert statements == ["CooperAssumes", "CooperNamesThePerson"]


BROKEN_WORDS = """
() => {
  const broken = [];
  for (const cell of document.querySelectorAll("#result_list td, #result_list th")) {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      for (const word of walker.currentNode.data.matchAll(/[A-Za-z0-9]+/g)) {
        if (word[0].length > 20) continue;
        const range = document.createRange();
        range.setStart(walker.currentNode, word.index);
        range.setEnd(walker.currentNode, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
        if (lines.size > 1) broken.push(word[0]);
      }
    }
  }
  return broken;
}
"""
"""The words of a list's cells that stand on two lines."""


@pytest.mark.parametrize("size", [DESK, WIDE], ids=["1280", "1440"])
def test_a_list_breaks_no_word_and_scrolls_to_no_side(chromium, site, client_of, size):
    page = opened(chromium, site, client_of("carol"))
    page.set_viewport_size(size)
    page.goto(TARGETS)
    assert page.evaluate(BROKEN_WORDS) == []
    width, room = page.locator(".results").evaluate(
        "(list) => [list.scrollWidth, list.clientWidth]"
    )
    page.context.close()
    assert width <= room


def test_the_menu_of_a_phone_needs_no_script(chromium, site, client_of):
    page = opened(chromium, site, client_of("carol"), java_script_enabled=False)
    page.set_viewport_size(PHONE)
    page.goto("/admin/")
    menu = page.get_by_role("navigation", name="Main")
    expect(menu).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(menu).to_be_visible()
    menu.get_by_role("link", name="Targets").click()
    page.wait_for_url(f"{site}/")
    page.context.close()


def test_the_keyboard_comes_to_the_content_first(chromium, site, client_of):
    page = opened(chromium, site, client_of("carol"))
    page.goto(TARGETS)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    assert skip.evaluate("(link) => link === document.activeElement")
    assert skip.bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.context.close()

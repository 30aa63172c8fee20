"""Every page, with the longest and most awkward data that there may be, in a real browser."""

import pytest
from django.conf import settings
from django.contrib.admin.utils import quote

from accounts.administrators import guard_admin_change
from accounts.models import LocalAccount, Person, SamlIdp
from bench.live import live_site
from brokers import catalogue
from brokers.models import Association, AwsAccount, Target
from core.dynamo import transaction
from tests.support.browser import chromium, expect, take_screenshot, violations

__all__ = ["chromium"]  # a fixture
pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
WIDE = {"width": 1440, "height": 900}
LONG = "Supercalifragilisticexpialidocious"
"""A word that nothing breaks by itself."""

NAME = (LONG * 2)[:64]
GROUP = f"okta:{(LONG * 20)[:500]}"
USERNAME = (LONG * 2)[:60].lower()

PORTAL = {
    "login": "/login/",
    "home": "/",
    "search": f"/?q={LONG * 5}",
    "target": f"/targets/{NAME}/",
    "device": "/device/",
    "not found": "/nowhere/",
}
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
    "export": "/admin/cooper/auditevent/export/",
    "access review": "/admin/brokers/target/review/",
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
        probe={"works": False, "findings": [LONG * 10]},
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


@pytest.mark.parametrize(("person", "pages"), [("alice", PORTAL), ("carol", ADMIN)])
def test_no_page_is_wider_than_its_screen(chromium, site, awkward, person, pages):
    page = opened(chromium, site, awkward[person])
    too_wide = {}
    for name, address in pages.items():
        page.goto(address)
        for size in (PHONE, DESK):
            page.set_viewport_size(size)
            width, room = page.evaluate(OVERFLOW)
            take_screenshot(page, f"long-{name.replace(' ', '-')}-{size['width']}")
            if width > room:
                too_wide[f"{name} at {size['width']}"] = width
    page.context.close()
    assert too_wide == {}


SAMPLE = ("admin", "targets", "target change")
"""Pages that are looked at in each run; the soak run looks at all."""


def test_axe_finds_nothing_on_a_few_pages(chromium, site, awkward):
    page = opened(chromium, site, awkward["carol"], color_scheme="dark")
    found = {name: _violations_at(page, ADMIN[name], PHONE) for name in SAMPLE}
    page.context.close()
    assert {name: rules for name, rules in found.items() if rules} == {}


@pytest.mark.soak
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["390", "1440"])
@pytest.mark.parametrize(("person", "pages"), [("alice", PORTAL), ("carol", ADMIN)])
def test_axe_finds_nothing_on_any_page(chromium, site, awkward, person, pages, size, scheme):
    page = opened(chromium, site, awkward[person], color_scheme=scheme)
    found = {name: _violations_at(page, address, size) for name, address in pages.items()}
    page.context.close()
    assert {name: rules for name, rules in found.items() if rules} == {}


def _violations_at(page, address, size):
    page.set_viewport_size(size)
    page.goto(address)
    return violations(page)


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

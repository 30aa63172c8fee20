"""SAML in a real browser, against two identity providers that nobody here wrote.

pysaml2's server is the one that the demo brings; Auth0's samlp (npm) runs where Node.js is there.
"""

import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from demo import example_idp
from tests.support.browser import (
    check_layout,
    expect,
    in_menu,
    open_console,
    page,
    see,
    violations,
)
from tests.support.paths import SUPPORT
from tests.support.saml_kit import key_pair
from tests.support.served import ROOT, clean, manage, run, serving

__all__ = ["page"]  # a fixture
pytestmark = pytest.mark.browser

GONE = "Target not found, or you have no access"
PASSWORD = "cooper-demo"


@pytest.fixture(scope="module")
def demo() -> Iterator[dict[str, Any]]:
    """Serve the demo's AWS with its identity provider, and a cooper beside it."""
    words = manage("cooper_demo", "--aws-only", "--seed", "--with-parent")
    aws = subprocess.Popen(
        words, cwd=ROOT, env=clean({}), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    environment = {}
    for line in aws.stdout or ():
        if not line.strip():
            break
        name, _, value = line.strip().partition("=")
        environment[name] = value.strip("'")
    environment |= {
        "COOPER_EMBEDDED": "1",
        "COOPER_ADMIN_GROUPS": "local:admins,example:admins,samlp:admins",
    }
    try:
        with serving(environment) as url:
            yield {"url": url, "environment": environment}
    finally:
        aws.terminate()
        aws.communicate(timeout=40)


# -- pysaml2's server ------------------------------------------------------------------------------
def sign_in(page, name: str, address: str = "/", password: str = PASSWORD) -> None:
    page.goto(address)
    page.get_by_role("link", name="Sign in with Example IdP").click()
    page.wait_for_url(re.compile("/example-idp/sso"))
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_it_signs_alice_in_at_the_demos_identity_provider_and_keeps_where_she_was_going(page, demo):
    page.goto("/targets/staging-read/")
    check_layout(page, "saml-login")
    sign_in(page, "alice", "/targets/staging-read/")
    page.wait_for_url("**/targets/staging-read/")
    see(page.get_by_text("example:developers"))
    page.goto("/")
    names = page.locator("li.target .name a")
    expect(names).to_have_count(4)
    for name in (
        "Data analyst",
        "Production, administrator",
        "Staging, deploy",
        "Staging, read only",
    ):
        expect(names.filter(has_text=name)).to_have_count(1)
    opened = open_console(page, "Staging, read only")
    expect(opened.locator("body")).to_contain_text("assumed-role/staging-read/alice.")
    assert page.problems == []


def test_its_people_are_others_than_local_ones_of_the_same_name(page):
    sign_in(page, "alice")
    see(page.get_by_text("example:alice"))
    page.goto("/targets/dev-read/")
    see(page.get_by_text(GONE))


def test_it_tells_an_administrator_by_the_group_of_that_identity_provider(page):
    sign_in(page, "carol")
    in_menu(page, "Administration").click()
    see(page.get_by_role("heading", name="Administration"))
    see(page.get_by_text("example:carol").first)


def test_it_shows_what_is_wrong_at_the_identity_provider_itself(page):
    sign_in(page, "alice", password="wrong-one")
    see(page.get_by_text("That name and password do not match"))
    check_layout(page, "saml-idp")


def test_it_signs_out_here_first_and_then_there(page):
    sign_in(page, "alice")
    see(page.get_by_role("link", name="Staging, read only").first)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login/?signed-out=1")
    page.goto("/targets/staging-read/")
    page.wait_for_url(re.compile("/login/"))


def test_it_works_without_javascript(chromium, demo):
    context = chromium.new_context(base_url=demo["url"], java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "alice")
    page.get_by_role("button", name="Continue to cooper").click()
    see(page.get_by_role("link", name="Staging, read only").first)
    context.close()


def test_its_sign_in_page_is_accessible(page):
    page.goto("/login/")
    assert violations(page) == []


def test_an_administrator_signs_in_afresh_to_set_a_device_up(page):
    sign_in(page, "carol")
    page.wait_for_url(lambda url: "/saml2/" not in url and "/example-idp/" not in url)
    page.goto("/device/")
    page.get_by_role("button", name="Set up my device").click()
    see(page.get_by_role("heading", name="Set up your device"))


# -- Auth0's samlp ---------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def samlp(demo) -> Iterator[str]:
    """Run samlp, connect it, and return its address."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("samlp needs Node.js and npm: apt-get install nodejs npm")
    here, place = SUPPORT / "samlp_idp", ROOT / "var" / "samlp_idp"
    shutil.copytree(here, place, dirs_exist_ok=True)
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(install, cwd=place, check=True, timeout=300, stdout=sys.stderr)
    keys = key_pair("samlp")
    acs = f"{demo['url']}/saml2/acs/"
    process = subprocess.Popen(
        ["node", "server.js", keys.key, keys.certificate, acs],
        cwd=place,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        url = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        added = run(
            manage("cooper_saml", "add", "samlp", "--metadata", f"{url}/metadata"),
            demo["environment"],
        )
        assert added.returncode == 0, added.stderr
        groups = {"staging-db": "samlp:developers", "dev-admin": "samlp:developers"}
        associate(demo["environment"], groups)
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=20)


def associate(environment: dict[str, str], groups: dict[str, str]) -> None:
    """Let groups become targets, as `cooper -import` does."""
    rules = "".join(f"  {target}:\n    {group}:\n" for target, group in groups.items())
    file = ROOT / "var" / "samlp_idp" / "associations.yaml"
    file.write_text(f"cooper: 1\nassociations:\n{rules}")
    imported = run(manage("cooper_import", str(file), "--yes"), environment)
    assert imported.returncode == 0, imported.stdout + imported.stderr


def groups_of(samlp: str, **groups: str) -> None:
    """Set what samlp says of people."""
    urllib.request.urlopen(f"{samlp}/people?{urlencode(groups)}", timeout=10).close()


def sign_in_at_samlp(page, name: str, address: str = "/") -> None:
    page.goto(address)
    page.get_by_role("link", name="Sign in with Samlp").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sso" not in url and "/acs/" not in url)


def test_it_signs_in_at_samlp_with_the_groups_that_it_says(page, samlp):
    groups_of(samlp, alice="developers,everyone")
    sign_in_at_samlp(page, "alice", "/targets/staging-db/")
    page.wait_for_url("**/targets/staging-db/")
    see(page.get_by_text("samlp:developers"))
    see(page.get_by_text("samlp:alice"))


def test_it_takes_a_target_from_a_living_session_once_samlp_says_fewer_groups(
    page, chromium, demo, samlp
):
    groups_of(samlp, erin="developers,admins")
    sign_in_at_samlp(page, "erin", "/targets/staging-db/")
    see(in_menu(page, "Administration"))
    groups_of(samlp, erin="everyone")
    context = chromium.new_context(base_url=demo["url"])
    sign_in_at_samlp(context.new_page(), "erin")
    context.close()
    page.goto("/targets/staging-db/")
    see(page.get_by_text(GONE))
    assert page.goto("/admin/").status == 403


def test_it_gives_samlps_groups_nothing_of_another_identity_provider(page, samlp):
    groups_of(samlp, dan="analysts")
    sign_in_at_samlp(page, "dan", "/targets/data-analyst/")
    see(page.get_by_text(GONE))


def test_both_identity_providers_have_their_button(page, samlp):
    page.goto("/login/")
    names = page.get_by_role("link", name=re.compile("^Sign in with"))
    expect(names).to_have_text([f"Sign in with {example_idp.LABEL}", "Sign in with Samlp"])

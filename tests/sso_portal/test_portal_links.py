"""The portal's pages lead to those of command lines, which register themselves."""

import subprocess
import sys

import pytest

from tests.support.paths import ROOT

SET_UP = "Set up my command line"
LISTED = 'href="/command-line/#mine">My command lines<'


@pytest.fixture
def alice(client_of):
    return client_of("alice")


def test_my_access_leads_to_them(alice):
    page = alice.get("/me/").text
    assert f'href="/command-line/">{SET_UP}<' in page and LISTED in page


def test_a_target_leads_to_its_own_profile(alice):
    page = alice.get("/targets/dev-read/").text
    assert f'href="/command-line/?target=dev-read">{SET_UP}<' in page and LISTED in page
    led = alice.get("/command-line/?target=dev-read").text
    assert "[profile cooper-dev-read]" in led and "[profile cooper-dev-uploads]" not in led


def test_a_target_that_is_closed_to_them_leads_to_all_others(alice):
    assert f'href="/command-line/?target=prod-admin">{SET_UP}<' in (
        alice.get("/targets/prod-admin/").text
    )
    led = alice.get("/command-line/?target=prod-admin").text
    assert "[profile cooper-dev-read]" in led and "aws sso login --profile cooper-" in led


def test_credentials_tell_of_them(alice):
    page = alice.post("/targets/dev-read/credentials/", {"duration": "900"}).text
    assert f'href="/command-line/?target=dev-read">{SET_UP}<' in page and LISTED in page
    assert "no program for command lines" not in page


def test_every_page_has_it_in_its_header(alice, client_of):
    for path in ("/", "/me/", "/credentials/"):
        assert 'href="/command-line/">Command line<' in alice.get(path).text
    assert 'href="/command-line/" aria-current="page">Command line<' in (
        alice.get("/command-line/").text
    )
    assert "/command-line/" not in client_of(None).get("/login/").text


def test_pages_have_no_links_where_nobody_registers_any():
    script = "from brokers.portal_links import portal_links; print(portal_links())"
    answer = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout == "[]\n"

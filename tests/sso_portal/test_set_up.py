"""The page on which people set their command line up."""

import hashlib
import re

import pytest

from brokers import catalogue
from brokers.catalogue_rows import CatalogueAssociation, CatalogueTarget
from brokers.catalogue_state import Catalogue
from tests.support.paths import ROOT

PAGE = "/command-line/"


@pytest.fixture
def alice(client_of):
    return client_of("alice")


@pytest.fixture
def many(store):
    """Let Alice become 300 targets with long names."""
    targets = {}
    rules = {}
    for number in range(300):
        name = f"{'many-' * 12}{number:03}"
        targets[name] = CatalogueTarget(
            name,
            kind="role",
            state="enabled",
            title=f"Many {number:03}",
            aws_account=f"{300_000_000_000 + number % 3}",
            role_arn=f"arn:aws:iam::300000000000:role/R{number}",
            role_name=f"R{number}",
            partition="aws",
        )
        rules[name] = (CatalogueAssociation(name, "local:developers"),)
    catalogue.cache.catalogue = Catalogue.build(catalogue.current().number, targets, {}, rules)
    return sorted(targets)


def profiles_in(text: str) -> set[str]:
    return set(re.findall(r"^\[profile cooper-(\S+)\]$", text, re.MULTILINE))


def test_it_shows_all_of_ones_targets_and_then_those_that_are_ticked(alice):
    page = alice.get(PAGE)
    everything = profiles_in(page.text)
    assert "dev-read" in everything and "prod-admin" not in everything
    assert f"It has all of your {len(everything)} targets" in page.text

    page = alice.post(PAGE, {"target": ["dev-read", "prod-admin", "nothing-there"]})
    assert profiles_in(page.text) == {"dev-read"}
    assert f"It has 1 of your {len(everything)} targets" in page.text
    assert alice.get(PAGE, {"target": "dev-read"}).text.count("[profile ") == 1


def test_what_is_downloaded_is_what_is_shown(alice):
    answer = alice.post(PAGE, {"target": "dev-read", "download": "1"})
    assert answer["Content-Disposition"] == 'attachment; filename="aws-config"'
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text.splitlines()[-1] == "# <<< cooper testserver <<<"
    assert profiles_in(answer.text) == {"dev-read"}
    assert profiles_in(alice.post(PAGE, {"download": "1"}).text) > {"dev-read"}


def test_three_hundred_ticks_are_taken(alice, many):
    page = alice.post(PAGE, {"target": many})
    assert profiles_in(page.text) == set(many)
    assert page.text.count(" checked>") == 300


def test_without_a_script_the_server_filters_and_keeps_what_is_ticked(alice, many):
    ticked = [many[7], many[123]]
    page = alice.post(PAGE, {"target": ticked, "q": "MANY 12"}).text
    shown = re.findall(r'<input type="checkbox" name="target" value="([^"]+)"', page)
    assert set(shown) == {name for name in many if "12" in name[-3:]}
    hidden = re.findall(r'<input type="hidden" name="target" value="([^"]+)"', page)
    assert many[7] in hidden
    assert profiles_in(page) == set(ticked)


def test_it_reads_in_the_order_in_which_one_goes(alice):
    text = alice.get(PAGE).text
    headings = [re.sub("<.*?>", "", words) for words in re.findall(r"<h2[^>]*>(.*?)</h2>", text)]
    assert headings == [
        "Put this block into ~/.aws/config",
        "Sign in",
        "Use any profile",
        "When your targets change",
        "My command lines",
    ]
    assert "2.22.0" in text


def test_it_tells_the_script_and_its_hash(alice):
    text = alice.get(PAGE).text
    assert "python3 cooper-profiles.py http://testserver<" in text
    script = alice.get("/command-line/cooper-profiles.py").content
    assert hashlib.sha256(script).hexdigest() in text
    assert script == (ROOT / "sso_portal/profile_script.py").read_bytes()


def test_somebody_without_targets_is_told_what_to_do(client_of):
    page = client_of("bob").get(PAGE).text
    assert "You have no targets yet." in page and "What to do" in page
    assert "[profile" not in page and "When your targets change" not in page


def test_somebody_with_closed_targets_alone_is_told_what_to_do(alice):
    now = catalogue.current()
    targets = {"prod-admin": now.targets["prod-admin"]}
    rules = {"prod-admin": now.associations_by_target["prod-admin"]}
    catalogue.cache.catalogue = Catalogue.build(now.number, targets, {}, rules)
    page = alice.get(PAGE).text
    assert "None of your targets is open to command lines." in page
    assert "What to do" in page and "[profile" not in page


@pytest.mark.parametrize("words", ["x" * 5_000, "\x00", "<b>", "' \" &"])
def test_odd_words_filter_everything_out_and_nothing_else(alice, words):
    page = alice.post(PAGE, {"q": words})
    assert page.status_code == 200
    assert "<b>" not in page.text and 'type="checkbox"' not in page.text
    assert profiles_in(page.text) > {"dev-read"}


def test_the_public_address_counts_and_has_no_case(alice, settings):
    settings.COOPER_PUBLIC_URL = "https://Cooper.Example.com:8443"
    text = alice.post(PAGE, {"download": "1"}).text
    assert text.startswith("# >>> cooper cooper.example.com:8443 >>>")
    assert "[sso-session cooper-cooper.example.com_8443]" in text
    assert "sso_start_url = https://cooper.example.com:8443/start\n" in text

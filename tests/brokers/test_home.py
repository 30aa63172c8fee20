"""Home is made once for everybody of equal groups, and anew when what it depends on changes."""

import gzip
import inspect
import re
from collections.abc import Iterable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.template import Template
from django.urls import set_script_prefix

from accounts.identity import Identity
from accounts.models import LocalAccount, WebSession
from bench.home_data import catalogue_with as bench_catalogue
from brokers import catalogue, home_cards, home_pages
from brokers.catalogue_rows import CatalogueAssociation, CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.grants import limits
from brokers.models import Association, AwsAccount, State, Target
from brokers.stops import Stops
from core import gzip_pieces
from core.dynamo import transaction
from core.installation import STOP_SWITCH_ITEM, Installation
from core.requests import CooperRequest
from tests.support import clock

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
ALICES_GROUPS = ["analysts", "developers"]
TITLE = "Development, read only"
GZIP = {"accept-encoding": "gzip"}
CARDS = 8
"""What Alice may become."""


@pytest.fixture
def zoe(store):
    """Let there be somebody in the same groups as Alice, in another order."""
    LocalAccount("zoe", name="Zoe <Zamora>", groups=ALICES_GROUPS[::-1], password="unusable").save()


@contextmanager
def counted_cards(monkeypatch) -> Iterable[list[str]]:
    """Yield the names of the cards that are rendered meanwhile."""
    names = []
    render = home_cards.card_html

    def rendering(card):
        names.append(card.name)
        return render(card)

    with monkeypatch.context() as patched:
        patched.setattr(home_cards, "card_html", rendering)
        yield names


def cards_of(text: str) -> str:
    """Return the sections of cards of a page."""
    return text[text.index("<section") : text.rindex("</section>")]


def card_of(text: str) -> str:
    """Return the card of dev-read on a page."""
    [card] = [
        part for part in re.split('(?=<li class="target")', text) if "/targets/dev-read/" in part
    ]
    return card


def edit(name: str, **attributes: object) -> None:
    target = Target.find(name)
    for attribute, value in attributes.items():
        setattr(target, attribute, value)
    catalogue.edit(lambda writes: writes.save(target), name)


# -- for everybody of equal groups -----------------------------------------------------------------
def personal_parts(text: str, person: str, name: str) -> str:
    """Return the page with its token, name and end of the web session struck out."""
    assert name in text and person in text
    text = TOKEN.sub("TOKEN", text).replace(name, "NAME").replace(person, "PERSON")
    return re.sub(r'<div class="session-end".*?</div>', "END", text, flags=re.DOTALL)


def test_two_people_of_equal_groups_get_the_same_page_but_for_what_is_theirs(
    client_of, zoe, monkeypatch
):
    alices = client_of("alice").get("/").text
    with counted_cards(monkeypatch) as rendered:
        zoes = client_of("zoe").get("/").text
    assert rendered == []

    assert cards_of(alices) == cards_of(zoes) and alices.count('class="target"') == CARDS
    shared = personal_parts(alices, "local:alice", "Alice Archer")
    assert shared == personal_parts(zoes, "local:zoe", "Zoe &lt;Zamora&gt;")
    assert set(TOKEN.findall(alices)).isdisjoint(TOKEN.findall(zoes))


def test_each_card_is_rendered_once_whoever_asks(client_of, monkeypatch):
    alice = client_of("alice")
    home_pages.kept.clear()
    with counted_cards(monkeypatch) as rendered:
        for path in ("/", "/?q=development", "/", "/?page=1", "/?q=read"):
            assert alice.get(path).status_code == 200
    assert len(rendered) == len(set(rendered)) == CARDS


def test_somebody_of_other_groups_gets_other_cards(client_of):
    assert TITLE in client_of("alice").get("/").text
    assert "You have no targets yet" in client_of("bob").get("/").text

    account = LocalAccount.find("bob")
    account.groups = ["finance"]
    account.save()
    text = client_of("bob").get("/").text
    assert "Reports bucket of production" in text and TITLE not in text


def test_a_button_of_home_becomes_the_target_with_the_token_of_the_page(client_of, store):
    alice = client_of("alice", enforce_csrf_checks=True)
    text = alice.get("/").text
    form = re.search(r'<form id="get" method="post"[^>]*>(.*?)</form>', text, re.DOTALL)
    button = re.search(
        r'<button form="get" formaction="(/targets/dev-read/credentials/)"'
        r' name="duration" value="(\d+)">',
        text,
    )
    token = TOKEN.search(form[1])[1]
    fields = {"duration": button[2], "csrfmiddlewaretoken": token}
    assert alice.post(button[1], fields).status_code == 200
    assert alice.post(button[1], fields | {"csrfmiddlewaretoken": ""}).status_code == 403


def test_the_list_is_compressed_once_whoever_asks(client_of, zoe, monkeypatch):
    home_pages.kept.clear()
    made = bench_catalogue(200, 60, catalogue.current().number)
    monkeypatch.setattr(catalogue.cache, "catalogue", made)
    client_of("alice").get("/", headers=GZIP)
    deflated = []
    deflate = gzip_pieces.deflate
    monkeypatch.setattr(
        gzip_pieces, "deflate", lambda plain, *more: deflated.append(plain) or deflate(plain, *more)
    )

    browser = client_of("zoe")
    packed = browser.get("/", headers=GZIP)
    assert packed.headers["Content-Encoding"] == "gzip"
    page = gzip.decompress(packed.content)
    assert page.count(b'class="target"') == 200
    assert len(deflated) == 2 and sum(map(len, deflated)) < 12_000 < len(page) / 10

    # a fold changes one piece of several, and the one after it is compressed with it
    browser.post("/fold/", {"fold": f"aws-account:{next(iter(made.accounts))}"})
    deflated.clear()
    page = gzip.decompress(browser.get("/", headers=GZIP).content)
    assert page.count(b"<details>") == 1 and len(deflated) in (3, 4)
    assert TOKEN.sub("", page.decode()) == TOKEN.sub("", browser.get("/").text)


# -- nothing personal is kept ----------------------------------------------------------------------
def test_nothing_that_is_kept_is_about_a_person(client_of, zoe):
    home_pages.kept.clear()
    secrets = {"alice", "zoe", "zamora", "archer", "quince"}
    for username in ("alice", "zoe"):
        browser = client_of(username)
        secrets.add(browser.cookies[settings.SESSION_COOKIE_NAME].value.lower())
        for path in ("/", "/?q=development+quince", "/?q=development", "/?page=1"):
            secrets |= {token.lower() for token in TOKEN.findall(browser.get(path).text)}
    secrets |= {session.key_hash.lower() for session in WebSession.everything()}
    assert len(secrets) > 12

    everything = "\n".join(f"{key!r} {value!r}" for key, value in home_pages.kept.items()).lower()
    assert TITLE.lower() in everything and "local:developers" in everything
    assert [secret for secret in secrets if secret in everything] == []


def test_what_makes_cards_is_given_nothing_of_a_person_or_a_request():
    forbidden = (Identity, CooperRequest)
    for function in (
        home_cards.groups_with_targets,
        home_cards.ends_for,
        home_cards.cards_for,
        home_cards.card_html,
        home_cards.sections_html,
        home_pages.home_page,
    ):
        types = [
            parameter.annotation for parameter in inspect.signature(function).parameters.values()
        ]
        assert types and not [one for one in types if one in forbidden]
        assert not {"request", "identity", "person", "session"} & set(
            inspect.signature(function).parameters
        )


def test_groups_that_are_associated_with_nothing_are_in_no_key(client_of, zoe):
    account = LocalAccount.find("zoe")
    account.groups = [*ALICES_GROUPS, "secret-project-quince"]
    account.save()
    home_pages.kept.clear()
    client_of("zoe").get("/")
    kept = len(home_pages.kept)
    client_of("alice").get("/")
    assert len(home_pages.kept) == kept
    assert "quince" not in repr(list(home_pages.kept.items()))


def test_what_was_made_of_a_catalogue_before_an_edit_is_kept_no_more(client_of):
    """Else a day of edits fills all that may be kept, in each worker."""
    alice = client_of("alice")
    home_pages.kept.clear()
    sizes = []
    for number in range(3):
        target = Target.find("dev-read")
        target.title = f"Title {number}"
        catalogue.edit(lambda writes, target=target: writes.save(target), "dev-read")
        assert f"Title {number}" in alice.get("/").text
        sizes.append(len(home_pages.kept))
    # but for the HTML of the card that was another one
    assert sizes == [sizes[0], sizes[0] + 1, sizes[0] + 2]


# -- another page for whatever changes -------------------------------------------------------------
def test_an_association_that_ends_takes_its_card_along(client_of):
    end = datetime.now(UTC) + timedelta(minutes=10)
    association = Association.find("dev-read", "local:developers")
    association.until = end
    catalogue.edit(lambda writes: writes.save(association), "dev-read")

    alice = client_of("alice")
    assert TITLE in alice.get("/").text
    clock.shift(601)
    text = alice.get("/").text
    assert TITLE not in text and text.count('class="target"') == CARDS - 1
    clock.shift(-601)
    assert TITLE in alice.get("/").text


@pytest.mark.parametrize("seconds", [-1, 0, 1])
def test_an_association_ends_at_its_very_moment(store, seconds):
    end = datetime(2031, 5, 1, 12, 0, tzinfo=UTC)
    target = CatalogueTarget("only", kind="role", state="enabled", aws_account="222222222222")
    one = Catalogue.build(
        7, {"only": target}, {}, {"only": (CatalogueAssociation("only", "local:one", until=end),)}
    )
    moment = end + timedelta(seconds=seconds)
    for now in (moment, end - timedelta(days=1), moment):
        page = home_pages.home_page(["local:one"], one, Stops(), now)
        assert page.count_of_all == (now < end)


def test_a_stop_of_all_grants_disables_the_buttons_at_once(client_of):
    alice = client_of("alice")
    switch = Installation.find(STOP_SWITCH_ITEM)
    for stopped in (True, False):
        switch.stopped = stopped
        with transaction() as writes:
            writes.save(switch)
        page = alice.get("/").text
        text = cards_of(page)
        is_disabled = 'disabled aria-describedby="stop-all"' in text
        assert is_disabled is ('formaction="' not in text) is stopped
        assert ("You may become" not in page) is ("Nobody may become them" in page) is stopped
        # the banner says it once, and the rows say through which groups
        assert page.count("All grants are stopped") == stopped
        assert "local:developers</div>" in text and "badge stopped" not in text


def test_a_stop_of_an_aws_account_disables_its_buttons_at_once(client_of):
    alice = client_of("alice")
    before = cards_of(alice.get("/").text)
    account = AwsAccount.find("222222222222")
    for stopped in (True, False):
        account.stopped = stopped
        catalogue.edit(lambda writes: writes.save(account), accounts=["222222222222"])
        text = cards_of(alice.get("/").text)
        assert ('<b class="badge stopped">stopped</b>' in text) is stopped
        assert "nobody becomes anything" not in text
    assert text == before


@pytest.mark.parametrize(
    ("attributes", "shown"),
    [
        ({"title": "Another <title>"}, "Another &lt;title&gt;"),
        ({"labels": ["env=new"]}, "env=new"),
        ({"colour": "blue"}, 'data-colour="blue"'),
        ({"sensitive": True}, "takes a code"),
        ({"weaker_mode_accepted": True}, "weaker mode"),
        ({"max_seconds": 1800}, 'name="duration" value="1800"'),
    ],
)
def test_a_target_that_changed_is_shown_as_it_is_now(client_of, attributes, shown):
    alice = client_of("alice")
    assert shown not in card_of(alice.get("/").text)
    edit("dev-read", **attributes)
    assert shown in card_of(alice.get("/").text)


def test_a_disabled_target_and_a_removed_association_leave_home(client_of):
    alice = client_of("alice")
    assert alice.get("/").text.count('class="target"') == CARDS
    edit("dev-uploads", state=str(State.DISABLED))
    assert alice.get("/").text.count('class="target"') == CARDS - 1
    association = Association.find("dev-read", "local:developers")
    catalogue.edit(lambda writes: writes.delete(association), "dev-read")
    text = alice.get("/").text
    assert TITLE not in text and text.count('class="target"') == CARDS - 2


def test_what_aws_turned_out_to_allow_is_offered(client_of):
    alice = client_of("alice")
    target = Target.find("dev-read")
    button = 'formaction="/targets/dev-read/console/" name="duration" value="{}"'
    assert button.format(3600) in alice.get("/").text
    limits.remember_longest(target, 1800)
    assert button.format(1800) in alice.get("/").text
    limits.forget()
    assert button.format(3600) in alice.get("/").text


def test_a_shorter_longest_session_of_the_installation_is_offered(client_of, settings):
    alice = client_of("alice")
    assert 'value="3600"' in alice.get("/").text
    settings.COOPER_MAX_SESSION = 1200
    text = alice.get("/").text
    assert 'value="1200"' in text and 'value="3600"' not in text


def test_a_path_that_one_request_named_is_in_nobody_elses_links(client_of):
    alice = client_of("alice")
    home_pages.kept.clear()
    set_script_prefix("/elsewhere/")
    try:
        assert 'href="/elsewhere/targets/dev-read/' in alice.get("/").text
    finally:
        set_script_prefix("/")
    assert "elsewhere" not in alice.get("/").text


def test_two_catalogues_of_one_number_are_told_apart(store):
    """An answer that lacked something is corrected without a change of the number."""
    target = CatalogueTarget("only", kind="role", state="enabled", aws_account="222222222222")
    rules = {"only": (CatalogueAssociation("only", "local:one"),)}
    lacking = Catalogue.build(7, {}, {}, rules)
    whole = Catalogue.build(7, {"only": target}, {}, rules)
    now = datetime.now(UTC)
    counts = [
        home_pages.home_page(["local:one"], one, Stops(), now).count_of_all
        for one in (lacking, whole, lacking)
    ]
    assert counts == [0, 1, 0]


# -- search and pages ------------------------------------------------------------------------------
@pytest.fixture
def many(store, monkeypatch):
    """Let Alice become 250 targets, in pages of 100."""
    monkeypatch.setattr(home_pages, "PER_PAGE", 100)
    targets = {}
    rules = {}
    for number in range(250):
        name = f"many-{number:03}"
        targets[name] = CatalogueTarget(
            name,
            kind="role",
            state="enabled",
            title=f"Many {number:03}",
            aws_account=f"{300_000_000_000 + number % 3}",
            role_arn=f"arn:aws:iam::300000000000:role/Path/R{number}",
            labels=("env=b",) if number % 10 == 0 else ("env=bb",),
        )
        rules[name] = (CatalogueAssociation(name, "local:developers"),)
    number = catalogue.current().number
    catalogue.cache.catalogue = Catalogue.build(number, targets, {}, rules)


def names_on(text: str) -> list[str]:
    return re.findall(r"<code>(many-\d+)</code>", text)


def test_pages_have_every_card_once_and_sections_that_go_on(client_of, many):
    alice = client_of("alice")
    pages = [alice.get(path).text for path in ("/", "/?page=2", "/?page=3")]
    names = [names_on(text) for text in pages]
    assert [len(one) for one in names] == [100, 100, 50]
    assert len({name for one in names for name in one}) == 250
    assert pages[0].count("<section") == 2 and "300000000001" in pages[1]
    assert names_on(alice.get("/?page=99").text) == names[2]
    assert names_on(alice.get("/?page=x").text) == names[0]


def test_a_search_sorts_nothing_anew_and_pages_what_it_finds(client_of, many, monkeypatch):
    alice = client_of("alice")
    alice.get("/")

    def fail(*arguments: object) -> None:
        raise AssertionError("cards are made anew")

    monkeypatch.setattr(home_cards, "cards_for", fail)
    text = alice.get("/?q=ROLE/path").text
    assert "250 of 250 match" in text and len(names_on(text)) == 100
    assert names_on(alice.get("/?q=many+3000-0000-0001&page=1").text)[0] == "many-001"
    assert names_on(alice.get("/?q=r249").text) == ["many-249"]
    assert names_on(alice.get("/?q=label:env=b+role/path").text) == names_on(
        alice.get("/?q=LABEL:Env=B").text
    )
    assert "25 of 250 match" in alice.get("/?q=label:env=b").text
    assert "0 of 250 match" in alice.get("/?q=label:env").text
    assert "0 of 250 match" in alice.get("/?q=r249+nothing").text


def test_cards_are_escaped_once(client_of):
    edit("dev-read", title="<b>&amp;</b>")
    text = client_of("alice").get("/").text
    assert "&lt;b&gt;&amp;amp;&lt;/b&gt;" in text and "<b>" not in text


def test_templates_of_cards_use_nothing_of_a_request():
    for name in ("card", "cards"):
        source = (settings.BASE_DIR / "templates" / "brokers" / f"{name}.html").read_text()
        assert Template(source)
        assert not re.search(r"request|user|identity|csrf|messages|perms", source)

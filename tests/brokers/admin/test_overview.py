"""The first page of the administration: what needs a look, counted, in few calls of AWS."""

import re
from datetime import UTC, datetime

import pytest

from accounts.administrators import NEW_ADMINS
from accounts.models import Person, SamlIdp
from brokers import catalogue
from brokers.admin import overview
from brokers.models import AwsAccount, Target
from core import audit, audit_days
from core.audit import Event
from core.dynamo import transaction
from core.emergency_stop import put_stop
from tests.support import faults
from tests.support.faults import Fault

PAGE = "/admin/"


def cards_of(client) -> dict[str, str]:
    """Return the text of each card, by its title."""
    answer = client.get(PAGE)
    assert answer.status_code == 200
    texts = {}
    for card in re.findall(r'<li class="(?:calm|look)">(.*?)</li>', answer.text, re.DOTALL):
        words = re.sub(r"<[^>]+>", " ", card).split()
        title = re.search(r"<a href=[^>]+>([^<]+)", card)[1]
        texts[title] = " ".join(words).removeprefix(title).strip()
    return texts


def refuse(count: int) -> None:
    with transaction() as writes:
        for _ in range(count):
            writes.create(audit.event(Event.GRANT_REFUSED, person="local:bob", target="prod-read"))


@pytest.fixture
def untidy(store):
    """Let each card have something to say."""
    target = Target.find("dev-read")
    target.state = "pending"
    account = AwsAccount.find("333333333333")
    account.stopped = True

    def build(writes):
        writes.save(target)
        writes.save(account)

    catalogue.edit(build, "dev-read", accounts=["333333333333"])
    with transaction() as writes:
        writes.create(
            SamlIdp(
                "okta",
                entity_id="https://idp.example/",
                label="Okta",
                sso="https://idp.example/",
                trouble="it answered 404",
            )
        )
        writes.create(audit.event(Event.PERSON_MADE_ADMIN, object="local:dan", target=NEW_ADMINS))
    refuse(3)


def test_it_counts_what_needs_a_look(client_of, untidy):
    cards = cards_of(client_of("carol"))
    assert cards["Pending targets"].startswith("1 ")
    assert cards["Disabled or failing targets"].startswith("0 ")
    assert cards["Refused grants today"].startswith("3 ")
    assert "it answered 404" in cards["Certificates that end soon"]
    assert cards["New administrators"].startswith("1 ")
    assert cards["Emergency stop"] == "Off 1 AWS account stopped"
    assert cards["Imports under way"] == "0 None."


def test_the_emergency_stop_is_off_while_nothing_is_stopped(client_of):
    assert cards_of(client_of("carol"))["Emergency stop"] == "Off Nothing is stopped."


def test_it_says_since_when_all_grants_are_stopped_and_what_else_is(client_of, store):
    client_of("alice")
    carol = client_of("carol")
    for name in ("dev-read", "dev-admin"):
        target = Target.find(name)
        target.state = "disabled"
        catalogue.edit(lambda writes, target=target: writes.save(target), name)
    Person.update_item("local:alice", actions=[Person.disabled.set(True)])
    since = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)
    with transaction() as writes:
        put_stop(writes, since, "local:dan", "key leak")

    assert cards_of(carol)["Emergency stop"] == (
        "On since 2026-02-03 04:05 UTC All grants are stopped by local:dan: key leak"
        " 2 targets disabled 1 person disabled"
    )
    links = re.findall(r'<a href="([^"]+)">(?:2 targets|1 person) disabled', carol.get(PAGE).text)
    targets, people = (carol.get(link).text for link in links)
    assert "dev-admin" in targets and "prod-read" not in targets
    assert "local:alice" in people and "local:carol</a></th>" not in people


def test_the_list_of_stopped_aws_accounts_has_no_other(client_of, untidy):
    carol = client_of("carol")
    [link] = re.findall(r'<a href="([^"]+)">1 AWS account stopped', carol.get(PAGE).text)
    page = carol.get(link).text
    assert "333333333333" in page and "222222222222" not in page


def test_the_stop_is_said_although_people_cannot_be_read(client_of):
    carol = client_of("carol")
    with faults.on(Fault(service="dynamodb", operation="Scan", table="people", mode="deny")):
        card = cards_of(carol)["Emergency stop"]
    assert card == "Off People: could not be read"


def test_each_card_leads_to_a_page_that_opens(client_of, untidy):
    carol = client_of("carol")
    links = re.findall(r'<h2><a href="([^"]+)">', carol.get(PAGE).text)
    assert len(links) == 7
    for link in links:
        assert carol.get(link.replace("&amp;", "&")).status_code == 200, link


def test_of_many_refusals_it_says_at_least(client_of, monkeypatch):
    monkeypatch.setattr(overview, "MOST_REFUSALS", 4)
    refuse(6)
    assert cards_of(client_of("carol"))["Refused grants today"].startswith("at least 4 ")


def test_of_a_day_with_many_events_it_reads_a_few_pages(client_of, monkeypatch):
    monkeypatch.setattr(overview, "MOST_PAGES", 1)
    monkeypatch.setattr(audit_days, "FIRST_PAGE_SIZE", 1)
    with transaction() as writes:
        for _ in range(40):
            writes.create(audit.event(Event.AUDIT_VIEWED, person="local:erin"))

    card = cards_of(client_of("carol"))["Refused grants today"]
    assert card.startswith("at least 0 None among the newest events of today.")


def test_what_is_costly_is_kept_for_a_minute(client_of):
    carol = client_of("carol")
    carol.get(PAGE)
    refuse(1)
    faults.clear()
    carol.get(PAGE)
    calls = [call.operation for call in faults.journal()]
    # the request's first read, new administrators for the notice, and the import
    assert sorted(calls) == ["BatchGetItem", "GetItem", "Query"]


@pytest.mark.parametrize(
    ("table", "title"),
    [("saml-idps", "Certificates that end soon"), ("imports", "Imports under way")],
)
def test_a_card_that_cannot_be_read_says_so(client_of, table, title):
    carol = client_of("carol")
    with faults.on(Fault(service="dynamodb", table=table, mode="deny")):
        cards = cards_of(carol)
    assert "Could not be read" in cards[title]
    others = [text for name, text in cards.items() if name != title]
    assert len(others) == 6 and not any("Could not be read" in text for text in others)


def test_an_auditor_gets_no_cards(client_of):
    answer = client_of("erin").get(PAGE)
    assert answer.status_code == 200 and 'class="overview"' not in answer.text

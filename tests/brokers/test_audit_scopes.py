"""Who used any production target yesterday: the audit log is searched by AWS account and label."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from brokers import catalogue
from brokers.admin import target_save
from brokers.models import AwsAccount, Target
from core import audit, audit_search
from core.audit import Event
from core.dynamo import transaction
from tests.support import faults

LIST = "/admin/cooper/auditevent/"
PRODUCTION = "444444444444"
YESTERDAY = datetime.now(UTC).replace(hour=12) - timedelta(days=1)


@pytest.fixture
def carol(client_of):
    return client_of("carol")


@pytest.fixture
def uses(store) -> None:
    """Write who used what yesterday, and the day before."""
    put("prod-read", "local:alice", YESTERDAY)
    put("prod-admin", "local:dan", YESTERDAY + timedelta(minutes=1))
    put("dev-read", "local:bob", YESTERDAY, aws_account="222222222222")
    put("prod-read", "local:erin", YESTERDAY - timedelta(days=1))


def put(target: str, person: str, moment: datetime, aws_account: str = PRODUCTION) -> None:
    event = audit.event(
        Event.GRANT_DONE,
        at=audit.event_key(moment),
        target=target,
        person=person,
        aws_account=aws_account,
        way="console",
    )
    with transaction() as writes:
        writes.create(event)


def uses_in(page: str) -> list[str]:
    rows = page.partition('id="result_list"')[2]
    people = re.findall(r'<td [^>]*class="field-who">(.*?)</td>', rows)
    return [re.sub("<[^>]+>", "", person) for person in people]


def ask(client, text: str, **more: str) -> str:
    day = f"{YESTERDAY:%Y-%m-%d}"
    search = {"q": text, "event": "grant:finish:done", "since": day, "day": day, **more}
    return client.get(LIST, search).text


@pytest.mark.parametrize(
    "text",
    [PRODUCTION, "4444-4444-4444", "4444 4444 4444", "production", "env=prod", "PROD"],
)  # fmt: skip
@pytest.mark.usefixtures("uses")
def test_who_used_any_production_target_yesterday_is_one_search(carol, text):
    assert uses_in(ask(carol, text)) == ["local:dan", "local:alice"]


@pytest.mark.usefixtures("uses")
def test_a_page_says_which_targets_it_searched(carol):
    page = ask(carol, "production")
    assert "AWS account 444444444444 (Production): " in page and "prod-admin, " in page
    assert "label env=" not in page
    assert "Label env=prod: " in ask(carol, "env=prod")
    # a person and a target are searched as before
    assert uses_in(ask(carol, "alice")) == ["local:alice"]
    assert uses_in(ask(carol, "prod-admin")) == ["local:dan"]


@pytest.mark.usefixtures("uses")
def test_events_of_a_deleted_target_are_found_by_its_aws_account_and_said_to_be_that(carol):
    target_save.delete(Target.find("prod-read"))
    page = ask(carol, PRODUCTION)
    assert uses_in(page) == ["local:dan", "local:alice"]
    assert ">prod-read</a> (deleted)<" in page and "(deleted)" not in ask(carol, "prod-admin")
    # one of another AWS account is not among them
    target_save.delete(Target.find("dev-read"))
    assert uses_in(ask(carol, PRODUCTION)) == ["local:dan", "local:alice"]

    by_label = ask(carol, "env=prod")
    assert uses_in(by_label) == ["local:dan"]
    assert "Deleted targets are not among them" in by_label


@pytest.mark.usefixtures("uses")
def test_too_many_targets_are_searched_by_day(carol, monkeypatch):
    monkeypatch.setattr(audit_search, "MOST_TARGETS", 1)
    target_save.delete(Target.find("prod-read"))
    assert uses_in(ask(carol, PRODUCTION)) == ["local:dan", "local:alice"]
    assert uses_in(ask(carol, "env=prod")) == ["local:dan"]


def test_an_account_takes_a_query_a_target_and_one_read_of_them_all(carol):
    add_targets(20)
    for number in range(150):
        moment = YESTERDAY + timedelta(seconds=number)
        put(f"many-{number % 20:02}", f"local:p{number:03}", moment, "999999999999")
    carol.get(LIST)

    faults.clear()
    page = ask(carol, "999999999999")
    calls = [call.operation for call in faults.journal()]
    assert uses_in(page) == [f"local:p{number:03}" for number in range(149, 99, -1)]
    # the targets, the name as a person and as a target, and what every page of the admin reads
    assert calls.count("Query") <= 20 + 3 + 1 and calls.count("BatchGetItem") <= 2 + 1

    older = page.partition('">Older</a>')[0].rpartition('href="?')[2].replace("&amp;", "&")
    second = carol.get(f"{LIST}?{older}").text
    assert uses_in(second) == [f"local:p{number:03}" for number in range(99, 49, -1)]


def add_targets(count: int) -> None:
    account = AwsAccount("999999999999", external_id="x" * 20, name="Many")
    names = [f"many-{number:02}" for number in range(count)]

    def build(writes) -> None:
        writes.create(account)
        for name in names:
            writes.create(Target(name, kind="role", aws_account="999999999999"))

    catalogue.edit(build, *names, accounts=["999999999999"])


def test_a_search_that_takes_too_long_goes_on_where_it_ended(carol, monkeypatch):
    add_targets(3)
    for number in range(200):
        moment = YESTERDAY + timedelta(seconds=number)
        put(f"many-{number % 3:02}", f"local:p{number:03}", moment, "999999999999")
    monkeypatch.setattr(audit_search, "PATIENCE", -1)

    page = ask(carol, "999999999999")
    people = uses_in(page)
    for _ in range(12):
        link = re.search(r'href="\?([^"]+)">(Older|Look further back)</a>', page)
        if not link:
            break
        page = carol.get(f"{LIST}?{link[1].replace('&amp;', '&')}").text
        people += uses_in(page)
    assert people == [f"local:p{number:03}" for number in range(199, -1, -1)]

"""Lists of the admin: search, filters with counts, order, pages, confirmation."""

import re
from functools import partial

import pytest

from brokers import catalogue
from brokers.models import Association, State, Target
from tests.support import faults
from tests.support.codes import next_code
from tests.support.forms import confirmed, submit

LIST = "/admin/brokers/target/"


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def create_all(made, writes) -> None:
    for each in made:
        writes.create(each)


def names(answer) -> list[str]:
    return re.findall(r'href="/admin/brokers/target/([^/"]+)/change/', answer.text)


def test_it_lists_all_targets_by_name(carol):
    found = names(carol.get(LIST))
    assert len(found) == 12 and found == sorted(found)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("dev-uploads", ["dev-uploads"]),
        ("UPLOAD bucket", ["dev-uploads"]),
        ("222222222222", ["dev-admin", "dev-read", "dev-uploads"]),
        ("staging env=staging deploy", ["staging-deploy"]),
        ("database-team", ["staging-db"]),
        ("role/prod-admin", ["prod-admin"]),
        ("nothing like this", []),
        ("<script>", []),
    ],
)
def test_it_searches_everything_that_it_shows(carol, query, found):
    assert names(carol.get(LIST, {"q": query})) == found


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"kind": "federated_user"}, 3),
        ({"kind": "role", "aws_account": "333333333333"}, 3),
        ({"sensitive": "yes"}, 2),
        ({"labels": "env=prod", "kind": "federated_user"}, 1),
        ({"state": "enabled"}, 12),
        ({"state": "pending"}, 0),
        ({"kind": "unheard-of"}, 0),
    ],
)
def test_it_filters(carol, filters, count):
    assert len(names(carol.get(LIST, filters))) == count


def test_it_counts_what_each_filter_would_leave(carol):
    page = carol.get(LIST, {"aws_account": "222222222222"}).text
    assert (
        "IAM role (2)" in page
        and "federated user (1)" in page
        and "Production (444444444444) (4)" in page
    )


def test_it_puts_lists_in_the_order_asked_for(carol):
    up, down = names(carol.get(LIST, {"o": "1"})), names(carol.get(LIST, {"o": "-1"}))
    assert up == sorted(up) and down == up[::-1]
    by_title = [Target.find(name).title.casefold() for name in names(carol.get(LIST, {"o": "2"}))]
    assert by_title == sorted(by_title)


@pytest.mark.parametrize(
    "query",
    [
        "o=99",
        "o=abc",
        "p=0",
        "p=77",
        "p=x",
        "e=1",
        "unknown=1",
        "name__contains=a",
        "_to_field=name",
    ],
)
def test_it_survives_odd_parameters(carol, query):
    assert carol.get(f"{LIST}?{query}", follow=True).status_code in (200, 400)


def test_it_cuts_lists_into_pages(carol):
    for start in range(0, 120, 40):
        made = [
            Target(f"many-{n:03}", kind="role", aws_account="222222222222")
            for n in range(start, start + 40)
        ]
        catalogue.edit(
            lambda writes, made=made: [writes.create(each) for each in made] and None,
            *[t.name for t in made],
        )
    pages = [names(carol.get(LIST, {"p": page})) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [50, 50, 32] and len(
        {*pages[0], *pages[1], *pages[2]}
    ) == 132


def test_it_shows_deleted_targets_nowhere(carol):
    confirmed(carol, "/admin/brokers/target/dev-read/delete/")
    assert "dev-read" not in names(carol.get(LIST))
    assert "dev-read" not in carol.get("/admin/brokers/association/").text


def test_it_asks_before_deleting_chosen_targets(carol):
    chosen = {"action": "delete_chosen", "_selected_action": ["dev-read", "dev-admin"]}
    asked = carol.post(LIST, chosen)
    assert (
        "may no longer become it" in asked.text and Target.find("dev-read").state == State.ENABLED
    )
    done = confirmed(carol, LIST, **chosen, confirmed="yes")
    assert "2 deleted" in done.text and Target.find("dev-admin").state == State.DELETED


def test_it_says_what_to_do_when_nothing_is_chosen(carol):
    answer = carol.post(LIST, {"action": "delete_chosen", "index": "0"}, follow=True)
    assert "must be selected" in answer.text


# -- associations by themselves --------------------------------------------------------------------
ASSOCIATE, ASSOCIATION = "/admin/brokers/association/add/", "association_form"


def test_it_adds_an_association_and_marks_ones_own(carol, client_of):
    answer = submit(carol, ASSOCIATE, ASSOCIATION, target="staging-db", group="admins")
    assert "you entitled yourself" in carol.get(answer["Location"]).text
    assert carol.get("/targets/staging-db/").status_code == 200


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"target": "nowhere", "group": "admins"}, "There is no target"),
        ({"target": "dev-read", "group": "developers"}, "may become this target already"),
        ({"target": "dev-read", "group": "Bad:x"}, "not a provider"),
        ({"target": "dev-read", "group": ""}, "required"),
    ],
)
def test_it_refuses_what_is_no_association(carol, typed, said):
    answer = carol.post("/admin/brokers/association/add/", typed | {"code": next_code("carol")})
    assert answer.status_code == 400 and said in answer.text


def test_it_associates_nothing_with_a_target_that_is_gone_from_its_table(carol):
    catalogue.current()
    Target.delete_item("staging-db")
    answer = submit(carol, ASSOCIATE, ASSOCIATION, target="staging-db", group="finance")
    assert answer.status_code == 400 and "There is no target staging-db" in answer.text
    assert Target.find("staging-db") is None
    assert Association.find("staging-db", "local:finance") is None


def test_it_makes_open_forms_of_the_target_stale(carol):
    before = Target.find("staging-db").version
    submit(carol, ASSOCIATE, ASSOCIATION, target="staging-db", group="finance")
    assert Target.find("staging-db").version == before + 1


def test_it_deletes_an_association(carol, client_of):
    assert client_of("alice").get("/targets/dev-read/").status_code == 200
    address = "/admin/brokers/association/dev-read%7Clocal_3Adevelopers/delete/"
    assert carol.get(address).status_code == 200
    confirmed(carol, address)
    assert Association.find("dev-read", "local:developers") is None
    assert client_of("alice").get("/targets/dev-read/").status_code == 404


# -- stop switches ---------------------------------------------------------------------------------
def stop(carol, address: str, on: str | None) -> None:
    form = "awsaccount_form" if "awsaccount" in address else "installation_form"
    assert submit(carol, address, form, stopped=on).status_code == 302


@pytest.mark.parametrize(
    "address",
    ["/admin/brokers/awsaccount/222222222222/change/", "/admin/cooper/installation/grants/change/"],
)
def test_it_stops_grants_at_once_and_lets_them_go_on(carol, client_of, store, address):
    alice = client_of("alice")
    stop(carol, address, "on")
    issued = len(store.issued)
    refused = alice.post("/targets/dev-read/credentials/", {"duration": 900})
    assert (
        refused.status_code == 403
        and "stopped by an administrator" in refused.text
        and len(store.issued) == issued
    )
    stop(carol, address, "off" if "installation" in address else None)
    assert alice.post("/targets/dev-read/credentials/", {"duration": 900}).status_code == 200


@pytest.mark.parametrize("name", ["secret-keys", "schema", "demo"])
def test_it_shows_nothing_else_of_the_installation(carol, name):
    answer = carol.get(f"/admin/cooper/installation/{name}/change/")
    assert answer.status_code == 302 and answer["Location"] == "/admin/"


def test_it_lets_nobody_delete_what_has_to_stay(carol):
    for address in (
        "brokers/awsaccount/222222222222",
        "cooper/installation/grants",
        "accounts/person/local_3Acarol",
    ):
        assert confirmed(carol, f"/admin/{address}/delete/").status_code == 403


@pytest.mark.parametrize("query", ["", "?q=dev", "?state=enabled", "?o=3"])
def test_it_asks_dynamodb_as_often_for_many_targets_as_for_few(carol, query):
    many = [
        Target(f"other-{number}", kind="role", state="enabled", aws_account="222222222222")
        for number in range(80)
    ]
    carol.get(LIST + query)
    few = catalogue_queries(carol, query)
    for some in (many[:40], many[40:]):
        catalogue.edit(partial(create_all, some), *(str(each.name) for each in some))
    carol.get(LIST + query)
    assert catalogue_queries(carol, query) == few <= 3


def catalogue_queries(carol, query: str) -> int:
    """Return how often a list asks for news of the catalogue."""
    faults.clear()
    assert carol.get(LIST + query).status_code == 200
    return faults.count("dynamodb", "Query", "changes")

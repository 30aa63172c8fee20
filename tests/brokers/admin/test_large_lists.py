"""Lists of many: what the page does not show is prepared once for a catalogue, not per request."""

import random
import re
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from brokers import catalogue
from brokers.admin.associations import AssociationAdmin
from brokers.admin.filters import LabelFilter
from brokers.admin.targets import TargetAdmin
from brokers.catalogue_rows import CatalogueAssociation, CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.models import Association, AwsAccount, Target
from core import admin
from tests.support import clock

MANY = 300
ACCOUNTS = ("222222222222", "333333333333", "444444444444")
TARGETS = "/admin/brokers/target/"
ASSOCIATIONS = "/admin/brokers/association/"
QUERIES = ("", "?q=other+team-3", "?state=enabled", "?labels=env%3D3&state=enabled", "?o=3", "?p=2")


def many_targets() -> Catalogue:
    """Return a catalogue of many targets, and as many groups."""
    number = catalogue.current().number
    chance = random.Random(11)  # noqa: S311 - any will do
    targets = {}
    rules = {}
    for place in range(MANY):
        name = f"other-{place:03}"
        targets[name] = CatalogueTarget(
            name,
            kind=chance.choice(("role", "federated_user")),
            state=chance.choice(("enabled", "enabled", "disabled", "pending")),
            sensitive=chance.random() < 0.2,
            title=chance.choice(("Other", "other", "Öther", None)),
            labels=(f"env={chance.randrange(5)}", f"place={place}")[: chance.randrange(3)],
            aws_account=chance.choice(ACCOUNTS),
            role_arn=f"arn:aws:iam::222222222222:role/{name}",
        )
        rules[name] = (
            CatalogueAssociation(name, f"local:team-{place}"),
            CatalogueAssociation(name, "okta:all"),
        )
    names = iter(("Möbius", "alpha", "Beta"))
    accounts = {one: AwsAccount(one, name=next(names)) for one in ACCOUNTS}
    return Catalogue.build(number, targets, accounts, rules)


@pytest.fixture
def many(store) -> Catalogue:
    catalogue.cache.catalogue = many_targets()
    return catalogue.cache.catalogue


@contextmanager
def counted_calls(monkeypatch, *methods: tuple[type, str]):
    """Yield how often each of these methods is called meanwhile, by its name."""
    counts: Counter[str] = Counter()
    with monkeypatch.context() as patched:
        for owner, name in methods:
            original = getattr(owner, name)

            def counting(self, *arguments, _original=original, _name=name, **named):
                counts[_name] += 1
                return _original(self, *arguments, **named)

            patched.setattr(owner, name, counting)
        yield counts


PREPARING = (
    (admin.ValuesFilter, "values_of"),
    (TargetAdmin, "search_value"),
    (TargetAdmin, "groups"),
    (AssociationAdmin, "search_value"),
    (AssociationAdmin, "title"),
)


@pytest.mark.parametrize("path", [TARGETS, ASSOCIATIONS])
def test_what_the_page_does_not_show_is_prepared_once(client_of, many, monkeypatch, path):
    carol = client_of("carol")
    queries = (
        QUERIES if path == TARGETS else ("", "?q=team-3", "?group=okta:all", "?o=2.-1", "?p=3")
    )
    for query in queries:
        assert carol.get(f"{path}{query}").status_code == 200

    for query in (*queries, "?q=another+search"):
        with counted_calls(monkeypatch, *PREPARING) as counts:
            assert carol.get(f"{path}{query}").status_code == 200
        rows = counts.pop("groups", 0) + counts.pop("title", 0)
        assert counts == {} and rows <= TargetAdmin.list_per_page


def test_an_edit_is_in_the_list_at_once(client_of, store):
    carol = client_of("carol")
    assert "Quince" not in carol.get(f"{TARGETS}?q=quince").text.split('id="changelist"')[1]
    target = Target.find("dev-read")
    target.title = "Quince"
    target.labels = ["fruit=quince"]
    catalogue.edit(lambda writes: writes.save(target), "dev-read")

    text = carol.get(f"{TARGETS}?q=quince").text
    assert "1 target" in text and "fruit=quince (1)" in text
    assert carol.get(f"{ASSOCIATIONS}?q=quince").text.count("Quince") >= 1


# -- the same as one by one ------------------------------------------------------------------------
def names_on(text: str) -> list[str]:
    return re.findall(r"/admin/brokers/target/(other-\d+)/change/", text)


def all_names(carol, query: str) -> list[str]:
    """Return the names on all pages of a list."""
    names: list[str] = []
    for page in range(1, 9):
        answer = carol.get(f"{TARGETS}?{query}&p={page}")
        own = names_on(answer.text)
        if answer.status_code != 200 or set(own) <= set(names):
            break
        names += own
    return names


SEARCHES = {
    "state=enabled": lambda target: target.state == "enabled",
    "sensitive=yes&kind=role": lambda target: target.sensitive and target.kind == "role",
    "labels=env%3D3": lambda target: "env=3" in target.labels,
    "aws_account=333333333333&state=disabled": lambda target: (
        target.aws_account == "333333333333" and target.state == "disabled"
    ),
    "q=2222-2222-2222+other-1": lambda target: "other-1" in target.name,
    "q=ALPHA": lambda target: target.aws_account == "333333333333",
    "q=o%CC%88ther": lambda target: target.title == "Öther",
    "q=team-29": lambda target: target.name.startswith("other-29") or target.name == "other-029",
    "state=gone": lambda target: False,
}


@pytest.mark.parametrize("query", SEARCHES)
def test_filters_and_searches_leave_what_they_say(client_of, many, query):
    expected = sorted(name for name, target in many.targets.items() if SEARCHES[query](target))
    assert all_names(client_of("carol"), query) == expected


@pytest.mark.parametrize(
    ("sign", "column", "attribute"),
    [("", "account_link", "aws_account"), ("-", "state_label", "state")],
)
def test_orders_are_total_and_go_over_all_pages(client_of, many, sign, column, attribute):
    place = TargetAdmin.list_display.index(column) + 1
    names = all_names(client_of("carol"), f"o={sign}{place}")
    values = [getattr(many.targets[name], attribute) for name in names]
    assert values == sorted(values, reverse=sign == "-")
    assert len(names) == len(set(names)) == MANY
    for value in set(values):
        same = [name for name, own in zip(names, values, strict=True) if own == value]
        assert same == sorted(same)


def test_counts_are_those_of_what_the_other_filters_leave(client_of, many):
    text = client_of("carol").get(f"{TARGETS}?state=enabled&q=other").text
    enabled = [target for target in many.targets.values() if target.state == "enabled"]
    for kind, label in (("role", "IAM role"), ("federated_user", "federated user")):
        count = sum(target.kind == kind for target in enabled)
        assert f"{label} ({count})" in text
    states = Counter(target.state for target in many.targets.values())
    for state, count in states.items():
        assert f"{state} ({count})" in text


# -- filters of many values ------------------------------------------------------------------------
def test_a_filter_of_many_values_shows_the_most_frequent_and_says_so(client_of, many):
    text = client_of("carol").get(ASSOCIATIONS).text
    links = re.findall(r'href="\?group=([^"&]+)"', text)
    assert len(links) == admin.ValuesFilter.most_choices and f"okta:all ({MANY})" in text
    assert f"{MANY + 1 - len(links)} more: search for them." in text


def test_a_value_that_is_not_among_them_can_be_chosen(client_of, many):
    text = client_of("carol").get(f"{ASSOCIATIONS}?group=local:team-299").text
    assert "1 association" in text and "Group: <strong>local:team-299" in text
    assert "local:team-299 (1)" in text


def test_labels_are_chosen_by_how_many_have_them(client_of, many):
    text = client_of("carol").get(TARGETS).text
    counts = Counter(label for target in many.targets.values() for label in target.labels)
    assert len(counts) > LabelFilter.most_choices
    for label, count in counts.most_common(5):
        assert f"{label} ({count})" in text


# -- what depends on more than the catalogue -------------------------------------------------------
def test_an_association_that_ends_moves_to_another_filter(client_of, store):
    association = Association.find("dev-read", "local:developers")
    association.until = datetime.now(UTC) + timedelta(minutes=10)
    catalogue.edit(lambda writes: writes.save(association), "dev-read")
    carol = client_of("carol")
    assert "ends (1)" in carol.get(ASSOCIATIONS).text
    clock.shift(601)
    text = carol.get(ASSOCIATIONS).text
    assert "ended (1)" in text and "ends (1)" not in text
    clock.shift(-601)
    assert "ends (1)" in carol.get(ASSOCIATIONS).text


def test_aws_accounts_count_their_targets_once_for_all(client_of, many, monkeypatch):
    carol = client_of("carol")
    expected = Counter(target.aws_account for target in many.targets.values())
    text = carol.get("/admin/brokers/awsaccount/").text
    assert [int(one) for one in re.findall(r'field-targets">(\d+)<', text)] == [
        expected[number] for number in ("333333333333", "444444444444", "222222222222")
    ]
    with counted_calls(monkeypatch, (catalogue, "not_deleted")) as counts:
        carol.get("/admin/brokers/awsaccount/")
    assert counts == {}

"""A catalogue that follows edits is the same as one that is read anew after them."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers import catalogue
from brokers.catalogue_log import latest_number
from brokers.catalogue_reads import read_all
from brokers.catalogue_rows import CatalogueAssociation, CatalogueTarget, target_values
from brokers.catalogue_state import Catalogue
from brokers.models import Association, AwsAccount, Target
from core.dynamo import Transaction, scan_pages
from embedded_aws import EmbeddedAws

NAMES = st.sampled_from(["one", "two", "three"])
GROUPS = st.sampled_from(["okta:a", "okta:b", "local:a"])
TARGETS = st.builds(
    CatalogueTarget,
    NAMES,
    kind=st.just("role"),
    title=st.sampled_from([None, "Title"]),
    sensitive=st.booleans(),
    role_arn=st.sampled_from([None, "arn:aws:iam::1:role/R", "arn:aws:iam::1:role/r"]),
    access_key_id=st.sampled_from([None, "AKIA"]),
)
EDITS = st.lists(st.tuples(st.lists(TARGETS, max_size=2), NAMES, st.frozensets(GROUPS)), max_size=8)

INDEXES = ("targets", "accounts", "associations_by_target", "by_group", "sensitive_by_power")


@given(EDITS)
def test_it_is_the_same_after_any_edits_as_when_built_anew(
    edits: list[tuple[list[CatalogueTarget], str, frozenset[str]]],
) -> None:
    followed = Catalogue.build(0, {}, {}, {})
    targets: dict[str, CatalogueTarget] = {}
    associations: dict[str, tuple[CatalogueAssociation, ...]] = {}

    for number, (edited, name, groups) in enumerate(edits, 1):
        rules = tuple(CatalogueAssociation(name, group) for group in sorted(groups))
        touched = {target.name: target for target in edited}
        before = followed
        kept = {index: dict(getattr(before, index)) for index in INDEXES}
        followed = followed.changed(number, touched, {}, {name: rules})

        targets |= touched
        associations[name] = rules
        whole = {key: value for key, value in associations.items() if value}
        built = Catalogue.build(number, targets, {}, whole)
        assert followed == built
        # the one before is somebody's snapshot, and stays as it was
        assert kept == {index: dict(getattr(before, index)) for index in INDEXES}


def test_what_it_keeps_of_a_target_is_what_its_document_says(store: EmbeddedAws) -> None:
    documents = {str(document.name): document for document in Target.everything()}
    for name, row in read_all(0).targets.items():
        for attribute in CatalogueTarget.__slots__:
            if attribute == "role_name":
                # a row takes that of its role where the document has none
                continue
            expected: Any = getattr(documents[name], attribute)
            if isinstance(expected, list):
                expected = tuple(expected)
            assert getattr(row, attribute) == expected, (name, attribute)
        copy = row.to_document()
        assert (copy.name, copy.labels, copy.version) == (name, list(row.labels), row.version)


def test_whole_targets_have_every_attribute_of_their_documents(store: EmbeddedAws) -> None:
    documents = {str(document.name): document for document in Target.everything()}
    [page] = scan_pages(Target, list(Target.get_attributes()))
    for item in page:
        values = target_values(item)
        stored = documents[values["name"]].attribute_values
        comparable = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }
        assert comparable.items() <= {**stored, **comparable}.items()
        assert {name: comparable.get(name, stored[name]) for name in stored} == stored


@pytest.mark.parametrize("seed", range(3))
def test_a_process_that_follows_edits_has_what_a_full_read_has(
    store: EmbeddedAws, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - not a secret
    catalogue.current()
    for _ in range(12):
        _edit_something(dice)
        if dice.random() < 0.6:
            followed = catalogue.current()
            assert followed.number == latest_number()
            assert _same(followed, read_all(followed.number))


def _same(one: Catalogue, other: Catalogue) -> bool:
    return all(
        getattr(one, name) == getattr(other, name) for name in INDEXES if name != "accounts"
    ) and {key: account.attribute_values for key, account in one.accounts.items()} == {
        key: account.attribute_values for key, account in other.accounts.items()
    }


def _edit_something(dice: Any) -> None:
    name = dice.choice(["dev-read", "prod-read", "dev-uploads"])
    kind = dice.choice(["sensitive", "associate", "dissociate", "account"])
    if kind == "account":
        account = AwsAccount.find("222222222222")
        assert account is not None
        account.stopped = not account.stopped
        catalogue.edit(lambda writes: writes.save(account), accounts=["222222222222"])
        return

    target = Target.find(name)
    assert target is not None
    rules = list(Association.under(name))
    group = f"okta:{dice.randrange(4)}"

    def build(writes: Transaction) -> None:
        if kind == "sensitive":
            target.sensitive = not target.sensitive
            writes.save(target)
        elif kind == "dissociate" and rules:
            writes.delete(rules[0])
        elif group not in {rule.group for rule in rules}:
            writes.create(Association(name, group))

    catalogue.edit(build, name)

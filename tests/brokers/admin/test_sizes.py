"""What DynamoDB would not store is refused before it is asked, with 400, and kept as typed."""

import pytest

from accounts import local_accounts
from accounts.models import LocalAccount
from brokers import catalogue
from brokers.admin import target_save
from brokers.import_export.drafts import draft
from brokers.models import Association, State, Target
from core.audit import AuditEvent, Event
from core.audit_history import events_of
from core.dynamo import transaction
from core.errors import Invalid
from tests.support.forms import confirmed, errors_in, submit
from tests.support.import_files import A, refused

TARGET = "/admin/brokers/target/dev-read/change/"
ACCOUNT = "/admin/accounts/localaccount/bob/change/"
ASSOCIATION = "/admin/brokers/association/add/"
SAVED, AGAIN = 302, 400

LONG_GROUP = "\N{CJK UNIFIED IDEOGRAPH-7D44}" * 400
"""A group's name of 400 characters, and of 1,200 bytes."""

LONGEST_GROUP = "\N{CJK UNIFIED IDEOGRAPH-7D44}" * 339 + "x"
"""With `local:` it has 1,024 bytes."""


@pytest.fixture
def carol(client_of):
    return client_of("carol")


# -- groups ----------------------------------------------------------------------------------------
def test_a_target_s_form_refuses_a_group_that_is_no_key(carol):
    answer = submit(
        carol,
        TARGET,
        "target_form",
        **{"associations-1-group": LONG_GROUP, "title": "Kept as typed"},
    )
    assert answer.status_code == AGAIN
    assert "1,206 bytes in UTF-8; with its provider it can have 1,024" in errors_in(answer.text)
    assert LONG_GROUP in answer.text and "Kept as typed" in answer.text


def test_the_longest_group_is_associated(carol):
    typed = {"associations-1-group": LONGEST_GROUP}
    assert submit(carol, TARGET, "target_form", **typed).status_code == SAVED
    assert Association.find("dev-read", f"local:{LONGEST_GROUP}") is not None


def test_an_association_s_form_refuses_it(carol):
    typed = {"target": "dev-read", "group": LONG_GROUP}
    answer = submit(carol, ASSOCIATION, "association_form", **typed)
    assert answer.status_code == AGAIN
    assert "1,024" in errors_in(answer.text) and LONG_GROUP in answer.text


def test_an_import_refuses_it_at_its_place(store):
    lines = refused(A + f"title: x\nassociations:\n  a:\n    {LONG_GROUP}:\n")
    place = "line 9, column 5: Not a valid group: "
    assert lines == [place + "1,206 bytes in UTF-8; with its provider it can have 1,024."]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([LONG_GROUP], "1,206 bytes in UTF-8"),
        ([f"team-{n}" for n in range(101)], "101 groups; a local account has at most 100."),
        ([f"{n}{LONGEST_GROUP[3:]}" for n in range(40)], "a local account has at most 30,000."),
    ],
)
def test_a_local_account_has_groups_within_limits(carol, groups, message):
    with pytest.raises(Invalid) as caught:
        local_accounts.parse_group_names(groups)
    assert message in caught.value.message and caught.value.field == "groups"

    answer = submit(carol, ACCOUNT, "localaccount_form", groups="\n".join(groups), name="Kept")
    assert answer.status_code == AGAIN
    assert message in errors_in(answer.text) and groups[-1] in answer.text
    account = LocalAccount.find("bob")
    assert account is not None and len(account.groups) < 40


def test_the_most_groups_of_an_account_are_stored(carol):
    groups = [f"{n:03}" + "\N{CJK UNIFIED IDEOGRAPH-7D44}" * 96 for n in range(100)]
    for typed in (groups, [f"x{name}" for name in groups]):
        answer = submit(carol, ACCOUNT, "localaccount_form", groups="\n".join(typed))
        assert answer.status_code == SAVED
        account = LocalAccount.find("bob")
        assert account is not None and account.groups == sorted(typed)


# -- events ----------------------------------------------------------------------------------------
def associate(count: int) -> list[str]:
    """Associate dev-read with so many groups of the longest names."""
    groups = [f"local:{n:04}{LONGEST_GROUP[4:]}"[:480] for n in range(count)]
    for start in range(0, count, 90):

        def build(writes, start=start):
            for group in groups[start : start + 90]:
                writes.create(Association("dev-read", group))

        catalogue.edit(build, "dev-read")
    return groups


def test_a_target_of_very_many_groups_can_be_deleted(carol):
    groups = associate(400)
    answer = confirmed(carol, "/admin/brokers/target/dev-read/delete/")
    assert answer.status_code == 200
    target = Target.find("dev-read")
    assert target is not None and target.state == State.DELETED
    assert list(Association.under("dev-read")) == []

    [event] = [event for event in events_of("dev-read") if event.event == Event.TARGET_DELETED]
    removed = event.facts["associations"]["removed"]
    assert set(removed[:-1]) <= {*groups, "local:developers"}
    assert removed[-1].startswith("and ")


def test_a_form_changes_no_more_associations_than_go_into_one_transaction(carol):
    most = target_save.ASSOCIATIONS_PER_STEP
    typed = {f"associations-{n}-group": f"team-{n}" for n in range(1, most + 2)}
    total = {"associations-TOTAL_FORMS": str(most + 2), "title": "Kept as typed"}
    answer = submit(carol, TARGET, "target_form", **typed, **total)
    assert answer.status_code == AGAIN
    assert f"At most {most} associations can be changed at once" in errors_in(answer.text)
    assert f"team-{most}" in answer.text and "Kept as typed" in answer.text


# -- addresses and searches ------------------------------------------------------------------------
LONG_NAMES = ["x" * 2_100, "\N{CJK UNIFIED IDEOGRAPH-7D44}" * 700]


@pytest.mark.parametrize("name", LONG_NAMES)
def test_an_address_too_long_for_a_key_leads_to_nothing(carol, name):
    for address in (
        f"/admin/brokers/target/{name}/change/",
        f"/admin/brokers/association/dev-read%7C{name}/change/",
        f"/admin/accounts/localaccount/{name}/change/",
        f"/admin/accounts/person/{name}/change/",
        f"/admin/brokers/awsaccount/{name}/change/",
    ):
        assert carol.get(address).status_code in (302, 404), address


@pytest.mark.parametrize("name", LONG_NAMES)
def test_a_search_too_long_for_a_key_finds_nothing(carol, name):
    for address in (
        "/admin/cooper/auditevent/?q=",
        "/admin/brokers/target/?q=",
        "/?q=",
    ):
        assert carol.get(address + name).status_code in (200, 400), address
    for prefix in ("", "local:"):
        answer = carol.get("/admin/brokers/target/explain/", {"person": (prefix + name)[:600]})
        assert answer.status_code in (400, 404)


# -- the guard of all writes -----------------------------------------------------------------------
def test_nothing_too_large_is_sent_to_dynamodb(store):
    cases = [
        (Association("dev-read", "local:" + LONG_GROUP), "group", "1,206 bytes; 1,024"),
        (Target("x" * 2_049, kind="role"), "name", "2,049 bytes; 2,048"),
        (Target("x", kind="role", description="x" * 409_600), "", "can be stored at once"),
        (AuditEvent("2026-05-04", "x", event="x", target="x" * 2_049), "target", "2,049 bytes"),
    ]
    for document, field, message in cases:
        with pytest.raises(Invalid) as caught, transaction() as writes:
            writes.create(document)
        assert (caught.value.field, message in caught.value.message) == (field, True)


def test_what_just_fits_is_stored(store):
    target = Target("x" * 2_048, kind="role")
    with transaction() as writes:
        writes.create(target)
        writes.create(Association("x", "g" * 1_024))
    assert Target.find("x" * 2_048) is not None
    assert Target.find("x" * 2_049) is None


def test_a_dry_run_of_the_longest_texts_plans_what_can_be_written(store):
    text = A + f"description: '{'x' * 1_000}'\nassociations:\n  a:\n    {LONGEST_GROUP}:\n"
    assert len(draft(text.encode()).plan.targets) == 1

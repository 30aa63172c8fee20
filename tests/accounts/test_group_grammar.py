"""A group is provider:name wherever one is entered, and what cannot be one is said."""

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from accounts import administrators, local_accounts
from accounts.checks import STORED
from accounts.models import LocalAccount, Person
from brokers import catalogue
from brokers.models import Association
from core.groups import split_groups
from tests.support.forms import errors_in, submit
from tests.support.other_providers import arrive, use_okta_and_entra

LIKE_OKTA = "local:okta:prod-admins"


@pytest.fixture(autouse=True)
def _providers(store, settings):
    use_okta_and_entra(settings)


def warnings() -> dict[str, str]:
    messages = run_checks(tags=[STORED], databases=["default"])
    return {message.id: message.msg for message in messages}


# -- a local group never looks like another provider's ---------------------------------------------
def test_no_form_takes_a_local_group_that_looks_like_okta_s(client_of):
    carol = client_of("carol")
    forms = {
        "/admin/accounts/localaccount/bob/change/": ("localaccount_form", "groups"),
        "/admin/brokers/target/dev-read/change/": ("target_form", "associations-0-group"),
        "/admin/brokers/association/add/": ("association_form", "group"),
    }
    for path, (form, field) in forms.items():
        answer = submit(carol, path, form, **{field: LIKE_OKTA})
        assert answer.status_code == 400, path
        assert "is not a local group" in errors_in(answer.text), path
        assert LIKE_OKTA in answer.text, path


def test_no_command_takes_one_either(capsys):
    with pytest.raises(CommandError, match="is not a local group"):
        call_command("cooper_user", "groups", "bob", LIKE_OKTA)
    assert LocalAccount.find("bob").groups == ["visitors"]


def store_old_group() -> None:
    """Leave what an older cooper took: a local group with a colon in its name."""
    account = LocalAccount.find("bob")
    account.groups = ["okta:prod-admins"]
    account.save()
    Person("local:bob", provider="local", subject="bob", groups=[LIKE_OKTA]).save()


def test_one_that_was_taken_before_is_shown_as_local_and_shuts_nobody_out(client_of, capsys):
    store_old_group()
    page = client_of("carol").get("/admin/accounts/localaccount/").text
    assert LIKE_OKTA in page
    assert client_of("bob").get("/").status_code == 200
    call_command("cooper_user", "list")
    assert f": {LIKE_OKTA}" in capsys.readouterr().out
    assert LIKE_OKTA in warnings()["cooper.W005"]


def test_one_that_was_taken_before_is_not_okta_s(settings):
    settings.COOPER_ADMIN_GROUPS = ["okta:prod-admins"]
    store_old_group()
    assert not administrators.can_administer(LocalAccount.find("bob"))
    assert not administrators.can_administer(Person.find("local:bob"))


# -- distinguished names in the settings -----------------------------------------------------------
def test_a_distinguished_name_administers_whole(settings):
    settings.COOPER_ADMIN_GROUPS = split_groups(r"okta:CN=admins\,OU=Groups")
    assert administrators.can_administer(arrive_in("okta:CN=admins,OU=Groups"))
    assert not administrators.can_administer(arrive_in("okta:CN=admins"))


def arrive_in(group: str) -> Person:
    return Person("okta:olga", provider="okta", subject="olga", groups=[group])


# -- groups of no provider -------------------------------------------------------------------------
def test_a_check_finds_every_entry_of_the_settings_with_no_provider(settings):
    settings.COOPER_ADMIN_GROUPS = ["local:admins", "otka:chiefs"]
    assert "COOPER_ADMIN_GROUPS names otka:chiefs" in warnings()["cooper.W004"]
    settings.COOPER_ADMIN_GROUPS = ["local:admins", "okta:chiefs"]
    settings.COOPER_AUDITOR_GROUPS = ["otka:auditors"]
    assert "COOPER_AUDITOR_GROUPS names otka:auditors" in warnings()["cooper.W004"]
    settings.COOPER_AUDITOR_GROUPS = ["entra:auditors"]
    assert "cooper.W004" not in warnings()


@pytest.mark.parametrize("group", ["otka:chiefs", LIKE_OKTA])
def test_a_check_finds_associations_that_nobody_means(group):
    catalogue.edit(lambda writes: writes.create(Association("dev-read", group)), "dev-read")
    assert f"{group} may become dev-read" in warnings()["cooper.W006"]


@pytest.mark.parametrize(
    ("path", "form", "field"),
    [
        ("/admin/brokers/target/dev-read/change/", "target_form", "associations-1-group"),
        ("/admin/brokers/association/add/", "association_form", "group"),
    ],
)
def test_no_form_takes_a_group_of_no_provider(client_of, path, form, field):
    answer = submit(client_of("carol"), path, form, target="dev-read", **{field: "otka:chiefs"})
    assert answer.status_code == 400
    assert "There is no provider otka." in errors_in(answer.text) and "okta" in answer.text


def test_a_target_with_a_group_whose_provider_is_gone_can_still_be_saved(client_of):
    catalogue.edit(lambda writes: writes.create(Association("dev-read", "gone:chiefs")), "dev-read")
    path = "/admin/brokers/target/dev-read/change/"
    assert submit(client_of("carol"), path, "target_form", title="Renamed").status_code == 302


def test_names_of_people_stay_theirs():
    assert arrive("olga", groups="okta:a:b").groups == ["okta:a:b"]
    assert local_accounts.parse_group_names(["local:x", "y"]) == ["x", "y"]

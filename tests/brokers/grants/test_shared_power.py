"""Sensitivity follows the role and the Federation Keys: no second target gets around a code."""

import pytest

from brokers import catalogue
from brokers.federation_keys import decrypt_keys, encrypt_for_target
from brokers.models import Association, Target
from core.errors import StepUpRequired
from tests.support import grants
from tests.support.codes import give_device, next_code
from tests.support.events import all_events
from tests.support.forms import fields_of, submit

FORM = "target_form"
END = "2040-01-01T00:00"


def second(original: str, **changes: object) -> Target:
    """Make a second target, not sensitive, of another one's role or keys."""
    values = dict(Target.find(original).attribute_values)
    del values["version"]
    target = Target(**values | {"name": "second", "sensitive": False} | changes)
    if target.federation_keys:
        ciphertext = encrypt_for_target(decrypt_keys(Target.find(original)), "second")
        target.federation_keys = ciphertext.blob
    rule = Association("second", "local:developers")
    catalogue.edit(lambda writes: (writes.create(target), writes.create(rule)), "second")
    return target


def mark_sensitive(name: str) -> None:
    target = Target.find(name)
    target.sensitive = True
    catalogue.edit(lambda writes: writes.save(target), name)


def become(identity, **more: str):
    return grants.become(identity("alice"), "second", **more)


@pytest.mark.parametrize("original", ["prod-admin", "dev-uploads"])
def test_it_takes_a_code_for_a_second_target_of_the_same_power(identity, store, original):
    mark_sensitive(original)
    second(original)
    issued = len(store.issued)
    give_device("alice")
    with pytest.raises(StepUpRequired):
        become(identity)
    assert len(store.issued) == issued
    assert become(identity, code=next_code("alice")).credentials


def test_it_knows_a_role_however_its_name_is_spelt(identity):
    arn = str(Target.find("prod-admin").role_arn)
    second("prod-admin", role_arn=arn.replace("prod-admin", "Prod-Admin"))
    give_device("alice")
    with pytest.raises(StepUpRequired):
        become(identity)


@pytest.mark.parametrize("original", ["dev-read", "dev-uploads"])
def test_it_takes_none_where_none_of_them_is_sensitive(identity, original):
    second(original)
    assert become(identity).credentials


def test_it_takes_none_once_the_other_is_not_sensitive_any_more(identity):
    second("prod-admin")
    target = Target.find("prod-admin")
    target.sensitive = False
    catalogue.edit(lambda writes: writes.save(target), "prod-admin")
    assert become(identity).credentials


def test_pages_ask_for_the_code(client_of):
    second("prod-admin")
    give_device("alice")
    alice = client_of("alice")
    assert alice.get("/").text.count("takes a code") == 2
    assert 'name="code"' in alice.get("/targets/second/").text
    answer = alice.post("/targets/second/credentials/", {"duration": "900"})
    assert answer.status_code == 403 and "one-time code" in answer.text
    assert not [one for one in all_events() if one.event == "grant:begin:intended"]


@pytest.mark.parametrize("operation", ["change", "associate"])
def test_it_counts_no_window_for_it(client_of, settings, operation):
    settings.COOPER_STEP_UP_SECONDS = 300
    second("prod-admin")
    carol = client_of("carol")
    account = "/admin/brokers/awsaccount/555555555555/change/"
    assert submit(carol, account, "awsaccount_form", name="Open").status_code == 302
    address = "/admin/brokers/target/second/change/"
    form = FORM
    if operation == "associate":
        address = "/admin/brokers/association/second%7Clocal_3Adevelopers/change/"
        form = "association_form"
    page = carol.get(address)
    answer = carol.post(address, fields_of(page.text, form) | {"title": "New", "until": END})
    assert answer.status_code in (200, 403) and Target.find("second").title != "New"
    assert not Association.find("second", "local:developers").until


def test_the_preview_says_it(client_of):
    arn = Target.find("prod-admin").role_arn
    page = client_of("carol")
    fields = fields_of(page.get("/admin/brokers/target/add/?kind=role").text, FORM)
    typed = {
        "name": "second",
        "role_arn": arn,
        "max_seconds": "3600",
        "associations-0-group": "developers",
    }
    shown = page.post("/admin/brokers/target/add/?kind=role", fields | typed)
    assert "prod-admin is sensitive and has the same role" in shown.text

"""Export and import in the admin: a plan, one code, steps; what was shown is what is done."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from brokers import catalogue
from brokers.import_export import jobs
from brokers.import_export.drafts import draft
from brokers.models import Association, Import, ImportPart, Target
from core.audit import AuditEvent, Event
from tests.support import faults
from tests.support.codes import give_device, next_code
from tests.support.events import all_events
from tests.support.faults import Fault
from tests.support.forms import errors_in, fields_of
from tests.support.import_files import exported

PAGE = "/admin/brokers/target/import/"
CONFIRM, GO_ON, GIVE_UP = f"{PAGE}confirm/", f"{PAGE}go-on/", f"{PAGE}give-up/"
ONE = "cooper: 1\nassociations:\n  staging-db:\n    local:visitors:\n"
BIG = 21_000_000


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def upload(client: Any, text: str | bytes, **fields: Any) -> Any:
    """Choose a file and send it."""
    data = text.encode() if isinstance(text, str) else text
    return client.post(PAGE, {"file": SimpleUploadedFile("targets.yaml", data), **fields})


def confirm(client: Any, page: Any, **typed: Any) -> Any:
    """Type a code below a plan and confirm it."""
    sent = fields_of(page.text, "confirm_form")
    if "code" not in typed:
        typed["code"] = next_code(client.username)
    return client.post(CONFIRM, sent | typed)


def groups_of(target: str) -> set[str]:
    return {str(rule.group) for rule in Association.under(target)}


def events(*kinds: Event) -> list[AuditEvent]:
    return [each for each in all_events() if each.event in kinds]


# -- export ----------------------------------------------------------------------------------------
def test_it_hands_out_the_file_on_record(carol):
    answer = carol.post("/admin/brokers/target/export/")
    assert answer.status_code == 200 and answer.text == exported()
    assert (
        answer["Content-Disposition"].startswith("attachment; filename=")
        and "no-store" in answer["Cache-Control"]
    )
    assert events(Event.EXPORT_DONE)[0].person == "local:carol" and "ciphertext" not in answer.text


def test_it_hands_out_nothing_that_it_cannot_record(carol):
    with faults.on(Fault("dynamodb", "TransactWriteItems", "audit", mode="error")):
        answer = carol.post("/admin/brokers/target/export/")
    assert answer.status_code == 503 and "cooper: 1" not in answer.text


# -- the plan --------------------------------------------------------------------------------------
def test_it_leads_from_the_list_to_the_page(carol):
    assert (
        f'href="{PAGE}"' in carol.get("/admin/brokers/target/").text
        and carol.get(PAGE).status_code == 200
    )


def test_it_shows_the_plan_and_changes_nothing(carol, client_of):
    client_of("bob")
    page = upload(carol, ONE + "targets: {}\n")
    assert page.status_code == 200 and "local:visitors may become it, for good" in page.text
    assert (
        "People in these groups gain" in page.text
        and "local:visitors (1 person: local:bob): staging-db" in page.text
    )
    assert "associations: 1 to add" in page.text and groups_of("staging-db") == {
        "local:database-team"
    }
    assert Import.find(jobs.SLOT) is None


def test_it_says_when_there_is_nothing_to_do(carol):
    page = carol.get(upload(carol, exported())["Location"]).text
    assert "Nothing to do" in page and list(ImportPart.everything()) == []


def test_it_shows_each_mistake_of_a_file_with_its_place(carol):
    page = upload(
        carol, "cooper: 1\ntargets:\n  a:\n    kind: x\nassociations:\n  b:\n    Okta:x:\n"
    )
    assert page.status_code == 400 and "the file has errors" in errors_in(page.text)
    assert "line 4, column 11" in page.text and "line 7, column 5" in page.text


@pytest.mark.parametrize(
    "data", [b"", b"\x00\xff", b"x" * BIG, b"[" * 100_000], ids=["empty", "bytes", "big", "deep"]
)
def test_it_shows_the_form_again_for_what_is_no_file_of_coopers(carol, data):
    page = upload(carol, data, prune="on")
    assert page.status_code == 400 and "errorlist" in page.text and 'name="prune"' in page.text
    assert "checked" in page.text.split('name="prune"')[1].split(">")[0]


def test_it_says_so_when_aws_does_not_answer(carol):
    with faults.on(
        Fault("sts", "GetCallerIdentity", mode="error", status=503, code="ServiceUnavailable")
    ):
        page = upload(carol, ONE)
    assert page.status_code == 503 and "errorlist" in page.text


def test_it_escapes_what_a_file_says(carol):
    page = upload(carol, ONE + "    '<script>alert(1)</script>':\n")
    assert (
        page.status_code == 200
        and "<script>alert(1)" not in page.text
        and "&lt;script&gt;alert(1)" in page.text
    )


def test_it_warns_of_entitling_oneself(carol):
    page = upload(carol, ONE.replace("visitors", "admins"))
    assert "you entitle yourself" in page.text
    confirm(carol, page)
    changed = [each for each in events(Event.TARGET_CHANGED) if each.target == "staging-db"]
    assert changed[0].facts["self_entitled"] == ["local:admins"]


# -- the code --------------------------------------------------------------------------------------
def test_it_imports_with_one_code(carol):
    done = confirm(carol, upload(carol, ONE))
    assert done.status_code == 302 and "Done: 1 of 1 steps" in carol.get(done["Location"]).text
    assert groups_of("staging-db") == {"local:database-team", "local:visitors"}
    [begun] = events(Event.IMPORT_BEGUN)
    assert (
        begun.person == "local:carol"
        and begun.facts["step_up"] == "code"
        and begun.facts["steps"] == 1
    )


@pytest.mark.parametrize("code", ["", "000000", "abc"])
def test_it_shows_the_plan_again_without_the_right_code(carol, code):
    page = upload(carol, ONE)
    again = confirm(carol, page, code=code)
    assert again.status_code == 403 and "errorlist" in again.text and "local:visitors" in again.text
    assert Import.find(jobs.SLOT) is None and groups_of("staging-db") == {"local:database-team"}


def test_it_takes_no_code_twice(carol):
    code = next_code("carol")
    assert confirm(carol, upload(carol, ONE), code=code).status_code == 302
    assert confirm(carol, upload(carol, ONE.replace("visitors", "x")), code=code).status_code == 403


def test_it_takes_a_code_even_while_a_window_is_open(carol, settings):
    settings.COOPER_STEP_UP_SECONDS = 300
    session = carol.session
    session["step_up_until"] = 1e12
    session.save()
    assert confirm(carol, upload(carol, ONE), code="").status_code == 403


def test_it_takes_somebody_without_a_device_to_set_one_up(client_of):
    dan = client_of("dan")
    assert "/device/" in dan.get(PAGE)["Location"]
    assert confirm(dan, upload(dan, ONE), code="123456").status_code == 403


def test_it_keeps_a_plan_for_whoever_made_it(carol, client_of):
    page = upload(carol, ONE)
    give_device("dan")
    dan = client_of("dan")
    stolen = confirm(dan, page)
    assert (
        "This plan has expired" in dan.get(stolen["Location"]).text
        and Import.find(jobs.SLOT) is None
    )


@pytest.mark.parametrize(
    "fields", [{"token": ""}, {"token": "x" * 2000}, {"token": "a|b"}, {"token": "0" * 40}]
)
def test_it_knows_no_plan_that_it_did_not_make(carol, fields):
    answer = confirm(carol, upload(carol, ONE), **fields)
    assert (
        "This plan has expired" in carol.get(answer["Location"]).text
        and Import.find(jobs.SLOT) is None
    )


def test_it_shows_the_new_plan_when_targets_were_changed_meanwhile(carol):
    page = upload(carol, ONE)
    catalogue.edit(
        lambda writes: writes.create(Association("staging-db", "local:visitors")), "staging-db"
    )
    target = Target.find("staging-db")
    target.title = "Other"
    catalogue.edit(lambda writes: writes.save(target), "staging-db")
    other = upload(carol, ONE.replace("visitors", "x"))
    catalogue.edit(lambda writes: writes.create(Association("staging-db", "local:y")), "staging-db")
    target = Target.find("staging-db")
    target.title = "Another"
    catalogue.edit(lambda writes: writes.save(target), "staging-db")
    again = confirm(carol, other)
    assert again.status_code == 409 and "changed while you looked" in again.text
    assert Import.find(jobs.SLOT) is None and "local:x" not in groups_of("staging-db")
    assert confirm(carol, again).status_code == 302 and "local:x" in groups_of("staging-db")
    assert confirm(carol, page).status_code == 409


def test_it_has_nothing_to_do_for_a_plan_that_was_carried_out_already(carol):
    page = upload(carol, ONE)
    confirm(carol, page)
    again = confirm(carol, confirm(carol, page))
    assert "Nothing to do" in carol.get(again["Location"]).text and jobs.unfinished() is None


# -- steps -----------------------------------------------------------------------------------------
def cut_short(text: str = ONE) -> Import:
    """Begin an import that somebody else has to go on with."""
    return jobs.begin(draft(text.encode()), "local:dan")


def test_it_shows_how_far_an_unfinished_import_is_and_lets_no_second_one_begin(carol):
    page = upload(carol, ONE)
    cut_short()
    shown = carol.get(PAGE).text
    assert "0 of 1 steps applied" in shown and "local:dan" in shown
    refused = confirm(carol, page)
    assert "Another import is unfinished" in carol.get(refused["Location"]).text


def test_it_goes_on_with_a_code(carol):
    cut_short()
    without = carol.post(GO_ON, {})
    assert (
        "needs a one-time code" in carol.get(without["Location"]).text
        and jobs.unfinished() is not None
    )
    carol.post(GO_ON, {"code": next_code("carol")})
    assert jobs.unfinished() is None and "local:visitors" in groups_of("staging-db")


def test_it_goes_on_without_another_code_where_the_code_was_given(carol, monkeypatch):
    monkeypatch.setattr("brokers.admin.import_export.SLICE", 0.0)
    begun = confirm(carol, upload(carol, ONE))
    assert begun["Location"].endswith("?on") and jobs.unfinished() is not None
    page = carol.get(begun["Location"]).text
    assert (
        "data-goes-on" in page
        and 'name="code"' not in page.split("go_on_form")[1].split("</form>")[0]
    )
    assert "data-goes-on" not in carol.get(PAGE).text
    monkeypatch.setattr("brokers.admin.import_export.SLICE", 8.0)
    carol.post(GO_ON, {})
    assert jobs.unfinished() is None


def test_it_gives_up_with_a_code(carol):
    cut_short()
    carol.post(GIVE_UP, {})
    assert jobs.unfinished() is not None
    answer = carol.post(GIVE_UP, {"code": next_code("carol")})
    assert "Given up" in carol.get(answer["Location"]).text and jobs.unfinished() is None
    assert events(Event.IMPORT_GIVEN_UP)[0].person == "local:carol"


def test_it_says_how_far_it_came_when_dynamodb_fails(carol):
    with faults.on(Fault("dynamodb", "TransactWriteItems", "associations", mode="error")):
        answer = confirm(carol, upload(carol, ONE))
    assert answer.status_code == 302 and "0 of 1 steps applied" in carol.get(PAGE).text
    carol.post(GO_ON, {})
    assert "local:visitors" in groups_of("staging-db")


def test_it_begins_nothing_that_it_cannot_record(carol):
    page = upload(carol, ONE)
    with faults.on(Fault("dynamodb", "TransactWriteItems", "audit", mode="error")):
        confirm(carol, page)
    assert Import.find(jobs.SLOT) is None and groups_of("staging-db") == {"local:database-team"}


# -- methods ---------------------------------------------------------------------------------------
def test_a_read_that_finds_no_import_passes_no_code_by(carol):
    jobs.begin(draft((ONE + "targets: {}\n").encode()), "local:dan")
    with faults.on(Fault("dynamodb", "GetItem", "imports", mode="absent", times=1)):
        answer = carol.post(GO_ON, {}, follow=True)
    assert "There is no unfinished import" in answer.text
    assert Import.find(jobs.SLOT).applied == 0


@pytest.mark.parametrize("address", [CONFIRM, GO_ON, GIVE_UP, "/admin/brokers/target/export/"])
@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_what_changes_something_takes_post_alone(carol, address, method):
    assert getattr(carol, method)(address).status_code == 405


@pytest.mark.parametrize("method", ["put", "delete", "options"])
def test_the_page_takes_no_other_methods(carol, method):
    assert getattr(carol, method)(PAGE).status_code == 405


def test_whoever_may_not_change_targets_sees_nothing_of_it(client_of):
    alice = client_of("alice")
    for address in (CONFIRM, GO_ON, GIVE_UP):
        assert alice.post(address).status_code in (302, 403)
    assert "Import" not in alice.get(PAGE, follow=True).text

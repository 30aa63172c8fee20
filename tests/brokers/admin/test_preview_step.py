"""Forms that say who gains and who loses: the first step previews, the second one saves."""

import re

import pytest

from accounts.models import LocalAccount, TotpDevice
from brokers.models import Association, Target
from tests.support.codes import next_code
from tests.support.forms import fields_of, mark_in

TARGET = "/admin/brokers/target/dev-read/change/"
ADD_TARGET = "/admin/brokers/target/add/?kind=role"
ADD_RULE = "/admin/brokers/association/add/"
ACCOUNT = "/admin/accounts/localaccount/bob/change/"
ADD_ACCOUNT = "/admin/accounts/localaccount/add/"
PAGES = {
    TARGET: "target_form",
    ADD_TARGET: "target_form",
    "/admin/brokers/target/add/?kind=federated_user": "target_form",
    ADD_RULE: "association_form",
    "/admin/brokers/association/dev-read%7Clocal_3Adevelopers/change/": "association_form",
    ADD_ACCOUNT: "localaccount_form",
    ACCOUNT: "localaccount_form",
}


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def form_of(text: str, form_id: str) -> str:
    """Return the markup of one form."""
    return text.split(f'id="{form_id}"', maxsplit=1)[1].split("</form>", maxsplit=1)[0]


def buttons(markup: str) -> list[str]:
    """Return the names of the buttons that send a form, in order."""
    found = re.findall(r'<input type="submit"[^>]*name="(\w+)"', markup)
    return [str(name) for name in found]


def preview(browser, address, **typed):
    """Press Preview, as a browser does."""
    fields = fields_of(browser.get(address).text, PAGES[address]) | typed
    return browser.post(address, {**fields, "_preview": "Preview"})


def second_step(answer, form_id="target_form", **typed):
    """Return what a browser sends of the second step with a code."""
    return fields_of(answer.text, form_id) | {"code": next_code("carol"), "_save": "Save"} | typed


@pytest.mark.parametrize("address", PAGES)
def test_the_first_step_previews_and_asks_for_no_code(carol, address):
    form = form_of(carol.get(address).text, PAGES[address])
    assert buttons(form) == ["_preview"]
    assert 'value="Preview"' in form and 'name="code"' not in form


@pytest.mark.parametrize(
    "address",
    [
        "/admin/brokers/awsaccount/222222222222/change/",
        "/admin/accounts/person/local_3Abob/change/",
    ],
)
def test_where_nothing_is_previewed_code_and_button_stand_together(carol, client_of, address):
    client_of("bob")
    page = carol.get(address).text
    assert "_preview" not in page
    assert 0 < page.index('name="code"') < page.index('name="_save"')


def test_the_second_step_begins_with_the_preview_the_code_and_save(carol):
    answer = preview(carol, ADD_TARGET, name="new", role_arn="arn:aws:iam::444444444444:role/new")
    form = form_of(answer.text, "target_form")
    box = form.split('id="impact"')[1].split('class="module')[0]
    assert answer.status_code == 200 and Target.find("new") is None
    assert "Nothing is saved yet" in box and "autofocus" in box
    assert form.index("Nothing is saved yet") < form.index('name="code"')
    assert form.index('name="code"') < form.index('name="_save"') < form.index('name="name"')
    assert "change_form.js" not in answer.text, "its script takes the focus to the first field"
    assert buttons(form) == ["_save", "_addanother", "_continue", "_preview"]


def test_the_second_step_stands_above_all_else_of_a_target(carol):
    page = preview(carol, TARGET, **{"associations-1-group": "visitors"}).text
    assert page.index('id="impact"') < page.index('id="trust-title"')


def test_a_preview_never_saves_even_where_nobody_gains_or_loses(carol):
    answer = preview(carol, TARGET, title="Another title")
    assert answer.status_code == 200 and "Nobody gains or loses anything" in answer.text
    assert "Changed: Title." in answer.text
    assert Target.find("dev-read").title != "Another title"

    assert carol.post(TARGET, second_step(answer)).status_code == 302
    assert Target.find("dev-read").title == "Another title"


def test_a_preview_never_saves_not_even_with_a_right_code_which_stays_good(carol):
    code = next_code("carol")
    answer = preview(carol, TARGET, title="Another title", code=code)
    assert Target.find("dev-read").title != "Another title"

    assert carol.post(TARGET, second_step(answer, code=code)).status_code == 302
    assert Target.find("dev-read").title == "Another title"


def test_a_code_in_the_first_step_is_not_used_up_by_what_is_shown_first(carol):
    fields = fields_of(carol.get(TARGET).text, "target_form")
    code = next_code("carol")
    typed = {"associations-1-group": "visitors", "code": code, "_save": "Save"}
    used = TotpDevice.find("local:carol").last_step
    shown = carol.post(TARGET, fields | typed)
    assert "Nothing is saved yet" in shown.text
    assert TotpDevice.find("local:carol").last_step == used
    assert Association.find("dev-read", "local:visitors") is None

    seen = {"impact_shown": mark_in(shown.text, "impact_shown")}
    assert carol.post(TARGET, fields | typed | seen).status_code == 302
    assert Association.find("dev-read", "local:visitors")


def test_a_wrong_code_leads_back_to_the_second_step(carol):
    answer = preview(carol, TARGET, title="Another title")
    again = carol.post(TARGET, second_step(answer, code="000000"))
    form = form_of(again.text, "target_form")
    assert again.status_code == 400 and "code is not valid now" in form
    assert form.index('id="impact"') < form.index('name="code"') < form.index('name="_save"')


def test_a_mistake_leads_back_to_the_first_step_with_what_was_typed(carol):
    answer = preview(carol, ADD_TARGET, name="new", role_arn="nonsense")
    form = form_of(answer.text, "target_form")
    assert answer.status_code == 400 and buttons(form) == ["_preview"]
    assert 'name="code"' not in form and 'value="nonsense"' in form


def test_a_password_is_typed_again_beside_the_code(carol):
    password = "a long enough one 7"
    answer = preview(carol, ADD_ACCOUNT, username="zoe", groups="admins", password=password)
    form = form_of(answer.text, "localaccount_form")
    assert password not in answer.text and LocalAccount.find("zoe") is None
    assert form.index('id="impact"') < form.index('name="password"') < form.index('name="code"')
    assert form.count('name="password"') == 1 and "Type it again" in form

    sent = second_step(answer, "localaccount_form", password=password)
    assert carol.post(ADD_ACCOUNT, sent).status_code == 302
    assert LocalAccount.find("zoe")


def test_nothing_typed_is_nothing_to_preview(carol):
    answer = preview(carol, TARGET)
    assert answer.status_code == 302
    assert "Nothing was changed." in carol.get(answer["Location"]).text

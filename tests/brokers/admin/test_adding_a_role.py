"""An engineer onboards their first role: few fields, the trust policy at hand, one message."""

import re

import pytest

from brokers import trust_policy
from brokers.models import AwsAccount, Target
from core import aws
from embedded_aws import seed_aws
from tests.support.forms import fields_of, submit

ADD = "/admin/brokers/target/add/?kind=role"
FORM = "target_form"
NOT_YET = "arn:aws:iam::444444444444:role/not-yet"
PAGE = "/admin/brokers/target/support-read/change/"


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def unfolded(text: str) -> str:
    """Return the page without what is folded away."""
    return re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)


def shown_fields(text: str) -> list[str]:
    """Return the fields of the form that are seen without unfolding anything."""
    form = unfolded(text).split('id="target_form"')[1].split("</form>")[0]
    names = re.findall(r'<(?:input|select|textarea)[^>]* name="([^"]+)"', form)
    hidden = re.findall(r'<input type="hidden" name="([^"]+)"', form)
    # the buttons begin with _
    names = [name for name in names if name not in hidden and not name.startswith("_")]
    return [name for name in names if "__prefix__" not in name]


def add_role(carol, **typed):
    given = {"name": "support-read", "role_arn": NOT_YET}
    return submit(carol, ADD, FORM, **(given | typed))


def test_it_asks_for_name_and_arn_first_and_folds_the_rest_away(carol):
    fields = shown_fields(carol.get(ADD).text)
    assert fields[:2] == ["name", "role_arn"]
    assert len(fields) <= 8, fields


def test_a_folded_field_with_an_error_is_unfolded(carol):
    answer = add_role(carol, region="nowhere")
    assert "region" in shown_fields(answer.text) and "not a region" in unfolded(answer.text)


def test_trust_policy_and_test_stand_above_the_form(carol):
    add_role(carol)
    page = carol.get(PAGE).text
    above = page.split('id="target_form"')[0]
    assert AwsAccount.find("444444444444").external_id in above
    assert "data-copied" in above and "Test target" in above
    assert above.index("CooperAssumes") < above.index("Test target</button>")


def test_one_message_says_how_it_went(carol):
    answer = add_role(carol)
    page = carol.get(answer["Location"]).text
    messages = re.findall(r'<p class="(?:error|warning|note)" role=', page)
    assert len(messages) == 1
    assert "The target is pending: nobody can become it yet." in page


def row_of(page: str, field: str) -> str:
    """Return what stands beside a field of the form."""
    return page.split(f'name="{field}"')[1].split('class="form-row', maxsplit=1)[0]


def test_a_refused_test_names_its_three_causes_and_what_comes_next(carol):
    """AWS says the same to all three; the trust policy to send stands right under them."""
    add_role(carol)
    section = trust_section(carol.get(PAGE).text)
    causes = re.findall(r"<li>([^<]*)</li>", section.split("<ol>")[1].split("</ol>")[0])
    assert len(causes) == 3
    assert causes[0].startswith("The role does not exist in that AWS account: correct the ARN")
    assert "does not name cooper&#x27;s principal, or has another ExternalId: give" in causes[1]
    assert "own IAM policy does not allow sts:AssumeRole on this role: add" in causes[2]

    following = "then press Test target again."
    assert "send the trust policy to the owner of AWS account" in section
    parts = ["<ol>", following, "<details open>", "data-copied", "CooperAssumes", "<button"]
    assert [section.index(part) for part in parts] == sorted(map(section.index, parts))
    assert f"principal: <code>{aws.caller_identity().arn}</code>" in section


def test_a_role_that_answers_shows_no_cause_of_a_refusal(carol):
    add_role(carol, role_arn=role("answers"))
    page = carol.get(PAGE).text
    assert "does not say why" not in page and "press Test target again" not in page


def role(name: str, *, statements: int = 2, external_id: bool = True, longest: int = 3600) -> str:
    """Make a role that lacks something."""
    account = AwsAccount.find("444444444444")
    policy = trust_policy.trust_policy(str(account.external_id), aws.caller_identity().arn)
    policy["Statement"] = policy["Statement"][:statements]
    if not external_id:
        del policy["Statement"][0]["Condition"]["StringEquals"]
    return str(seed_aws.create_role("444444444444", name, policy, longest))


def trust_section(page: str) -> str:
    return page.split('id="trust-title"')[1].split("</section>", maxsplit=1)[0]


def test_what_the_trust_policy_lacks_stands_with_the_trust_policy(carol):
    add_role(carol, role_arn=role("no-tags", statements=1))
    section = trust_section(carol.get(PAGE).text)
    assert "does not allow sts:TagSession" in section
    assert "does not allow sts:SetSourceIdentity" in section


def test_a_missing_external_id_condition_stands_with_the_external_id(carol):
    add_role(carol, role_arn=role("open", external_id=False))
    assert "can be assumed without an ExternalId" in trust_section(carol.get(PAGE).text)


def test_a_session_that_is_too_long_stands_beside_its_field(carol):
    add_role(carol, role_arn=role("short"), max_seconds="7200")
    page = carol.get(PAGE).text
    assert "max_seconds" in shown_fields(page)
    assert "AWS refuses 7200 seconds" in row_of(page, "max_seconds")


def test_a_finding_from_before_is_shown_although_nobody_knows_its_field(carol):
    """Targets that were tested earlier, and imported ones, have no places."""
    add_role(carol)
    target = Target.find("support-read")
    target.probe = {"works": False, "findings": ["<b>Something</b> of old"], "longest_seconds": 0}
    target.save()
    page = carol.get(PAGE).text
    assert "&lt;b&gt;Something&lt;/b&gt; of old" in page and "<b>Something" not in page


def test_the_trust_policy_is_there_before_anything_is_saved(carol):
    """The AWS account is known, so its ExternalId is too."""
    fields = fields_of(carol.get(ADD).text, FORM)
    typed = {"name": "support-read", "role_arn": NOT_YET, "associations-0-group": "developers"}
    answer = carol.post(ADD, fields | typed)
    assert answer.status_code == 200 and Target.find("support-read") is None
    assert AwsAccount.find("444444444444").external_id in answer.text
    # beneath what the preview asks for, above what was typed
    shown = answer.text.index("CooperAssumes")
    assert answer.text.index('name="_save"') < shown < answer.text.index('name="name"')


def test_no_trust_policy_is_shown_for_an_arn_that_is_none(carol):
    fields = fields_of(carol.get(ADD).text, FORM)
    answer = carol.post(ADD, fields | {"name": "support-read", "role_arn": "nonsense"})
    assert answer.status_code == 400 and "CooperAssumes" not in answer.text

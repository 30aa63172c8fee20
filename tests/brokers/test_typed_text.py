"""What people type and paste is read as they mean it, over HTTP."""

import pytest

from brokers.form_fields import SecondsField
from brokers.forms import BecomeForm
from brokers.models import Target
from tests.support.codes import next_code
from tests.support.forms import submit

ARABIC_ZERO = 0x0660


def in_arabic(digits: str) -> str:
    """Write digits as an Arabic keyboard and its page do, with a mark for the direction."""
    return "\u200f" + "".join(chr(ARABIC_ZERO + int(digit)) for digit in digits)


def dashed(account_id: str) -> str:
    return f"{account_id[:4]}-{account_id[4:8]}-{account_id[8:]}"


def queries(target: Target) -> list[str]:
    account_id = str(target.aws_account)
    return [
        dashed(account_id),
        in_arabic(account_id),
        str(target.role_arn),
        f"\u202a{target.role_arn}\u202c",
    ]


@pytest.mark.parametrize("number", range(4))
def test_a_person_finds_a_target_by_its_account_and_its_role(client_of, number):
    target = Target.find("dev-read")
    page = client_of("alice").get("/", {"q": queries(target)[number]})
    assert "Development, read only" in page.text


@pytest.mark.parametrize("number", range(4))
def test_an_administrator_finds_it_too(client_of, number):
    target = Target.find("dev-read")
    page = client_of("carol").get("/admin/brokers/target/", {"q": queries(target)[number]})
    assert "/admin/brokers/target/dev-read/change/" in page.text


def test_an_administrator_finds_an_aws_account(client_of):
    account_id = str(Target.find("dev-read").aws_account)
    page = client_of("carol").get("/admin/brokers/awsaccount/", {"q": dashed(account_id)})
    assert f"/admin/brokers/awsaccount/{account_id}/change/" in page.text


def test_the_audit_log_is_searched_without_marks(client_of):
    carol = client_of("carol")
    page = carol.get("/admin/cooper/auditevent/", {"q": "\u200elocal:carol\u200f"})
    assert "No matching events" not in page.text and page.context["cl"].result_count > 0


def test_a_code_in_other_digits_confirms_an_operation(client_of):
    typed = in_arabic(next_code("carol"))
    path = "/admin/brokers/target/dev-read/change/"
    answer = submit(client_of("carol"), path, "target_form", title="Renamed", code=typed)
    assert answer.status_code == 302 and Target.find("dev-read").title == "Renamed"


@pytest.mark.parametrize("typed", [in_arabic("3600"), "3\u00a0600", " 3600\u200f"])
def test_a_duration_is_read_in_other_digits(typed):
    form = BecomeForm({"duration": typed}, longest=43_200)
    assert form.is_valid() and form.cleaned_data["duration"] == 3600
    assert SecondsField(43_200).clean(typed) == 3600


@pytest.mark.parametrize("typed", ["-3600", "\u22123600", "3.600", "1h"])
def test_a_duration_that_is_none_is_refused(typed):
    assert not BecomeForm({"duration": typed}, longest=43_200).is_valid()

"""A longest session that is too short for command lines is warned of, and not refused."""

import pytest

from brokers.models import Target
from tests.support.forms import submit

DEV_READ = "/admin/brokers/target/dev-read/change/"
ADD = "/admin/brokers/target/add/?kind=role"
FORM = "target_form"
WARNED = "so they ask anew for nearly every command"


@pytest.fixture
def carol(client_of):
    return client_of("carol")


@pytest.mark.parametrize(("seconds", "is_warned"), [("900", True), ("1199", True), ("1200", False)])
def test_a_short_one_is_saved_and_warned_of(carol, seconds, is_warned):
    assert submit(carol, DEV_READ, FORM, max_seconds=seconds).status_code == 302
    assert Target.find("dev-read").max_seconds == int(seconds)
    assert (WARNED in carol.get("/admin/").text) is is_warned


def test_it_is_said_when_it_is_typed_and_not_with_every_change(carol):
    submit(carol, DEV_READ, FORM, max_seconds="900")
    carol.get("/admin/")
    submit(carol, DEV_READ, FORM, title="Development, read")
    assert WARNED not in carol.get("/admin/").text


def test_it_is_said_of_a_new_target_too(carol):
    typed = {"name": "short", "title": "Short", "role_arn": "arn:aws:iam::999999999999:role/short"}
    assert submit(carol, ADD, FORM, max_seconds="900", **typed).status_code == 302
    assert WARNED in carol.get("/admin/").text


def test_the_field_says_so_before(carol):
    assert "Below 1200 (20 min) command lines ask anew for every command." in carol.get(ADD).text

"""People, targets, groups, AWS accounts and request ids are links wherever the admin names them."""

import re
from html import unescape

import pytest

from core import audit
from core.admin.audit_log import AuditEventAdmin
from core.admin.links import Links, Thing, thing_called
from core.audit import Event

LOG = "/admin/cooper/auditevent/"
PERSON = "/admin/accounts/person/local_3Aalice/change/"
TARGET = "/admin/brokers/target/dev-read/change/"
ACCOUNT = "/admin/brokers/awsaccount/222222222222/change/"
GROUP = "/admin/brokers/association/?group=local%3Adevelopers"


def links_in(text: str) -> set[str]:
    return {unescape(address) for address in re.findall(r'<a [^>]*href="([^"]+)"', text)}


@pytest.mark.parametrize(
    ("thing", "name", "address"),
    [
        (Thing.PERSON, "local:alice", PERSON),
        (Thing.TARGET, "dev-read", TARGET),
        (Thing.AWS_ACCOUNT, "222222222222", ACCOUNT),
        (Thing.GROUP, "local:developers", GROUP),
        (Thing.REQUEST, "a&b", "/admin/cooper/auditevent/?request=a%26b"),
    ],
)
def test_each_kind_of_thing_has_its_address(thing, name, address):
    assert links_in(Links(administers=True).to(thing, name)) == {address}


@pytest.mark.parametrize("thing", Thing)
@pytest.mark.parametrize("administers", [True, False])
def test_a_name_is_escaped_whatever_it_is(thing, administers):
    hostile = "x\"><script>alert(1)</script>'&"
    shown = Links(administers).to(thing, hostile)
    assert "<script" not in shown and 'x">' not in shown
    assert unescape(re.sub(r"<[^>]+>", "", shown)) == hostile


@pytest.mark.parametrize("thing", Thing)
def test_nothing_is_no_link(thing):
    assert Links(administers=True).to(thing, "") == "-"


def test_a_command_in_a_persons_place_is_no_link():
    assert Links(administers=True).to(Thing.PERSON, "cooper -setup") == "cooper -setup"


def test_auditors_are_led_to_histories_alone(client_of):
    """Whatever an auditor is led to is open to auditors."""
    client_of("alice")
    links = Links(administers=False)
    erin = client_of("erin")
    for thing, name in [(Thing.PERSON, "local:alice"), (Thing.TARGET, "dev-read")]:
        [address] = links_in(links.to(thing, name))
        assert erin.get(address).status_code == 200
    assert links_in(links.to(Thing.GROUP, "local:developers")) == set()


def test_a_target_has_no_provider_and_a_person_has_one():
    assert thing_called("okta:ann") == Thing.PERSON and thing_called("prod") == Thing.TARGET


@pytest.fixture
def carol(client_of):
    client_of("alice").post("/targets/dev-read/credentials/", {"duration": 900})
    return client_of("carol")


def test_each_column_of_the_audit_log_that_names_a_thing_links_it(carol):
    page = carol.get(LOG).text
    cells = {
        name: links_in("".join(re.findall(rf'class="field-{name}[^"]*"[^>]*>(.*?)</t[dh]>', page)))
        for name in AuditEventAdmin.list_display
    }
    assert PERSON in cells["who"] and TARGET in cells["about"]
    # the other columns name nothing; `when` leads to the event
    others = set(cells) - {"who", "about", "when"}
    assert set().union(*(cells[name] for name in others)) == set()


def test_an_event_links_its_request_and_the_groups_it_went_through(carol):
    page = carol.get(LOG + "?event=grant:begin:intended").text
    [event] = [address for address in links_in(page) if "auditevent/2" in address][:1]
    links = links_in(carol.get(event).text)
    assert GROUP in links and PERSON in links and TARGET in links
    [request] = [address for address in links if "?request=" in address]
    assert "dev-read" in carol.get(request).text


def test_an_object_that_is_an_aws_account_is_linked(carol):
    audit.record(Event.ACCOUNT_CHANGED, person="local:carol", aws_account="222222222222")
    assert ACCOUNT in links_in(carol.get(LOG + "?event=aws-account:").text)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/admin/brokers/target/", {ACCOUNT, GROUP}),
        ("/admin/brokers/association/", {TARGET}),
        ("/admin/accounts/person/", {GROUP}),
        (PERSON, {GROUP}),
        (TARGET, {GROUP, PERSON}),
        ("/admin/brokers/target/explain/?person=alice", {TARGET, GROUP, ACCOUNT, PERSON}),
        ("/admin/brokers/target/dev-read/history/", {PERSON}),
    ],
)
def test_pages_link_what_they_name(carol, address, expected):
    assert expected <= links_in(carol.get(address).text)

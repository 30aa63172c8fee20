"""The reason that a target demands: matched, on the audit log, sent as a session tag, no secret."""

import pytest

from brokers import catalogue
from brokers.errors import AwsRefused
from brokers.models import Target
from brokers.probing import probe
from brokers.sts import assume_role, federation_token
from core.audit import Event
from core.errors import CooperError, Invalid
from embedded_aws.sts import parameters
from tests.support.events import all_events
from tests.support.grants import become

PATTERN = r"OPS-\d{1,6}"
JSON = {"HTTP_ACCEPT": "application/json"}
NEEDED = "This target takes a reason such as OPS-42."


def demand(name: str = "dev-read", pattern: str = PATTERN, **attributes: object) -> None:
    """Let a target demand a reason."""
    target = Target.find(name)
    target.reason_pattern = pattern
    target.reason_example = "OPS-42"
    for attribute, value in attributes.items():
        setattr(target, attribute, value)
    catalogue.edit(lambda writes: writes.save(target), name)


@pytest.fixture
def alice(store, identity):
    return identity("alice")


@pytest.fixture
def asked(monkeypatch) -> list[dict]:
    """Return the arguments of each call that asks STS for a session, which goes on to STS."""
    calls = []
    assume = assume_role.assume
    federate = federation_token.federate

    def kept_assume(arguments):
        calls.append(arguments)
        return assume(arguments)

    def kept_federate(keys, partition, arguments):
        calls.append(arguments)
        return federate(keys, partition, arguments)

    monkeypatch.setattr(assume_role, "assume", kept_assume)
    monkeypatch.setattr(federation_token, "federate", kept_federate)
    return calls


def tags_of(arguments: dict) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in arguments.get("Tags", [])}


def reasons_on_the_audit_log() -> list[str]:
    return [
        event.facts.get("reason") for event in all_events() if event.event == Event.GRANT_INTENDED
    ]


@pytest.mark.parametrize("name", ["dev-read", "dev-uploads"])
def test_it_is_a_session_tag_of_roles_and_of_federated_users(store, alice, asked, name):
    demand(name)
    become(alice, name, reason="OPS-7")
    [arguments] = asked
    assert tags_of(arguments)["cooper:reason"] == "OPS-7"
    assert "TransitiveTagKeys" not in arguments
    assert reasons_on_the_audit_log() == ["OPS-7"]


def test_it_stays_in_cooper_where_the_test_found_no_tags_allowed(store, alice, asked):
    demand(tag_session=False, weaker_mode_accepted=True)
    become(alice, reason="OPS-7")
    assert tags_of(asked[0]) == {}
    assert reasons_on_the_audit_log() == ["OPS-7"]


def test_a_free_reason_is_never_sent(store, alice, asked):
    become(alice, reason="OPS-7")
    become(alice, reason="")
    assert [tags_of(arguments).get("cooper:reason") for arguments in asked] == [None, None]
    assert sorted(reasons_on_the_audit_log(), key=str) == [None, "OPS-7"]


@pytest.mark.parametrize("reason", ["", "x", "OPS-", "OPS-1234567", "OPS-1 and more", "ops-1"])
def test_another_reason_is_refused_on_its_field_before_anything_else(store, alice, asked, reason):
    demand()
    with pytest.raises(Invalid, match="such as OPS-42") as caught:
        become(alice, reason=reason)
    assert caught.value.field == "reason"
    assert asked == []
    assert reasons_on_the_audit_log() == []


def test_a_pattern_that_cannot_be_read_lets_nobody_in(store, alice, asked):
    demand(pattern="(a|b)*")
    with pytest.raises(CooperError, match="which reason this target demands"):
        become(alice, reason="a")
    assert asked == []


def test_too_much_for_aws_is_said_and_not_tried_again_without_it(alice, asked, monkeypatch):
    demand()
    monkeypatch.setattr(parameters, "PACKED_LIMIT", 60)
    with pytest.raises(AwsRefused, match="session tags, such as the reason, are too large"):
        become(alice, reason="OPS-7", seconds=7200)
    assert len(asked) == 1
    [outcome] = [event for event in all_events() if event.event == Event.GRANT_FAILED]
    assert outcome.facts["reason"] == "OPS-7"


def test_a_test_of_the_target_has_the_example_as_a_tag(store, asked):
    demand()
    result = probe(Target.find("dev-read"))
    assert result.complete
    assert "OPS-42" in [tags_of(arguments).get("cooper:reason") for arguments in asked]


# -- over HTTP -------------------------------------------------------------------------------------
def test_the_page_demands_it_and_shows_the_example(client_of):
    demand()
    text = client_of("alice").get("/targets/dev-read/").text
    assert "Such as OPS-42. Visible in the target" in text
    assert "no secrets" in text
    field = text.split('name="reason"')[1].split(">")[0]
    assert "required" in field


@pytest.mark.parametrize("typed", [{}, {"reason": "because"}])
@pytest.mark.parametrize("delivery", ["console", "credentials"])
def test_what_is_missing_is_said_on_the_field(client_of, typed, delivery):
    demand()
    address = f"/targets/dev-read/{delivery}/"
    page = client_of("alice").post(address, {"duration": "900", **typed})
    assert page.status_code == 400
    assert NEEDED in page.text
    assert typed.get("reason", "") in page.text

    answer = client_of("alice").post(address, {"duration": "900", **typed}, **JSON)
    assert answer.status_code == 400
    assert answer.json()["fields"] == {"reason": [NEEDED]}


def test_what_matches_is_granted(client_of, asked):
    demand()
    typed = {"duration": "900", "reason": " OPS-7 "}
    answer = client_of("alice").post("/targets/dev-read/credentials/", typed, **JSON)
    assert answer.status_code == 200
    assert tags_of(asked[0])["cooper:reason"] == "OPS-7"


def test_what_is_on_the_audit_log_can_be_searched_there(client_of):
    demand()
    client_of("alice").post(
        "/targets/dev-read/credentials/", {"duration": "900", "reason": "OPS-7"}
    )
    history = client_of("carol").get("/admin/brokers/target/dev-read/history/").text
    assert "OPS-7" in history

"""What is granted, what is refused, and that all of it is on the audit log first."""

import contextlib
import json
import threading
import time
import traceback
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from accounts.identity import Group
from accounts.models import Person
from brokers import catalogue, trust_policy
from brokers.errors import ChangedMeanwhile, Stopped, TargetNotAccessible, TooMany
from brokers.grants import Delivery, issue, longest_seconds, sts_slots
from brokers.grants.intent import record_intent
from brokers.models import Association, AwsAccount, Target
from brokers.sts import assume_role
from core import aws
from core.audit import AuditEvent
from core.aws import Answer
from core.dynamo import transaction
from core.errors import CooperError, Invalid, Refused, Unavailable
from core.installation import STOP_SWITCH_ITEM, Installation
from embedded_aws import seed_aws
from tests.support import faults
from tests.support.events import all_events
from tests.support.faults import Fault
from tests.support.grants import become

DEV = "dev-read"
STOPPED = ["grant:begin:intended", "grant:finish:refused"]
"""The events of a grant that was refused after its intent."""


def now() -> datetime:
    return datetime.now(UTC)


def events(kind: str = "grant:") -> list[AuditEvent]:
    return sorted(
        (each for each in all_events() if each.event.startswith(kind)),
        key=lambda e: e.at,
    )


def changed(name: str, **attributes: object) -> None:
    target = Target.find(name)
    assert target is not None
    for key, value in attributes.items():
        setattr(target, key, value)
    catalogue.edit(lambda writes: writes.save(target), name)


def whoami(credentials) -> dict[str, str]:
    client = boto3.client(
        "sts",
        region_name="us-east-1",
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
    )
    return client.get_caller_identity()


def test_it_makes_alice_an_assumed_role_whose_credentials_work(identity):
    granted = become(identity("alice"))
    said = whoami(granted.credentials)
    assert said["Account"] == "222222222222"
    assert said["Arn"].startswith("arn:aws:sts::222222222222:assumed-role/dev-read/alice.")
    assert said["Arn"].endswith(granted.grant_id)


def test_it_makes_alice_a_federated_user_whose_credentials_work(identity):
    granted = become(identity("alice"), "dev-uploads")
    said = whoami(granted.credentials)
    assert said["Arn"].startswith("arn:aws:sts::222222222222:federated-user/alice.")


def test_it_has_intent_and_outcome_on_record_with_no_secret_in_them(identity):
    granted = become(identity("alice"), reason="ticket 42")
    intent, outcome = events()
    assert (intent.event, outcome.event) == ("grant:begin:intended", "grant:finish:done")
    assert (
        outcome.at == f"{intent.at}#outcome" and intent.grant == outcome.grant == granted.grant_id
    )
    assert outcome.facts["access_key_id"] == granted.credentials.access_key_id
    assert (
        outcome.facts["through"] == ["local:developers"] and outcome.facts["reason"] == "ticket 42"
    )
    assert (
        outcome.facts["sts_request_id"]
        and outcome.facts["expires_at"]
        and outcome.facts["session_name"]
    )
    for each in (intent, outcome):
        said = json.dumps(each.serialize())
        assert (
            granted.credentials.secret_access_key not in said
            and granted.credentials.session_token not in said
        )


def test_it_ends_the_session_when_it_was_asked_to(identity):
    before = now()
    granted = become(identity("alice"), seconds=1800)
    assert abs((granted.credentials.expires_at - before).total_seconds() - 1800) < 10


@pytest.mark.parametrize("target", ["no-such-target", "prod-break-glass"])
def test_it_says_the_same_of_unknown_and_foreign_targets(identity, target):
    with pytest.raises(TargetNotAccessible) as refused:
        become(identity("alice"), target)
    assert refused.value.message == TargetNotAccessible("x").message


def test_it_records_the_refusal_of_an_existing_target(identity):
    with pytest.raises(TargetNotAccessible):
        become(identity("bob"))
    [refusal] = events("grant:begin:refused")
    assert (refusal.person, refusal.target, refusal.why) == ("local:bob", DEV, "not entitled")


def test_it_counts_refusals_above_a_limit_rather_than_recording_each(identity, monkeypatch):
    monkeypatch.setattr("brokers.grants.limits.RECORDED_REFUSALS", 3)
    bob = identity("bob")
    for _ in range(6):
        with pytest.raises(TargetNotAccessible):
            become(bob)
    assert len(events("grant:begin:refused")) == 3


def test_it_records_nothing_but_counts_for_unknown_targets(identity):
    with pytest.raises(TargetNotAccessible):
        become(identity("bob"), "no-such-target")
    assert events() == []


@pytest.mark.parametrize("state", ["pending", "disabled", "deleted"])
def test_it_refuses_a_target_that_is_not_enabled(identity, state):
    changed(DEV, state=state)
    with pytest.raises(TargetNotAccessible):
        become(identity("alice"))
    assert events("grant:begin:refused")[0].why == f"target is {state}"


def associate(group: str, target: str, until: datetime | None) -> None:
    found = Association.find(target, group)
    assert found is not None
    found.until = until
    catalogue.edit(lambda writes: writes.save(found), target)


def test_it_refuses_an_association_that_has_ended(identity):
    associate("local:developers", DEV, now() - timedelta(seconds=1))
    with pytest.raises(TargetNotAccessible):
        become(identity("alice"))


def test_it_never_grants_past_the_association_s_end(identity):
    end = now() + timedelta(seconds=1000)
    associate("local:developers", DEV, end)
    granted = become(identity("alice"), seconds=3600)
    assert end - timedelta(seconds=15) < granted.credentials.expires_at <= end


@pytest.mark.parametrize("kind", [DEV, "dev-uploads"])
def test_it_never_grants_past_the_association_s_end_when_sts_is_slow(identity, kind):
    end = now() + timedelta(seconds=1000)
    associate("local:developers", kind, end)
    alice = identity("alice")
    with faults.on(Fault("sts", mode="stall", seconds=3.0)):
        granted = become(alice, kind, seconds=3600)
    assert granted.credentials.expires_at <= end


def test_it_says_why_when_less_than_aws_s_shortest_session_is_left(identity):
    associate("local:developers", DEV, now() + timedelta(seconds=800))
    with pytest.raises(Refused, match="15 minutes"):
        become(identity("alice"))


@pytest.mark.parametrize("seconds", [0, 899, 14_401, -1])
def test_it_refuses_other_durations_on_the_field(identity, seconds):
    with pytest.raises(Invalid) as refused:
        become(identity("alice"), seconds=seconds)
    assert refused.value.field == "duration"


def test_it_refuses_a_destination_outside_the_console_on_the_field(identity):
    with pytest.raises(Invalid) as refused:
        become(identity("alice"), delivery=Delivery.CONSOLE, destination="https://evil.example/")
    assert refused.value.field == "destination" and events() == []


def stop_all() -> None:
    switch = Installation.find(STOP_SWITCH_ITEM)
    assert switch is not None
    switch.stopped = True
    with transaction() as writes:
        writes.save(switch)


def stop_account() -> None:
    account = AwsAccount.find("222222222222")
    assert account is not None
    account.stopped = True
    catalogue.edit(lambda writes: writes.save(account), accounts=["222222222222"])


def disable_alice() -> None:
    person = Person.find("local:alice")
    assert person is not None
    person.disabled = True
    with transaction() as writes:
        writes.save(person)


def lose_switch() -> None:
    switch = Installation.find(STOP_SWITCH_ITEM)
    assert switch is not None
    with transaction() as writes:
        writes.delete(switch)


@pytest.mark.parametrize(
    ("stop", "refusal"),
    [
        (stop_all, Stopped),
        (stop_account, Stopped),
        (disable_alice, ChangedMeanwhile),
        (lose_switch, Stopped),
    ],
)
def test_it_grants_nothing_once_a_stop_switch_is_thrown(identity, store, stop, refusal):
    alice = identity("alice")
    issued = len(store.issued)
    stop()
    with pytest.raises(refusal):
        become(alice)
    assert len(store.issued) == issued
    assert [each.event for each in events()] == STOPPED


def test_it_notices_that_the_person_left_the_group_meanwhile(identity):
    alice = identity("alice")
    person = Person.find("local:alice")
    assert person is not None
    person.groups = ["local:analysts"]
    with transaction() as writes:
        writes.save(person)
    with pytest.raises(ChangedMeanwhile):
        become(alice)


def test_it_limits_grants_by_person_and_minute(identity, settings):
    settings.COOPER_GRANTS_PER_MINUTE = 2
    alice = identity("alice")
    for _ in range(2):
        become(alice)
    with pytest.raises(TooMany):
        become(alice)


def test_it_gives_no_longer_session_than_the_installation_allows(identity, settings):
    settings.COOPER_MAX_SESSION = 1800
    alice, target = identity("alice"), Target.find(DEV)
    assert target is not None and longest_seconds(target) == 1800
    with pytest.raises(Invalid, match="to 1800 seconds"):
        become(alice, seconds=1801)
    granted = become(alice, seconds=1800)
    assert (granted.credentials.expires_at - now()).total_seconds() <= 1800


@pytest.fixture
def one_place(settings, monkeypatch):
    settings.COOPER_STS_AT_ONCE = 1
    monkeypatch.setattr(sts_slots, "TIMEOUT", 0.3)
    sts_slots.forget()
    yield
    sts_slots.forget()


def test_it_has_no_more_sts_calls_under_way_than_allowed(identity, store, one_place):
    alice, issued = identity("alice"), len(store.issued)
    first = threading.Thread(target=lambda: become(alice))
    with faults.on(Fault("sts", mode="stall", seconds=2.0)):
        first.start()
        until = now() + timedelta(seconds=5)
        while not faults.count("sts", "AssumeRole") and now() < until:
            time.sleep(0.01)
        with pytest.raises(Unavailable, match="many people are waiting"):
            become(alice)
        assert faults.count("sts", "AssumeRole") == 1
        first.join()
    assert len(store.issued) == issued + 1
    assert sorted(each.event for each in events("grant:finish")) == [
        "grant:finish:done",
        "grant:finish:failed",
    ]
    assert become(alice).credentials


# -- no record, no hand-out ------------------------------------------------------------------------


@pytest.mark.parametrize("target", [DEV, "dev-uploads"])
@pytest.mark.parametrize("delivery", list(Delivery))
@pytest.mark.parametrize("mode", ["error", "throttle", "lost", "cut"])
@pytest.mark.parametrize("step", ["intent", "outcome"])
def test_it_hands_nothing_out_without_a_record(identity, store, target, delivery, mode, step):
    alice = identity("alice")
    issued = len(store.issued)
    operation = {"intent": "TransactWriteItems", "outcome": "PutItem"}[step]
    try:
        with faults.on(Fault("dynamodb", operation, table="audit", mode=mode)) as [fault]:
            granted = become(alice, target, delivery=delivery)
    except CooperError:
        granted = None
    assert fault.hit
    done = {each.facts.get("access_key_id") for each in events("grant:finish:done")}
    if granted is not None:
        assert granted.credentials.access_key_id in done
    if step == "intent" and mode in ("error", "throttle"):
        assert granted is None and len(store.issued) == issued
    if step == "outcome" and mode in ("error", "throttle"):
        assert granted is None and not done
    ledger = {each.grant for each in events("grant:begin:intended")}
    assert len(store.issued) - issued <= len(ledger)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (
            Fault(
                service="sts", operation="AssumeRole", mode="error", code="AccessDenied", status=403
            ),
            "trust policy",
        ),
        (Fault(service="sts", operation="AssumeRole", mode="throttle"), "busy"),
        (Fault(service="sts", operation="AssumeRole", mode="reset"), "did not answer"),
    ],
)
def test_it_translates_aws_and_records_the_failure(identity, fault, says):
    with faults.on(fault), pytest.raises(Unavailable) as refused:
        become(identity("alice"))
    assert says in refused.value.message and "arn:" not in refused.value.message
    assert [each.event for each in events()] == ["grant:begin:intended", "grant:finish:failed"]


@pytest.mark.parametrize("mode", ["garbled", "cut", "empty"])
@pytest.mark.parametrize("target", [DEV, "dev-uploads"])
def test_it_records_the_failure_when_sts_s_answer_cannot_be_read(identity, target, mode):
    with faults.on(Fault(service="sts", mode=mode)), pytest.raises(Unavailable) as refused:
        become(identity("alice"), target)
    assert "cannot be read. Nothing was handed out" in refused.value.message
    assert [each.event for each in events()] == ["grant:begin:intended", "grant:finish:failed"]
    # botocore's error quotes the answer, and with it the credentials
    assert events("grant:finish")[0].why == refused.value.detail
    assert refused.value.detail == "unreadable answer: ResponseParserError"
    text = "".join(traceback.format_exception(refused.value))
    assert "Credentials>" not in text and "Unable to parse" not in text


def test_it_records_the_failure_when_sts_s_answer_lacks_a_part(identity, monkeypatch):
    def without_user(response, *arguments):
        parts = {"Credentials": {"AccessKeyId": "ASIAX"}}
        return parse_credentials(Answer(parts, "AWS STS"), *arguments)

    parse_credentials = assume_role.parse_credentials
    monkeypatch.setattr(assume_role, "parse_credentials", without_user)
    with pytest.raises(Unavailable, match="cannot be read. Nothing was handed out"):
        become(identity("alice"))
    assert [each.event for each in events()] == ["grant:begin:intended", "grant:finish:failed"]
    assert "unreadable answer" in events("grant:finish")[0].why


@pytest.mark.parametrize(
    ("service", "whose"), [("kms", "cooper's own"), ("sts", "Federation Keys")]
)
def test_it_says_whose_keys_aws_does_not_accept(identity, service, whose):
    fault = Fault(service=service, code="UnrecognizedClientException", status=400)
    with faults.on(fault), pytest.raises(CooperError) as refused:
        become(identity("alice"), "dev-uploads")
    assert whose in refused.value.message and refused.value.status == 503


def test_it_never_retries_weaker(identity):
    changed(DEV, tag_session=True)
    role = seed_aws.create_role("222222222222", "no-tags", _trust_without_tags(), 3600)
    changed(DEV, role_arn=role)
    alice = identity("alice")
    with pytest.raises(Unavailable, match="trust policy"):
        become(alice)


def _trust_without_tags() -> dict[str, object]:
    account = AwsAccount.find("222222222222")
    assert account is not None
    policy = trust_policy.trust_policy(str(account.external_id), aws.caller_identity().arn)
    policy["Statement"] = policy["Statement"][:1]
    return policy


def test_it_asks_once_more_for_an_hour_when_the_role_s_maximum_is_less(identity):
    changed(DEV, max_seconds=28_800)
    target = Target.find(DEV)
    assert target is not None
    granted = become(identity("alice"), seconds=28_800)
    assert "one hour" in granted.note
    assert (granted.credentials.expires_at - now()).total_seconds() <= 3601
    assert events("grant:finish:done")[0].facts["note"] == granted.note
    assert longest_seconds(target) == 3600
    changed(DEV, title="Edited")
    edited = Target.find(DEV)
    assert edited is not None and longest_seconds(edited) == 28_800


def test_it_shows_on_the_next_page_that_the_console_lasts_an_hour(client_of):
    changed(DEV, max_seconds=28_800)
    alice = client_of("alice")
    assert alice.post(f"/targets/{DEV}/console/", {"duration": 28_800}).status_code == 303
    assert "one hour, so that is what you got" in alice.get("/").text
    assert "one hour" not in alice.get("/").text


# -- what the catalogue says is for showing; the intent decides ------------------------------------


def remove_rule() -> None:
    rule = Association.find(DEV, "local:developers")
    catalogue.edit(lambda writes: writes.delete(rule), DEV)


def end_rule() -> None:
    associate("local:developers", DEV, now() - timedelta(seconds=1))


def disable_alone() -> None:
    """Disable the target and leave its version, so that the state alone can tell."""
    Target.update_item(DEV, actions=[Target.state.set("disabled")])


def edit_alone() -> None:
    changed(DEV, title="Edited")


def take_away() -> None:
    Target.delete_item(DEV)


@pytest.mark.parametrize(
    ("meanwhile", "refusal"),
    [
        (remove_rule, TargetNotAccessible),
        (end_rule, TargetNotAccessible),
        (disable_alone, ChangedMeanwhile),
        (edit_alone, ChangedMeanwhile),
        (take_away, ChangedMeanwhile),
    ],
)
def test_it_grants_nothing_by_an_old_catalogue(identity, store, monkeypatch, meanwhile, refusal):
    alice, old, issued = identity("alice"), catalogue.current(), len(store.issued)
    monkeypatch.setattr(catalogue, "current", lambda: old)
    meanwhile()
    with pytest.raises(refusal) as refused:
        become(alice)
    assert "meanwhile" in refused.value.detail and len(store.issued) == issued
    assert [each.event for each in events()] == STOPPED
    assert events("grant:finish")[0].why == refused.value.detail


def test_it_grants_by_an_old_catalogue_that_is_still_true(identity, monkeypatch):
    alice, old = identity("alice"), catalogue.current()
    monkeypatch.setattr(catalogue, "current", lambda: old)
    assert become(alice).credentials


def test_it_grants_nothing_after_the_association_was_removed_in_the_same_instant(
    identity, store, monkeypatch, settings
):
    settings.COOPER_GRANTS_PER_MINUTE = 1000
    alice = identity("alice")
    person = Person.find("local:alice")
    assert person is not None
    person.groups = ["local:race"]
    with transaction() as writes:
        writes.save(person)
    racer = type(alice)(
        "local", "alice", groups=frozenset({Group("local", "race")}), epoch=alice.epoch
    )
    late = [
        _was_removed_before_its_intent(racer, store, monkeypatch, wait=n % 2 == 0)
        for n in range(50)
    ]
    assert late[::2] == [True] * 25


def _was_removed_before_its_intent(racer, store, monkeypatch, *, wait: bool) -> bool:
    """Remove the association while a grant runs; demand that no intent is later.

    `wait`: let the removal win.
    """
    catalogue.edit(lambda writes: writes.create(Association(DEV, "local:race")), DEV)
    held, issued, late = catalogue.current(), len(store.issued), []
    barrier, removed = threading.Barrier(2, timeout=10), threading.Event()

    def remove() -> None:
        rule = Association.find(DEV, "local:race")
        barrier.wait()
        catalogue.edit(lambda writes: writes.delete(rule), DEV)
        removed.set()

    def begin_late(*arguments, **named):
        barrier.wait()
        if wait:
            removed.wait(10)
        late.append(removed.is_set())
        return record_intent(*arguments, **named)

    thread = threading.Thread(target=remove)
    thread.start()
    with monkeypatch.context() as patch, contextlib.suppress(TargetNotAccessible):
        patch.setattr(catalogue, "current", lambda: held)
        patch.setattr(issue, "record_intent", begin_late)
        become(racer)
    thread.join()
    if late == [True]:
        assert len(store.issued) == issued
    return late == [True]


def test_it_tells_the_same_group_name_at_two_providers_apart(identity):
    alice = identity("alice")
    foreign = type(alice)(
        "local", "alice", groups=frozenset({Group("okta", "developers")}), epoch=alice.epoch
    )
    with pytest.raises(TargetNotAccessible):
        become(foreign)

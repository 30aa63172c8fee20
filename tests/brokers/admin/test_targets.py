"""An administrator adds, changes and deletes targets, over HTTP."""

import base64
import json
import re
import time
from functools import partial

import pytest

from accounts.models import TotpDevice
from brokers import aws_accounts, catalogue, trust_policy
from brokers.admin import target_save
from brokers.federation_keys import decrypt_keys
from brokers.models import Association, AwsAccount, State, Target
from core import audit_history, aws
from core.audit import AuditEvent, Event
from core.aws import CallerIdentity
from core.errors import Unavailable
from demo.seed import READ_S3, SPARE_ROLE
from embedded_aws import seed_aws
from tests.support import faults
from tests.support.codes import give_device, next_code
from tests.support.events import all_events
from tests.support.faults import Fault
from tests.support.federation_keys import encrypted
from tests.support.forms import confirmed, errors_in, fields_of, looked_at, submit

ADD_ROLE, ADD_FEDERATED = (
    "/admin/brokers/target/add/?kind=role",
    "/admin/brokers/target/add/?kind=federated_user",
)
SPARE = f"arn:aws:iam::444444444444:role/{SPARE_ROLE}"
FORM = "target_form"
ELSEWHERE = "arn:aws:iam::999999999999:role/elsewhere"
SAVED, AGAIN, REFUSED, STALE, DOWN = 302, 400, 403, 409, 503


def create_all(made, writes) -> None:
    for each in made:
        writes.create(each)


def change(name: str) -> str:
    return f"/admin/brokers/target/{name}/change/"


def events_of(target: str, kind: Event) -> list[AuditEvent]:
    return [each for each in audit_history.events_of(target) if each.event == kind]


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def add_role(carol, **typed):
    given = {"name": "support-read", "title": "Support", "role_arn": SPARE, "max_seconds": "3600"}
    return submit(carol, ADD_ROLE, FORM, **(given | typed))


def test_it_adds_a_role_that_people_become_at_once(carol, client_of):
    answer = add_role(carol, **{"associations-0-group": "developers"})
    assert answer.status_code == SAVED
    target = Target.find("support-read")
    assert target.state == State.ENABLED and target.aws_account == "444444444444"
    assert target.external_id_enforced and target.tag_session and target.source_identity
    assert (
        client_of("alice").post("/targets/support-read/credentials/", {"duration": 900}).status_code
        == 200
    )


def test_it_records_the_addition_with_its_associations_and_its_try(carol):
    add_role(carol, **{"associations-0-group": "local:developers"})
    [added] = events_of("support-read", Event.TARGET_ADDED)
    assert added.person == "local:carol" and added.facts["associations"] == {
        "added": ["local:developers"]
    }
    assert added.facts["changes"]["role_arn"] == [None, SPARE]
    [tried] = events_of("support-read", Event.TARGET_TRIED)
    assert tried.facts["external_id_enforced"] is True and tried.facts["findings"] == []


def test_it_keeps_a_role_pending_that_is_not_there_yet_and_shows_what_to_paste(carol):
    answer = add_role(carol, role_arn="arn:aws:iam::444444444444:role/not-yet")
    assert answer.status_code == SAVED and answer["Location"] == change("support-read")
    assert Target.find("support-read").state == State.PENDING
    page = carol.get(change("support-read")).text
    external_id = AwsAccount.find("444444444444").external_id
    assert page.count(external_id) > 3 and "aws_iam_role" in page and "AWS::IAM::Role" in page
    assert "does not exist" in page


def test_it_enables_no_role_without_external_id_while_sts_is_throttled(carol):
    policy = trust_policy.trust_policy(
        str(aws_accounts.ensure_account("444444444444").external_id), aws.caller_identity().arn
    )
    del policy["Statement"][0]["Condition"]["StringEquals"]
    role = seed_aws.create_role("444444444444", "for-all", policy, 3600)
    with faults.on(Fault("sts", "AssumeRole", mode="throttle", after=1)):
        answer = add_role(carol, role_arn=role, enabled="on")
    assert (
        answer.status_code == DOWN and "busy" in answer.text and Target.find("support-read") is None
    )


def test_it_enables_a_pending_role_once_the_trust_policy_is_there(carol):
    add_role(carol, role_arn="arn:aws:iam::444444444444:role/there-later")
    policy = trust_policy.trust_policy(
        str(AwsAccount.find("444444444444").external_id), aws.caller_identity().arn
    )
    seed_aws.create_role("444444444444", "there-later", policy, 3600)
    assert 'id="try_code"' in carol.get(change("support-read")).text
    answer = carol.post(
        "/admin/brokers/target/support-read/try/", {"code": next_code("carol")}, follow=True
    )
    assert "The test succeeded. The target is enabled." in answer.text
    assert Target.find("support-read").state == State.ENABLED
    assert [each.facts["state"] for each in events_of("support-read", Event.TARGET_TRIED)] == [
        "enabled"
    ]


def test_a_test_that_fails_takes_a_target_from_everybody_and_so_takes_a_code(carol):
    before = Target.find("dev-read").attribute_values
    answer = carol.post("/admin/brokers/target/dev-read/try/", follow=True)
    assert "needs a one-time code" in answer.text
    assert Target.find("dev-read").attribute_values == before
    assert events_of("dev-read", Event.TARGET_TRIED) == []
    page = carol.get(change("dev-read")).text
    assert 'id="try_code"' in page and "nobody can become it until it succeeds" in page


def test_its_page_waits_little_to_learn_who_cooper_is(carol, monkeypatch):
    """STS that stalls would take all the time that the page has."""
    seconds_left = []

    def caller_identity():
        seconds_left.append(aws.seconds_left(60))
        raise Unavailable("AWS did not answer.")

    monkeypatch.setattr("core.aws.caller_identity", caller_identity)
    page = carol.get(change("dev-read")).text
    assert "ExternalId" in page and "aws_iam_role" not in page
    assert [seconds <= 3 for seconds in seconds_left] == [True]


def test_it_tries_by_post_alone(carol):
    response = carol.get("/admin/brokers/target/dev-read/try/")
    assert response.headers["Location"] == change("dev-read")


def without_tags(role: str) -> str:
    policy = trust_policy.trust_policy(
        str(AwsAccount.find("444444444444").external_id), aws.caller_identity().arn
    )
    policy["Statement"] = policy["Statement"][:1]
    return str(seed_aws.create_role("444444444444", role, policy, 3600))


def test_it_leaves_a_role_pending_whose_trust_policy_lacks_a_part_and_names_it(carol):
    add_role(carol, role_arn=without_tags("no-tags"))
    assert Target.find("support-read").state == State.PENDING
    page = carol.get(change("support-read")).text
    assert "sts:TagSession" in page and "sts:SetSourceIdentity" in page


def test_it_enables_a_weaker_mode_only_when_it_is_accepted_and_records_that(carol):
    add_role(carol, role_arn=without_tags("no-tags"))
    refused = submit(carol, change("support-read"), FORM, enabled="on")
    assert refused.status_code == AGAIN and "accept the weaker mode" in errors_in(refused.text)
    accepted = submit(carol, change("support-read"), FORM, enabled="on", accept_weaker="on")
    assert accepted.status_code == SAVED
    target = Target.find("support-read")
    assert target.state == State.ENABLED and target.weaker_mode_accepted and not target.tag_session
    assert len(events_of("support-read", Event.TARGET_MODE_ACCEPTED)) == 1
    assert "weaker mode" in carol.get(change("support-read")).text


def test_it_never_accepts_a_weaker_mode_for_a_sensitive_target(carol):
    add_role(carol, role_arn=without_tags("no-tags"))
    refused = submit(
        carol, change("support-read"), FORM, enabled="on", accept_weaker="on", sensitive="on"
    )
    assert refused.status_code == AGAIN and "sensitive" in errors_in(refused.text)
    refused = submit(carol, change("support-read"), FORM, enabled="on", sensitive="on")
    assert refused.status_code == AGAIN and Target.find("support-read").state == State.PENDING


def test_it_takes_a_target_out_of_service_that_becomes_sensitive_in_a_weaker_mode(carol):
    add_role(carol, role_arn=without_tags("no-tags"))
    submit(carol, change("support-read"), FORM, enabled="on", accept_weaker="on")
    submit(carol, change("support-read"), FORM, accept_weaker=None, sensitive="on")
    assert Target.find("support-read").state == State.PENDING


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "", "required"),
        ("name", "-odd", "letter or digit first"),
        ("name", "a" * 65, "64"),
        ("name", "with blank", "1 to 64"),
        ("name", "dev-read", "never given twice"),
        ("role_arn", "nonsense", "not the ARN of a role"),
        ("role_arn", "arn:aws:iam::444444444444:role/aws-reserved/sso/x", "AWS keeps roles"),
        ("role_arn", "arn:aws-cn:iam::444444444444:role/x", "federated user"),
        ("role_arn", "arn:aws:iam::111111111111:user/cooper", "not the ARN of a role"),
        ("max_seconds", "899", "900"),
        ("max_seconds", "43201", "43200"),
        ("max_seconds", "abc", "whole number"),
        ("session_policy", "{", "not JSON: line 1"),
        ("session_policy", "[]", "A policy is"),
        ("session_policy", "[" * 2000, "nested deeper"),
        ("session_policy", READ_S3.replace("{", '{"Statement": [], ', 1), "is here twice"),
        ("session_policy", READ_S3.replace("Effect", "effect"), "Write &quot;Effect&quot;"),
        ("session_policy", '{"Statement": [{"Effect": "Allow"}]}', "lacks Action, Resource"),
        ("session_policy", json.dumps({"Statement": "x" * 2048}), "2,048"),
        ("policy_arns", "nonsense", "managed policy"),
        (
            "policy_arns",
            "\n".join(f"arn:aws:iam::aws:policy/p{n}" for n in range(11)),
            "10 at most",
        ),
        ("destination", "https://evil.example/", "not an address of the AWS console"),
        ("region", "nowhere", "not a region"),
        ("region", "evil.example/us-east-1", "not a region"),
        ("region", 'x" & calc & "us-east-1', "not a region"),
        ("region", "us-east-1\ncredential_process=/x", "not a region"),
        ("region", "eu-west-1a", "not a region"),
        (
            "region",
            "cn-north-1",
            "The region cn-north-1 is one of the partition aws-cn, not of aws",
        ),
        ("labels", "a b", "not a label"),
        ("role_name", "a b", "1 to 64 of"),
        ("role_name", "Prüfer", "1 to 64 of"),
        ("owner", "x" * 121, "at most 120"),
        ("owner", "a\u202eb", "one line"),
        ("rank", "1000", "999"),
        ("rank", "-1", "greater than or equal to 0"),
        ("rank", "high", "whole number"),
        ("reason_pattern", "a*", "Character 2: there are no endless repeats"),
        ("reason_pattern", "OPS-", "Give an example"),
        ("reason_example", "OPS-1", "needs a pattern"),
        ("colour", "pink", "valid choice"),
        ("command_lines", "open", "valid choice"),
        ("associations-0-group", "Okta:x", "not a provider"),
        ("associations-0-until", "never", "valid date"),
    ],
)
def test_it_puts_the_error_on_its_field_and_keeps_what_was_typed(carol, field, typed, said):
    typed_besides = {"title": "Kept as typed"}
    if field == "associations-0-until":
        typed_besides["associations-0-group"] = "developers"
    answer = add_role(carol, **(typed_besides | {field: typed}))
    assert answer.status_code == AGAIN and said in errors_in(answer.text)
    assert "Kept as typed" in answer.text and Target.find("support-read") is None


MANAGED = "arn:aws:iam::444444444444:policy/a-managed-one-of-ours"


def a_policy(characters: int) -> str:
    """Return a session policy of so many characters."""
    empty = READ_S3.replace("{", '{"Id": "",', 1)
    return empty.replace('"Id": ""', f'"Id": "{"x" * (characters - len(empty))}"')


@pytest.mark.parametrize(("more", "status"), [(0, SAVED), (1, AGAIN)])
def test_it_counts_session_policy_and_managed_ones_together(carol, more, status):
    policy = a_policy(2048 - len(MANAGED) + more)
    answer = add_role(carol, session_policy=policy, policy_arns=MANAGED, title="Kept as typed")
    assert answer.status_code == status
    if status == AGAIN:
        assert (
            "2,049 characters with the session policy" in errors_in(answer.text)
            and MANAGED in answer.text
        )
        assert 'data-with="policy_arns"' in answer.text and "Kept as typed" in answer.text


def test_it_refuses_one_group_twice(carol):
    typed = {
        "associations-TOTAL_FORMS": "2",
        "associations-0-group": "local:a",
        "associations-1-group": "a",
    }
    answer = add_role(carol, **typed)
    assert answer.status_code == AGAIN and "listed twice" in errors_in(answer.text)


def test_it_shows_a_form_again_when_aws_does_not_answer_and_saves_nothing(carol):
    with faults.on(
        Fault("sts", "GetCallerIdentity", mode="error", status=503, code="ServiceUnavailable")
    ):
        answer = add_role(carol)
    assert (
        answer.status_code == DOWN
        and "Support" in answer.text
        and Target.find("support-read") is None
    )


def test_it_reserves_a_deleted_name_for_ever(carol):
    assert "deleted successfully" in confirmed(carol, "/admin/brokers/target/dev-read/delete/").text
    assert Target.find("dev-read").state == State.DELETED
    assert list(Association.under("dev-read")) == [] and Target.find("dev-read").role_arn is None
    assert carol.get(change("dev-read"), follow=True).redirect_chain[-1][0] == "/admin/"
    assert "dev-read" not in carol.get("/admin/brokers/target/").text
    answer = add_role(carol, name="dev-read")
    assert answer.status_code == AGAIN and "never given twice" in errors_in(answer.text)


def test_it_names_the_associations_that_go_with_a_target_before_deleting_it(carol):
    page = carol.get("/admin/brokers/target/dev-read/delete/").text
    assert (
        "local:developers may no longer become it" in page
        and Target.find("dev-read").state == State.ENABLED
    )


def test_it_deletes_a_target_with_more_associations_than_a_transaction_takes(carol):
    for start in range(0, 150, 50):
        made = [Association("dev-read", f"local:g{n}") for n in range(start, start + 50)]
        catalogue.edit(partial(create_all, made), "dev-read")
    confirmed(carol, "/admin/brokers/target/dev-read/delete/")
    assert list(Association.under("dev-read")) == []
    [deleted] = events_of("dev-read", Event.TARGET_DELETED)
    assert len(deleted.facts["associations"]["removed"]) == 151


def test_it_changes_associations_with_their_target(carol):
    typed = {"associations-TOTAL_FORMS": "3", "associations-0-DELETE": "on"}
    typed |= {"associations-1-group": "finance", "associations-1-until": "2030-01-02T03:04"}
    assert submit(carol, change("dev-read"), FORM, **typed).status_code == SAVED
    [rule] = Association.under("dev-read")
    assert rule.group == "local:finance" and f"{rule.until:%Y-%m-%d %H:%M}" == "2030-01-02 03:04"
    [event] = events_of("dev-read", Event.TARGET_CHANGED)
    assert event.facts["associations"] == {
        "added": ["local:finance until 2030-01-02 03:04 UTC"],
        "removed": ["local:developers"],
    }


def test_it_changes_the_end_of_an_association_in_place(carol):
    submit(carol, change("dev-read"), FORM, **{"associations-0-until": "2031-01-01T00:00"})
    [event] = events_of("dev-read", Event.TARGET_CHANGED)
    assert event.facts["associations"] == {
        "changed": ["local:developers until 2031-01-01 00:00 UTC"]
    }


def test_it_says_so_when_an_administrator_entitles_themself(carol):
    typed = {"associations-1-group": "local:admins"}
    answer = submit(carol, change("dev-read"), FORM, **typed)
    assert "you entitled yourself" in carol.get(answer["Location"]).text
    [event] = events_of("dev-read", Event.TARGET_CHANGED)
    assert event.facts["self_entitled"] == ["local:admins"]


def test_it_refuses_an_edit_of_an_old_version_and_shows_both(carol, client_of):
    page = carol.get(change("dev-read"))
    give_device("dan")
    other = submit(client_of("dan"), change("dev-read"), FORM, title="Dan's title")
    assert other.status_code == SAVED
    mine = carol.post(change("dev-read"), fields_of(page.text, FORM) | {"title": "Carol's title"})
    assert mine.status_code == STALE and Target.find("dev-read").title == "Dan's title"
    assert "Now: Dan&#x27;s title" in mine.text and "Carol&#x27;s title" in mine.text
    again = carol.post(
        change("dev-read"), fields_of(mine.text, FORM) | {"code": next_code("carol")}
    )
    assert again.status_code == SAVED and Target.find("dev-read").title == "Carol's title"


def stale(carol, client_of, **theirs):
    """Let Dan change the rows of a target that Carol has open; return what her save answers."""
    page = carol.get(change("dev-read"))
    give_device("dan")
    assert submit(client_of("dan"), change("dev-read"), FORM, **theirs).status_code == SAVED
    mine = carol.post(change("dev-read"), fields_of(page.text, FORM) | {"title": "Mine"})
    assert mine.status_code == STALE
    return mine


def save_again(carol, shown, **typed):
    sent = fields_of(shown.text, FORM) | {"code": next_code("carol")} | typed
    assert looked_at(carol, change("dev-read"), sent).status_code == SAVED
    assert Target.find("dev-read").title == "Mine"
    return {str(rule.group): rule.until for rule in Association.under("dev-read")}


def test_it_shows_an_end_that_somebody_else_set_and_counts_what_is_saved_after_that(
    carol, client_of
):
    theirs = {"associations-0-until": "2031-01-01T00:00"}
    mine = stale(carol, client_of, **theirs)
    assert "Now: until 2031-01-01 00:00 UTC. Below is what you typed." in errors_in(mine.text)
    assert save_again(carol, mine, **theirs)["local:developers"].year == 2031


def test_it_keeps_an_association_that_somebody_else_added(carol, client_of):
    mine = stale(
        carol,
        client_of,
        **{"associations-1-group": "finance", "associations-1-until": "2031-01-01T00:00"},
    )
    assert "Somebody else added this." in errors_in(mine.text)
    assert fields_of(mine.text, FORM)["associations-1-group"] == "local:finance"
    found = save_again(carol, mine)
    assert (
        set(found) == {"local:developers", "local:finance"} and found["local:finance"].year == 2031
    )


def test_it_deletes_an_association_that_came_meanwhile_when_that_is_ticked(carol, client_of):
    mine = stale(carol, client_of, **{"associations-1-group": "finance"})
    assert set(save_again(carol, mine, **{"associations-1-DELETE": "on"})) == {"local:developers"}


def test_it_says_that_somebody_else_removed_an_association(carol, client_of):
    mine = stale(carol, client_of, **{"associations-0-DELETE": "on"})
    assert "Somebody else deleted this." in errors_in(mine.text)
    assert fields_of(mine.text, FORM)["associations-0-group"] == "local:developers"
    assert save_again(carol, mine, **{"associations-0-DELETE": "on"}) == {}


def test_it_keeps_what_both_administrators_added(carol, client_of):
    page = carol.get(change("dev-read"))
    give_device("dan")
    submit(client_of("dan"), change("dev-read"), FORM, **{"associations-1-group": "a-finance"})
    sent = fields_of(page.text, FORM) | {"title": "Mine", "associations-1-group": "visitors"}
    mine = carol.post(change("dev-read"), sent)
    assert mine.status_code == STALE
    assert set(save_again(carol, mine)) == {"local:a-finance", "local:developers", "local:visitors"}


def test_it_writes_nothing_when_nothing_was_changed(carol):
    before = Target.find("dev-read").version
    assert submit(carol, change("dev-read"), FORM).status_code == SAVED
    assert (
        Target.find("dev-read").version == before
        and events_of("dev-read", Event.TARGET_CHANGED) == []
    )


def test_it_writes_all_or_nothing(carol):
    before = Target.find("dev-read")
    with faults.on(
        Fault(
            "dynamodb", "TransactWriteItems", mode="error", status=500, code="InternalServerError"
        )
    ):
        answer = submit(
            carol, change("dev-read"), FORM, title="New", **{"associations-1-group": "finance"}
        )
    assert answer.status_code >= 500
    found = Target.find("dev-read")
    assert (found.title, found.version) == (before.title, before.version)
    assert [str(rule.group) for rule in Association.under("dev-read")] == ["local:developers"]


def test_it_disables_a_target_so_that_nobody_becomes_it(carol, client_of):
    submit(carol, change("dev-read"), FORM, enabled=None)
    assert Target.find("dev-read").state == State.DISABLED
    assert (
        client_of("alice").post("/targets/dev-read/credentials/", {"duration": 900}).status_code
        == 404
    )
    submit(carol, change("dev-read"), FORM, enabled="on")
    assert (
        client_of("alice").post("/targets/dev-read/credentials/", {"duration": 900}).status_code
        == 200
    )


def test_it_takes_a_target_out_of_service_whose_new_role_does_not_trust_cooper(carol):
    arn = "arn:aws:iam::444444444444:role/elsewhere"
    answer = submit(carol, change("dev-read"), FORM, role_arn=arn)
    target = Target.find("dev-read")
    assert answer.status_code == SAVED and (target.state, target.role_arn) == (State.PENDING, arn)


def test_it_disables_a_target_as_asked_although_its_new_role_does_not_trust_cooper(carol):
    arn = "arn:aws:iam::444444444444:role/elsewhere"
    submit(carol, change("dev-read"), FORM, role_arn=arn, enabled=None)
    assert Target.find("dev-read").state == State.DISABLED
    [tried] = events_of("dev-read", Event.TARGET_TRY_FAILED)
    assert tried.facts["state"] == "disabled"


def test_it_refuses_coopers_own_role(carol, monkeypatch):
    arn = f"arn:aws:sts::444444444444:assumed-role/{SPARE_ROLE}/i-1"
    monkeypatch.setattr("core.aws.caller_identity", lambda: CallerIdentity(arn, "444444444444"))
    answer = add_role(carol)
    assert answer.status_code == AGAIN and "cooper itself runs as" in errors_in(answer.text)


def test_it_renames_the_aws_account_for_all_its_targets(carol):
    submit(carol, change("dev-read"), FORM, account_name="Playground")
    assert AwsAccount.find("222222222222").name == "Playground"
    assert "Playground (222222222222)" in carol.get("/admin/brokers/target/?q=dev-admin").text


def test_it_keeps_the_external_id_of_an_aws_account_for_ever(carol):
    before = AwsAccount.find("222222222222").external_id
    for name in ("dev-read", "dev-admin", "dev-uploads"):
        confirmed(carol, f"/admin/brokers/target/{name}/delete/")
    add_role(carol, role_arn="arn:aws:iam::222222222222:role/other")
    assert AwsAccount.find("222222222222").external_id == before and len(before) >= 32


def test_it_makes_a_new_aws_account_together_with_its_first_target(carol):
    assert add_role(carol, role_arn=ELSEWHERE, account_name="Elsewhere").status_code == SAVED
    account = AwsAccount.find("999999999999")
    assert account.name == "Elsewhere" and len(account.external_id) >= 32
    assert account.external_id in carol.get(change("support-read")).text
    made = [each.aws_account for each in all_events() if each.event == Event.ACCOUNT_ADDED]
    assert made.count("999999999999") == 1
    assert "Elsewhere" in carol.get("/admin/brokers/target/?q=support-read").text


def test_it_asks_aws_nothing_without_a_code_or_while_none_counts(carol):
    down = {"mode": "error", "status": 503, "code": "ServiceUnavailable"}
    sts_down = Fault("sts", "AssumeRole", **down), Fault("sts", "GetCallerIdentity", **down)
    with faults.on(*sts_down, may_miss=True):
        assert add_role(carol, role_arn=ELSEWHERE, code="").status_code == REFUSED
        assert add_role(carol, role_arn=ELSEWHERE).status_code == DOWN
        device = TotpDevice.find("local:carol")
        device.failures, device.wait_until = 9, int(time.time()) + 60
        device.save()
        waits = add_role(carol, role_arn=ELSEWHERE)
        assert waits.status_code == AGAIN and "Try again in" in errors_in(waits.text)


@pytest.mark.parametrize("code", ["", "000000"])
def test_it_adds_no_aws_account_without_the_right_code(carol, code):
    assert add_role(carol, role_arn=ELSEWHERE, code=code).status_code in (AGAIN, REFUSED)
    assert AwsAccount.find("999999999999") is None and Target.find("support-read") is None


def test_it_shows_who_gains_before_it_asks_for_a_code(carol):
    page = carol.get(change("dev-read"))
    answer = carol.post(
        change("dev-read"), fields_of(page.text, FORM) | {"associations-1-group": "finance"}
    )
    assert answer.status_code == 200 and "Nothing is saved yet" in answer.text


def test_it_says_so_when_somebody_else_added_the_aws_account_at_the_same_time(carol, monkeypatch):
    before = target_save.write_account

    def late(*given):
        if AwsAccount.find("999999999999") is None:
            aws_accounts.ensure_account("999999999999")
        before(*given)

    monkeypatch.setattr(target_save, "write_account", late)
    answer = add_role(carol, role_arn=ELSEWHERE)
    assert answer.status_code == STALE and "added this AWS account meanwhile" in errors_in(
        answer.text
    )
    assert Target.find("support-read") is None
    assert add_role(carol, role_arn=ELSEWHERE).status_code == SAVED


# -- federated users -------------------------------------------------------------------------------
def add_federated(carol, keys: str, **typed):
    given = {
        "name": "reports",
        "federation_keys": keys,
        "session_policy": READ_S3,
        "max_seconds": "7200",
    }
    return submit(carol, ADD_FEDERATED, FORM, **(given | typed))


def new_keys() -> tuple[str, str]:
    return seed_aws.create_user_key("444444444444", "cooper-reports")


def test_it_adds_a_federated_user_whose_keys_are_never_shown_again(carol, client_of):
    access_key_id, secret = new_keys()
    typed = encrypted(access_key_id, secret)
    answer = add_federated(carol, typed, **{"associations-0-group": "developers"})
    assert answer.status_code == SAVED
    target = Target.find("reports")
    assert target.state == State.ENABLED and target.aws_account == "444444444444"
    assert (
        target.access_key_id == access_key_id and decrypt_keys(target).secret_access_key == secret
    )
    page = carol.get(change("reports")).text
    assert typed not in page and secret not in page and access_key_id in page
    assert (
        client_of("alice").post("/targets/reports/credentials/", {"duration": 900}).status_code
        == 200
    )


def test_it_records_new_keys_by_their_access_key_id_alone(carol):
    access_key_id, secret = new_keys()
    typed = encrypted(access_key_id, secret)
    add_federated(carol, typed)
    [added] = events_of("reports", Event.TARGET_ADDED)
    assert added.facts["federation_keys"]["access_key_id"] == access_key_id
    assert added.facts["changes"]["federation_keys"] == ["(secret)", "(changed)"]
    assert typed not in added.details and secret not in added.details


def test_it_keeps_the_keys_when_none_are_typed(carol):
    before = bytes(Target.find("dev-uploads").federation_keys)
    assert submit(carol, change("dev-uploads"), FORM, title="Other").status_code == SAVED
    assert bytes(Target.find("dev-uploads").federation_keys) == before


def test_it_asks_before_using_a_key_that_another_target_has(carol):
    keys = decrypt_keys(Target.find("dev-uploads"))
    typed = encrypted(keys.access_key_id, keys.secret_access_key)
    refused = add_federated(carol, typed)
    assert refused.status_code == AGAIN and "dev-uploads" in errors_in(refused.text)
    assert add_federated(carol, typed, confirm_keys="on").status_code == SAVED
    [added] = events_of("reports", Event.TARGET_ADDED)
    assert "dev-uploads" in added.facts["federation_keys"]["confirmed"]


def test_it_asks_before_using_a_ciphertext_without_context(carol):
    typed = encrypted(*new_keys(), context={})
    refused = add_federated(carol, typed)
    assert refused.status_code == AGAIN and "without cooper" in errors_in(refused.text)
    assert add_federated(carol, typed, confirm_keys="on").status_code == SAVED


def test_it_refuses_keys_in_plain_text_and_does_not_repeat_them(carol):
    access_key_id, secret = new_keys()
    answer = add_federated(carol, f"{access_key_id}|{secret}")
    assert (
        answer.status_code == AGAIN
        and "not base64" in errors_in(answer.text)
        and secret not in answer.text
    )


def test_it_keeps_typed_ciphertext_when_the_form_is_shown_again(carol):
    typed = encrypted(*new_keys())
    answer = add_federated(carol, typed, code="000000")
    assert answer.status_code == AGAIN and "Type it again" not in answer.text
    assert fields_of(answer.text, FORM)["federation_keys"] == typed


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: encrypted(*seed_aws.create_root_key("444444444444")), "root user"),
        (
            lambda: encrypted("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            "does not accept",
        ),
        (
            lambda: encrypted("ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            "temporary",
        ),
        (lambda: "", "required"),
        (lambda: "AAAA", "not a KMS ciphertext"),
        (lambda: base64.b64encode(b"x" * 200).decode(), "not encrypted for this cooper"),
    ],
)
def test_it_refuses_keys_that_cannot_be_federation_keys(carol, make, said):
    answer = add_federated(carol, make())
    assert (
        answer.status_code == AGAIN
        and said in errors_in(answer.text)
        and Target.find("reports") is None
    )


def test_it_wants_a_session_policy_for_a_federated_user(carol):
    answer = add_federated(carol, encrypted(*new_keys()), session_policy="")
    assert answer.status_code == AGAIN and "required" in errors_in(answer.text)


def test_the_list_says_who_owns_a_target_and_nothing_where_nobody_does(carol):
    for name, owner in (("dev-read", "Platform <team>"), ("dev-admin", None)):
        target = Target.find(name)
        target.owner = owner
        catalogue.edit(lambda writes, target=target: writes.save(target), name)
    rows = carol.get("/admin/brokers/target/").text.split("<tr>")

    def owner_cell(name: str) -> str:
        [row] = [row for row in rows if f"/{name}/change/" in row]
        return re.findall(r'<td data-label="Owner" ([^>]*>[^<]*)</td>', row)[0]

    assert owner_cell("dev-read") == 'class="field-owner_label">Platform &lt;team&gt;'
    assert owner_cell("dev-admin") == 'data-empty class="field-owner_label">'

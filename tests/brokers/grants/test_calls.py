"""The calls of a grant to AWS, by name and in order: a person waits for each."""

import pytest

from tests.support import faults
from tests.support.codes import give_device, next_code

GRANT = ["TransactWriteItems", "TransactGetItems", "AssumeRole", "PutItem"]
"""Intent, check, STS, outcome."""

INTENT = "grant:begin:intended"
EVERYBODYS = {"cooper-installation", "cooper-aws-accounts", "cooper-targets", "cooper-associations"}
"""Tables whose items people share."""


def calls_of(browser, target: str = "dev-read", delivery: str = "credentials", **typed: str):
    """Let somebody become a target; return the calls, from the first one that writes."""
    faults.clear()
    response = browser.post(f"/targets/{target}/{delivery}/", {"duration": "900", **typed})
    assert response.status_code in (200, 303), response.text
    calls = faults.journal()
    names = [call.operation for call in calls]
    return calls[names.index("TransactWriteItems") :]


def names_of(calls) -> list[str]:
    return [call.operation for call in calls]


def test_a_grant_is_four_calls_after_what_a_request_reads(client_of):
    assert names_of(calls_of(client_of("alice"))) == GRANT


def test_the_console_takes_one_more(client_of):
    calls = names_of(calls_of(client_of("alice"), delivery="console"))
    assert calls == [*GRANT[:3], "getSigninToken", "PutItem"]


def test_a_federated_user_s_keys_are_decrypted(client_of):
    calls = names_of(calls_of(client_of("alice"), "dev-uploads"))
    assert calls == [*GRANT[:2], "Decrypt", "GetFederationToken", "PutItem"]


def test_a_code_is_used_up_before_the_intent(client_of):
    give_device("alice")
    calls = calls_of(client_of("alice"), "prod-admin", code=next_code("alice"))
    [intent] = [number for number, call in enumerate(calls) if INTENT in call.body.decode()]
    assert names_of(calls[intent:]) == GRANT
    assert "cooper-totp-devices" in {table for call in calls[:intent] for table in call.tables}


@pytest.mark.parametrize("target", ["dev-read", "dev-uploads"])
def test_what_it_writes_is_nobody_else_s(client_of, target):
    [intent] = [
        call for call in calls_of(client_of("alice"), target) if INTENT in call.body.decode()
    ]
    assert intent.tables == ("cooper-audit", "cooper-attempts")


def test_the_check_reads_all_that_the_grant_rests_on_at_once(client_of):
    [check] = [call for call in calls_of(client_of("alice")) if call.operation == GRANT[1]]
    assert EVERYBODYS | {"cooper-people", "cooper-web-sessions"} == set(check.tables)

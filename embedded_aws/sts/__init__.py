"""Strict STS: what AWS refuses, it refuses, and every call gets credentials of its own."""

from collections.abc import Callable
from typing import Any

from embedded_aws.callers import Caller
from embedded_aws.sts import assume_role, user_sessions
from embedded_aws.sts.parameters import Parameters
from embedded_aws.wire import Answer, AwsError, Call, xml_answer
from embedded_aws.world import World

OPERATIONS: dict[str, Callable[[Caller, Parameters, World], dict[str, Any]]] = {
    "AssumeRole": assume_role.answer,
    "GetCallerIdentity": user_sessions.caller_identity,
    "GetFederationToken": user_sessions.federation_token,
    "GetSessionToken": user_sessions.session_token,
}


def answer(call: Call, caller: Caller, world: World) -> Answer:
    """Answer a call to STS; raise AwsError."""
    deed = OPERATIONS.get(call.operation)
    if deed is None:
        message = f"Could not find operation {call.operation} for version {call.form.get('Version', '')}"
        raise AwsError("InvalidAction", message)
    return xml_answer(call.operation, deed(caller, Parameters(call.form), world))

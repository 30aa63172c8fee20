"""Strict STS: what AWS refuses, it refuses, and every call gets credentials of its own."""

from collections.abc import Callable
from typing import Any

from embedded_aws.principals import Principal
from embedded_aws.protocol import Answer, AwsError, Call, xml_answer
from embedded_aws.state import AwsState
from embedded_aws.sts import assume_role, user_sessions
from embedded_aws.sts.parameters import Parameters

OPERATIONS: dict[str, Callable[[Principal, Parameters, AwsState], dict[str, Any]]] = {
    "AssumeRole": assume_role.answer,
    "GetCallerIdentity": user_sessions.caller_identity,
    "GetFederationToken": user_sessions.federation_token,
    "GetSessionToken": user_sessions.session_token,
}


def answer(call: Call, caller: Principal, world: AwsState) -> Answer:
    """Answer a call to STS; raise AwsError."""
    deed = OPERATIONS.get(call.operation)
    if deed is None:
        message = (
            f"Could not find operation {call.operation} for version {call.form.get('Version', '')}"
        )
        raise AwsError("InvalidAction", message)
    return xml_answer(call.operation, deed(caller, Parameters(call.form), world))

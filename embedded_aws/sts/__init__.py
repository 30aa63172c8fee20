"""Strict STS: what AWS refuses, it refuses, and every call gets credentials of its own."""

from collections.abc import Callable
from typing import Any

from embedded_aws.calls import Call
from embedded_aws.errors import AwsError
from embedded_aws.principals import Principal
from embedded_aws.responses import Response, xml_response
from embedded_aws.state import AwsState
from embedded_aws.sts import assume_role, user_sessions
from embedded_aws.sts.parameters import Parameters

OPERATIONS: dict[str, Callable[[Principal, Parameters, AwsState], dict[str, Any]]] = {
    "AssumeRole": assume_role.assume_role,
    "GetCallerIdentity": user_sessions.get_caller_identity,
    "GetFederationToken": user_sessions.get_federation_token,
    "GetSessionToken": user_sessions.get_session_token,
}


def handle(call: Call, caller: Principal, state: AwsState) -> Response:
    """Answer a call to STS; raise AwsError."""
    operation = OPERATIONS.get(call.operation)
    if operation is None:
        version = call.form.get("Version", "")
        raise AwsError(
            "InvalidAction",
            f"Could not find operation {call.operation} for version {version}",
        )

    result = operation(caller, Parameters(call.form), state)
    return xml_response(call.operation, result)

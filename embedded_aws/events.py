"""EventBridge: what is put on a bus, within its limits. There are no rules and no targets.

Rules: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html and, in the
user guide, eb-putevents.html (size of an entry, an event for a bus that is not there)
"""

import json
import uuid
from typing import Any

from embedded_aws.calls import Call
from embedded_aws.errors import AwsError
from embedded_aws.principals import Principal
from embedded_aws.responses import Response, json_response
from embedded_aws.state import AwsState

MOST_ENTRIES = 10
MOST_BYTES = 262_144
"""Of all entries of a call, as `entry_size` counts them."""

TIME_BYTES = 14

DEFAULT_BUS = "default"

REQUIRED = ("Source", "DetailType", "Detail")


def handle(call: Call, caller: Principal, state: AwsState) -> Response:
    """Answer a call; raise AwsError."""
    operations = {
        "PutEvents": _put_events,
        "CreateEventBus": _create_bus,
        "DescribeEventBus": _describe_bus,
    }
    operation = operations.get(call.operation)
    if operation is None:
        raise AwsError("UnknownOperationException", call.operation)

    content = operation(call, caller, state)
    return json_response("events", json.dumps(content).encode())


def entry_size(entry: dict[str, Any]) -> int:
    """Return the bytes of an entry as EventBridge counts them."""
    texts = [str(entry.get(name) or "") for name in REQUIRED]
    texts += [str(resource) for resource in entry.get("Resources") or []]

    size = sum(len(text.encode()) for text in texts)
    if "Time" in entry:
        size += TIME_BYTES
    return size


def bus_key(caller: Principal, call: Call, name: str) -> str:
    """Return the ARN of a bus by its name or ARN."""
    bus_name = name or DEFAULT_BUS
    if bus_name.startswith("arn:"):
        return bus_name
    owner = f"{call.region}:{caller.account_id}"
    return f"arn:{caller.partition}:events:{owner}:event-bus/{bus_name}"


def _put_events(call: Call, caller: Principal, state: AwsState) -> dict[str, Any]:
    entries = call.document.get("Entries")
    if not isinstance(entries, list) or not 1 <= len(entries) <= MOST_ENTRIES:
        raise AwsError(
            "ValidationException",
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member "
            f"must have length less than or equal to {MOST_ENTRIES} and greater than or equal to "
            "1",
        )

    if sum(entry_size(entry) for entry in entries) > MOST_BYTES:
        raise AwsError(
            "ValidationException", "Total size of the entries in the request is over the limit."
        )

    results = []
    with state.lock:
        for entry in entries:
            bus = bus_key(caller, call, entry.get("EventBusName", ""))
            results.append(_put_entry(entry, bus, state))

    failed = [result for result in results if "ErrorCode" in result]
    return {"FailedEntryCount": len(failed), "Entries": results}


def _put_entry(entry: dict[str, Any], bus: str, state: AwsState) -> dict[str, str]:
    """Return the result of one entry; the others of its call go on whatever becomes of it."""
    if state.event_faults:
        error_code = state.event_faults.pop(0)
        if error_code:
            return _failed(error_code, "A fault that a test asked for.")

    for name in REQUIRED:
        if not entry.get(name):
            message = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return _failed("InvalidArgument", message)

    if str(entry["Source"]).startswith("aws."):
        return _failed("NotAuthorizedForSourceException", "Not authorized for the source.")

    if not _is_json_object(entry["Detail"]):
        return _failed("MalformedDetail", "Detail is malformed.")

    # what is for a bus that is not there is dropped without a word
    if bus in state.event_buses or bus.endswith(f"/{DEFAULT_BUS}"):
        state.event_buses.setdefault(bus, []).append(dict(entry))
        state.changed.set()

    return {"EventId": str(uuid.uuid4())}


def _failed(code: str, message: str) -> dict[str, str]:
    return {"ErrorCode": code, "ErrorMessage": message}


def _is_json_object(text: object) -> bool:
    try:
        return isinstance(json.loads(str(text)), dict)
    except ValueError:
        return False


def _create_bus(call: Call, caller: Principal, state: AwsState) -> dict[str, Any]:
    name = str(call.document.get("Name") or "")
    bus = bus_key(caller, call, name)
    if not name or bus in state.event_buses:
        raise AwsError("ResourceAlreadyExistsException", f"Event bus {name} already exists.")
    state.event_buses[bus] = []
    state.changed.set()
    return {"EventBusArn": bus}


def _describe_bus(call: Call, caller: Principal, state: AwsState) -> dict[str, Any]:
    name = str(call.document.get("Name") or DEFAULT_BUS)
    bus = bus_key(caller, call, name)
    if bus not in state.event_buses and not bus.endswith(f"/{DEFAULT_BUS}"):
        raise AwsError("ResourceNotFoundException", f"Event bus {name} does not exist.")
    return {"Name": bus.rpartition("/")[2], "Arn": bus}

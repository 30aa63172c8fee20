"""Calls to DynamoDB: one at a time, repeated transactions recognised.

Rule: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html (ClientRequestToken).
"""

import json
import time
from dataclasses import replace
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from embedded_aws import backends
from embedded_aws.principals import Principal
from embedded_aws.protocol import Answer, AwsError, Call, json_answer
from embedded_aws.state import AwsState
from embedded_aws.tables import Tables

TOKEN_SECONDS = 600
"""For so long a repeated TransactWriteItems with the same ClientRequestToken is answered and not done again."""

READS = {"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems", "ListTagsOfResource"}


class DynamoDb:
    """The service."""

    def __init__(self, world: AwsState) -> None:
        """Begin with no transaction to remember."""
        self._world = world
        self._remembered: dict[tuple[str, str], tuple[float, dict[str, Any]]] = {}

    def answer(self, call: Call, caller: Principal) -> Answer:
        """Answer a call; raise AwsError. Held to one at a time, since moto's conditional writes are not atomic."""
        asked = call.document
        with self._world.lock:
            if call.operation == "TransactWriteItems" and self._is_repeated(caller, asked):
                return json_answer("dynamodb", b"{}")
            answer = backends.ask(call, caller)
            if (
                answer.status == 200
                and call.operation not in READS
                and not call.operation.startswith("Describe")
            ):
                self._written(call, caller, asked)
                return self._as_it_stands(call, caller, answer)
            return answer

    def _is_repeated(self, caller: Principal, asked: dict[str, Any]) -> bool:
        """Return whether this transaction was done already; raise AwsError when its token was another's."""
        token = asked.get("ClientRequestToken")
        now = time.monotonic()
        self._remembered = {key: kept for key, kept in self._remembered.items() if kept[0] > now}
        kept = self._remembered.get((caller.account_id, str(token))) if token else None
        if kept and kept[1] != asked:
            message = "The parameters do not match those of an earlier request with this client request token."
            raise AwsError("IdempotentParameterMismatchException", message)
        return kept is not None

    def _written(self, call: Call, caller: Principal, asked: dict[str, Any]) -> None:
        """Note that something was written, and by which token."""
        self._world.changed.set()
        token = asked.get("ClientRequestToken")
        if call.operation == "TransactWriteItems" and token:
            self._remembered[caller.account_id, str(token)] = (
                time.monotonic() + TOKEN_SECONDS,
                asked,
            )
        if call.operation == "UpdateTable" and "SSESpecification" in asked:
            self._tables(call, caller).encrypt(asked["TableName"], asked["SSESpecification"])

    @staticmethod
    def _tables(call: Call, caller: Principal) -> Tables:
        """Return the tables that the call is about."""
        region = call.authorization.region if call.authorization else ""
        found = dynamodb_backends[caller.account_id][region]
        assert isinstance(found, Tables)  # noqa: S101 - install() has seen to it
        return found

    def _as_it_stands(self, call: Call, caller: Principal, answer: Answer) -> Answer:
        """Return the answer with a new or changed table in its true state, where moto says ACTIVE at once."""
        if call.operation not in {"CreateTable", "UpdateTable"}:
            return answer
        document = json.loads(answer.body)
        described = document["TableDescription"]
        described["TableStatus"] = self._tables(call, caller).status(described["TableName"])
        return replace(json_answer("dynamodb", json.dumps(document).encode()), status=answer.status)

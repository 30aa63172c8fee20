"""Calls to DynamoDB: done one at a time, and repeated transactions are done once.

Each has its items from when it comes in, waits (the latency) and is done then: see `conflicts`.

Rule: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
(ClientRequestToken)
"""

import json
import time
from dataclasses import replace
from http import HTTPStatus
from time import sleep
from typing import Any, NamedTuple

from moto.dynamodb.models import dynamodb_backends

from embedded_aws import transactions
from embedded_aws.backends import call_moto
from embedded_aws.batch_reads import check_batch
from embedded_aws.calls import Call
from embedded_aws.conflicts import CallUnderWay, KeyNames, read_items
from embedded_aws.errors import AwsError
from embedded_aws.principals import Principal
from embedded_aws.responses import Response, json_response
from embedded_aws.state import AwsState
from embedded_aws.tables import Tables

TOKEN_SECONDS = 600
"""For so long a transaction with the same ClientRequestToken is answered and not done again."""

READS = {"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems", "ListTagsOfResource"}


class _Transaction(NamedTuple):
    """A transaction that was done; `expires_at` by the monotonic clock."""

    expires_at: float
    document: dict[str, Any]


class DynamoDb:
    """The service."""

    def __init__(self, state: AwsState) -> None:
        self._state = state
        # by AWS account and ClientRequestToken
        self._transactions: dict[tuple[str, str], _Transaction] = {}

    def handle(self, call: Call, caller: Principal) -> Response:
        """Answer a call; raise AwsError."""
        under_way = _under_way(call, caller)
        with self._state.items_under_way.having(under_way):
            # outside the lock: other calls are done meanwhile, and may meet this one
            sleep(self._state.dynamodb_latency_seconds)
            return self._do(call, caller)

    def _do(self, call: Call, caller: Principal) -> Response:
        document = call.document
        if call.operation == "TransactGetItems":
            transactions.check_reads(document, _key_names(call, caller))
        if call.operation == "BatchGetItem":
            check_batch(document, _key_names(call, caller))

        # one call at a time: moto's conditional writes are not atomic
        with self._state.lock:
            if call.operation == "TransactWriteItems" and self._was_done(caller, document):
                return json_response("dynamodb", b"{}")

            response = call_moto(call, caller)
            if response.status != HTTPStatus.OK or _is_read(call.operation):
                return response

            self._state.changed.set()
            # only what was done is remembered: a failed transaction may be tried again
            if call.operation == "TransactWriteItems":
                self._remember_transaction(caller, document)
            if call.operation == "UpdateTable" and "SSESpecification" in document:
                tables = _tables(call, caller)
                tables.encrypt(document["TableName"], document["SSESpecification"])
            if call.operation in {"CreateTable", "UpdateTable"}:
                return _with_table_status(response, _tables(call, caller))
            return response

    def _was_done(self, caller: Principal, document: dict[str, Any]) -> bool:
        """Return whether this transaction was done already.

        Raise AwsError when its token was another transaction's.
        """
        token = document.get("ClientRequestToken")
        if not token:
            return False

        self._forget_old_transactions()
        transaction = self._transactions.get((caller.account_id, str(token)))
        if transaction is None:
            return False
        if transaction.document != document:
            raise AwsError(
                "IdempotentParameterMismatchException",
                "The parameters do not match those of an earlier request with this client "
                "request token.",
            )
        return True

    def _forget_old_transactions(self) -> None:
        now = time.monotonic()
        # they stand in the order in which they expire
        while self._transactions:
            oldest = next(iter(self._transactions))
            if self._transactions[oldest].expires_at > now:
                return
            del self._transactions[oldest]

    def _remember_transaction(self, caller: Principal, document: dict[str, Any]) -> None:
        token = document.get("ClientRequestToken")
        if token:
            expires_at = time.monotonic() + TOKEN_SECONDS
            key = caller.account_id, str(token)
            self._transactions[key] = _Transaction(expires_at, document)


def _under_way(call: Call, caller: Principal) -> CallUnderWay:
    """Return the call with the items that it is about."""
    place = f"{caller.account_id}/{call.region}"
    items = read_items(call.operation, call.document, place, _key_names(call, caller))

    token = None
    if call.operation == "TransactWriteItems" and call.document.get("ClientRequestToken"):
        token = place, str(call.document["ClientRequestToken"])
    return CallUnderWay(call.operation, items, token)


def _key_names(call: Call, caller: Principal) -> KeyNames:
    tables = list(_tables(call, caller).tables.items())
    return {name: list(table.table_key_attrs) for name, table in tables}


def _is_read(operation: str) -> bool:
    return operation in READS or operation.startswith("Describe")


def _tables(call: Call, caller: Principal) -> Tables:
    """Return the tables of the AWS account and region that the call is about."""
    tables = dynamodb_backends[caller.account_id][call.region]
    assert isinstance(tables, Tables)  # noqa: S101 - tables.install() has seen to it
    return tables


def _with_table_status(response: Response, tables: Tables) -> Response:
    """Return the response with a table's true status, where moto says ACTIVE at once."""
    document = json.loads(response.body)
    tables.correct(document["TableDescription"])

    corrected = json_response("dynamodb", json.dumps(document).encode())
    return replace(corrected, status=response.status)

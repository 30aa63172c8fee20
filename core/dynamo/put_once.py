"""Writing one item that must not exist yet, without a transaction: half of its cost.

A put whose answer is lost is repeated, and meets its own item. So each carries a nonce and asks for
the item in its way (ReturnValuesOnConditionCheckFailure):
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
"""

import secrets

from core import aws
from core.dynamo.connection import LOOK_WITHIN, ConditionFailed, OutcomeUnknown, shared
from core.dynamo.documents import WrittenOnce
from core.dynamo.sizes import check_item
from core.dynamo.transactions import AlreadyExists
from core.errors import CooperError


def put_once(document: WrittenOnce) -> None:
    """Write a document under a key that must have none yet.

    Raise AlreadyExists when another one has the key, Invalid for one that is too large,
    Unavailable, and OutcomeUnknown when neither an answer nor the table says that it was written.
    """
    document.nonce = secrets.token_hex(8)
    hash_key = type(document).get_attributes()[document.key_names()[0]]
    arguments = document.get_save_kwargs_from_instance(
        condition=hash_key.does_not_exist(), return_values_on_condition_failure="ALL_OLD"
    )
    check_item(arguments["Item"], document.key_limits())

    try:
        shared().dispatch("PutItem", arguments)
    except ConditionFailed as error:
        nonce_in_the_way = error.item_in_the_way.get("nonce", {}).get("S")
        # ours: an answer was lost, and botocore sent it again
        if nonce_in_the_way != document.nonce:
            raise AlreadyExists(document) from error
    except OutcomeUnknown as error:
        _demand_written(document, error)
    document.update_local_version_attribute()  # type: ignore[no-untyped-call]


def _demand_written(document: WrittenOnce, error: OutcomeUnknown) -> None:
    """Raise `error` unless the document is in its table.

    That it is not there tells nothing: the put may still be under way.
    """
    try:
        # the tries of the put have waited long enough
        with aws.deadline(LOOK_WITHIN):
            stored = type(document).find(*document.key)
    except CooperError:
        raise error from None
    if stored is None or stored.nonce != document.nonce:
        raise error

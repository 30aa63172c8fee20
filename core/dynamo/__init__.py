"""Everything durable: documents in DynamoDB through PynamoDB, on one shared connection."""

from core.dynamo.attributes import TextAttribute
from core.dynamo.batch_read import Items, batch_read
from core.dynamo.connection import ConditionFailed, OutcomeUnknown, TableMissing
from core.dynamo.documents import Document, DocumentKey, WrittenOnce, after, documents, pk_of
from core.dynamo.put_once import put_once
from core.dynamo.raw_items import RawItem, query_items, read_items, scan_pages
from core.dynamo.serializable_read import serializable_read
from core.dynamo.table_identity import TableIdentity, existing_tables
from core.dynamo.transactions import AlreadyExists, Stale, Transaction, transaction

__all__ = [
    "AlreadyExists",
    "ConditionFailed",
    "Document",
    "DocumentKey",
    "Items",
    "OutcomeUnknown",
    "RawItem",
    "Stale",
    "TableIdentity",
    "TableMissing",
    "TextAttribute",
    "Transaction",
    "WrittenOnce",
    "after",
    "batch_read",
    "documents",
    "existing_tables",
    "pk_of",
    "put_once",
    "query_items",
    "read_items",
    "scan_pages",
    "serializable_read",
    "transaction",
]

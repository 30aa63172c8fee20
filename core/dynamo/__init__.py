"""Everything durable: documents in DynamoDB through PynamoDB, on one shared connection."""

from core.dynamo.attributes import TextAttribute
from core.dynamo.connection import ConditionFailed, OutcomeUnknown, TableMissing
from core.dynamo.documents import Document, after, documents
from core.dynamo.transactions import AlreadyExists, Stale, Transaction, transaction

__all__ = [
    "AlreadyExists",
    "ConditionFailed",
    "Document",
    "OutcomeUnknown",
    "Stale",
    "TableMissing",
    "TextAttribute",
    "Transaction",
    "after",
    "documents",
    "transaction",
]

"""Everything durable: documents in DynamoDB through PynamoDB, on one shared connection."""

from cooper_project.dynamo.connection import ConditionFailed, TableMissing
from cooper_project.dynamo.documents import Document, after, documents
from cooper_project.dynamo.transactions import AlreadyExists, Stale, Transaction, transaction

__all__ = [
    "AlreadyExists",
    "ConditionFailed",
    "Document",
    "Stale",
    "TableMissing",
    "Transaction",
    "after",
    "documents",
    "transaction",
]

"""Foundations: AWS clients, storage, the audit log, the admin for documents.

They know nothing of people or targets.
"""

__version__ = "0.1.0"

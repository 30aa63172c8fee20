"""The management plane of people: local accounts, everybody who has signed in, and the stop switch."""

from accounts.admin.local_accounts import LocalAccountAdmin
from accounts.admin.people import PersonAdmin
from accounts.admin.switches import StopAllAdmin

__all__ = ["LocalAccountAdmin", "PersonAdmin", "StopAllAdmin"]

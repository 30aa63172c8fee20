"""The management plane of people: local accounts, everybody who has signed in, the stop switch, and the record."""

from accounts.admin.local_accounts import LocalAccountAdmin
from accounts.admin.newcomers import newcomers
from accounts.admin.people import PersonAdmin
from accounts.admin.record import RecordAdmin
from accounts.admin.switches import StopAllAdmin

__all__ = ["LocalAccountAdmin", "PersonAdmin", "RecordAdmin", "StopAllAdmin", "newcomers"]

"""People for measurements: signed in already, without the cost of their passwords."""

from django.conf import settings
from django.http import HttpRequest
from django.test import RequestFactory

from accounts import login, passwords
from accounts.identity import Group, Identity
from accounts.models import LocalAccount
from accounts.sessions import SessionStore
from core import secret_keys
from core.dynamo import transaction
from demo.seed import PASSWORD

GROUPS = ("developers", "analysts")


def sign_in(count: int) -> list[str]:
    """Make so many people, sign them in, and return their Cookie headers."""
    secret_keys.use()
    password_hash = passwords.hash_password(PASSWORD)
    return [_sign_in(f"bench-{number:03}", password_hash) for number in range(count)]


def _sign_in(username: str, password_hash: str) -> str:
    account = LocalAccount(username, name=username, groups=[*GROUPS], password=password_hash)
    with transaction() as writes:
        writes.create(account)

    request: HttpRequest = RequestFactory().post("/login/")
    request.session = SessionStore()
    groups = frozenset(Group("local", name) for name in GROUPS)
    login.sign_in(request, Identity("local", username, name=username, groups=groups))
    request.session.save()
    return f"{settings.SESSION_COOKIE_NAME}={request.session.session_key}"

"""People for measurements: signed in already, without the cost of their passwords."""

from functools import cache

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
    names = [f"bench-{number:03}" for number in range(count)]
    add(names, GROUPS)
    return [cookie_of(name, GROUPS) for name in names]


def add(names: list[str], groups: tuple[str, ...]) -> None:
    """Make local accounts, all with the demo's password."""
    secret_keys.use()
    for name in names:
        account = LocalAccount(name, name=name, groups=[*groups], password=_password_hash())
        with transaction() as writes:
            writes.create(account)


@cache
def _password_hash() -> str:
    """Return the hash of everybody's password: it takes half a second to make."""
    return passwords.hash_password(PASSWORD)


def cookie_of(username: str, groups: tuple[str, ...]) -> str:
    """Sign somebody in without their password; return the Cookie header of their browser."""
    request: HttpRequest = RequestFactory().post("/login/")
    request.session = SessionStore()
    identity_groups = frozenset(Group("local", name) for name in groups)
    login.sign_in(request, Identity("local", username, name=username, groups=identity_groups))
    request.session.save()
    return f"{settings.SESSION_COOKIE_NAME}={request.session.session_key}"

"""Local accounts: a name and a password, throttled before anything is hashed."""

import ipaddress
import re
import sys
import time
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest

from accounts import throttle
from accounts.identity import Group, Identity
from accounts.models import LocalAccount
from accounts.providers.base import Provider, SignInRefused
from core import audit

USERNAME = re.compile(r"[\w.@+-]{1,64}", re.ASCII)
PASSWORD_LIMIT = 1024
WINDOW = 900
"""Seconds of the window in which wrong guesses count."""

GUESSES = 5
"""Guesses for one account from one source in a window (OWASP ASVS 5.0, 6.1.1: no lock that an attacker can cause)."""

SOURCE_GUESSES = 100
"""Wrong guesses from one source in a window, whatever the accounts."""

ACCOUNT_GUESSES = 100
"""Guesses for one account in a day from all sources where nobody has signed in to it before; then the trickle."""

TRICKLE = 60
"""Seconds in which one more guess is taken from all of those together: slow for a guesser, no lock for the owner."""

DAY, KNOWN_FOR = 86_400, 30 * 86_400

IN_USE_FOR = 10.0
"""Seconds that it is remembered whether there are local accounts."""

_in_use: list[tuple[bool, float]] = []

WRONG = "That name and password do not match an account that may sign in."
SLOW = "Too many tries. Wait {minutes} min and try again; other people and places are not affected."
SLOW_SOURCE = "Too many tries from your network address. Wait {minutes} min, or use another one."
SLOW_ACCOUNT = (
    "There were many tries for this name today, so from new places one try a minute is taken, for all of them "
    "together. Wait {seconds} s and try again, or sign in from a place where you did so within the last 30 days."
)


def normalize_username(username: str) -> str:
    """Return the one spelling of a user name: NFKC, no case, no blanks around."""
    return unicodedata.normalize("NFKC", username).strip().casefold()


def source_of(address: str) -> str:
    """Return what counts as one source: an IPv4 address, or an IPv6 /64 network."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    return (
        str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
    )


class LocalForm(forms.Form):
    """User name and password."""

    username = forms.CharField(
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        max_length=PASSWORD_LIMIT,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class LocalProvider(Provider):
    """Vouches for local accounts."""

    id = "local"
    label = "local account"
    form_class = LocalForm
    asks_password = True

    def is_in_use(self) -> bool:
        """Return whether there is a local account, some seconds old at most."""
        now = time.monotonic()
        if not _in_use or now - _in_use[0][1] > IN_USE_FOR:
            found = next(iter(LocalAccount.scan(limit=1, consistent_read=True)), None)
            _in_use[:] = [(found is not None, now)]
        return _in_use[0][0]

    def reauthenticate(self, request: HttpRequest, identity: Identity, password: str) -> None:
        """Return if the password is this person's; throttled as a sign-in is. Raise SignInRefused."""
        self._account(identity.subject, password)

    def authenticate(self, request: HttpRequest, form: forms.Form) -> Identity:
        """Return the identity of the account whose name and password were given; raise SignInRefused."""
        account = self._account(form.cleaned_data["username"], form.cleaned_data["password"])
        return identity_of(account, datetime.now(UTC))

    def _account(self, typed: str, password: str) -> LocalAccount:
        """Return the account with this name and password; raise SignInRefused."""
        username = normalize_username(typed)
        source = source_of(audit.context().source)
        _take_a_guess(username, source)
        account = LocalAccount.find(username) if USERNAME.fullmatch(username) else None
        if not _off_the_loop(_matches, password, account):
            raise SignInRefused(WRONG, f"wrong name or password for {username[:64]!r}")
        if account is None or account.disabled:
            raise SignInRefused(WRONG, f"disabled account {username!r}")
        _forget_guesses(username, source)
        return account


def identity_of(account: LocalAccount, at: datetime | None = None) -> Identity:
    """Return the identity that a local account stands for."""
    groups = frozenset(Group("local", name) for name in account.groups)
    return Identity("local", str(account.username), str(account.name or ""), groups, at)


def _take_a_guess(username: str, source: str) -> None:
    """Count this try; raise SignInRefused when there were too many, before anything is hashed."""
    name, minutes, detail = (
        username[:64],
        -(-throttle.seconds_left(WINDOW) // 60),
        f"throttled: {username[:64]!r}",
    )
    if throttle.count(f"sign-in#{source}", WINDOW) > SOURCE_GUESSES:
        raise SignInRefused(SLOW_SOURCE.format(minutes=minutes), detail)
    if throttle.count(f"sign-in#{name}#{source}", WINDOW) > GUESSES:
        raise SignInRefused(SLOW.format(minutes=minutes), detail)
    if (
        throttle.is_remembered(f"{name}#{source}")
        or throttle.count(f"sign-in-all#{name}", DAY) <= ACCOUNT_GUESSES
    ):
        return
    if throttle.count(f"sign-in-trickle#{name}", TRICKLE) > 1:
        # not looked at, so it is none of the guesses that this source has
        throttle.count(f"sign-in#{name}#{source}", WINDOW, by=-1)
        raise SignInRefused(SLOW_ACCOUNT.format(seconds=throttle.seconds_left(TRICKLE)), detail)


def _forget_guesses(username: str, source: str) -> None:
    """Let a right password clear this account's and source's count, and remember the source as its owner's."""
    throttle.reset(f"sign-in#{username}#{source}", WINDOW)
    throttle.count(f"sign-in#{source}", WINDOW, by=-1)
    throttle.remember(f"{username}#{source}", KNOWN_FOR)


def _matches(password: str, account: LocalAccount | None) -> bool:
    """Return whether the password is the account's; takes as long when there is no account."""
    if account is None:
        make_password(password)
        return False
    return check_password(password, str(account.password))


def _off_the_loop(deed: Callable[..., Any], *arguments: Any) -> Any:
    """Do a costly deed in a thread where the server runs an event loop, so that other requests go on."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("threading"):
        return deed(*arguments)
    from gevent import get_hub  # noqa: PLC0415 - only where gevent serves; elsewhere it would start its loop

    return get_hub().threadpool.apply(deed, arguments)

"""Local accounts: a name and a password, throttled before anything is hashed."""

import math
import re
import time
from datetime import UTC, datetime

from django import forms
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from accounts import passwords, throttle
from accounts.identity import Group, Identity, fold_name
from accounts.models import LocalAccount
from accounts.providers.base import Provider, SignInRefused, SignInThrottled
from core import audit

USERNAME = re.compile(r"[\w.@+-]{1,64}", re.ASCII)
PASSWORD_LIMIT = 1024

WINDOW = 900
"""Seconds of the window in which wrong guesses count."""

GUESSES = 5
"""Guesses for one account from one source in a window.

OWASP ASVS 5.0, 6.1.1: no lock that an attacker can cause, so it is by source.
"""

SOURCE_GUESSES = 100
"""Wrong guesses from one source in a window, whatever the accounts."""

DAY = 86_400

ACCOUNT_GUESSES = 100
"""Guesses for one account in a day, from all sources where nobody has signed in to it before.

After that, such sources together have one guess in TRICKLE seconds.
"""

TRICKLE = 60
"""Seconds for one such guess: slow for an attacker, and no lock for the owner."""

KNOWN_FOR = 30 * DAY
"""Seconds that a source counts as the owner's after a sign-in from there."""

IN_USE_FOR = 10.0
"""Seconds that it is remembered whether there are local accounts."""

WRONG = "That name and password do not match an account that may sign in."
TOO_MANY = (
    "Too many tries. Wait {minutes} min and try again; other people and places are not affected."
)
TOO_MANY_FROM_SOURCE = (
    "Too many tries from your network address. Wait {minutes} min, or use another one."
)
TOO_MANY_FOR_ACCOUNT = (
    "There were many tries for this name today, so only one try a minute is taken from all new "
    "places together. Wait {seconds} s and try again, or sign in from a place where you signed in "
    "within the last 30 days."
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
    """Signs in local accounts."""

    id = "local"
    label = "local account"
    form_class = LocalForm
    asks_password = True

    def __init__(self) -> None:
        self._in_use = False
        self._in_use_read_at = -math.inf

    def is_in_use(self) -> bool:
        """Return whether there is a local account, some seconds old at most."""
        now = time.monotonic()
        if now - self._in_use_read_at > IN_USE_FOR:
            first_account = next(iter(LocalAccount.scan(limit=1, consistent_read=True)), None)
            self._in_use = first_account is not None
            self._in_use_read_at = now
        return self._in_use

    def authenticate(self, request: HttpRequest, form: forms.Form) -> Identity:
        account = _verify_password(form.cleaned_data["username"], form.cleaned_data["password"])
        return identity_of(account, datetime.now(UTC))

    def reauthenticate(self, request: HttpRequest, identity: Identity, password: str) -> None:
        """Return if the password is this person's; throttled as a sign-in is."""
        _verify_password(identity.subject, password)


def identity_of(account: LocalAccount, authenticated_at: datetime | None = None) -> Identity:
    """Return the identity of a local account."""
    groups = frozenset(Group("local", name) for name in account.groups)
    return Identity(
        "local",
        str(account.username),
        name=str(account.name or ""),
        groups=groups,
        authenticated_at=authenticated_at,
    )


def _verify_password(typed_username: str, password: str) -> LocalAccount:
    """Return the account with this name and password; raise SignInRefused, or Busy."""
    username = fold_name(typed_username)
    source = throttle.source_of(audit.context().source)

    # the turn first: whoever has none has made no guess, and DynamoDB is not asked
    with passwords.turn() as turn:
        _count_guess(username, source)
        account = LocalAccount.find(username) if USERNAME.fullmatch(username) else None
        stored = "" if account is None else str(account.password)
        is_right = turn.is_password(password, stored)

    if account is None:
        raise SignInRefused(WRONG, f"unknown name {_hash_name(username)}")
    if not is_right:
        detail = f"wrong password for {username!r}, name {_hash_name(username)}"
        raise SignInRefused(WRONG, detail)
    # the same message, so that it does not tell which names exist
    if account.disabled:
        raise SignInRefused(WRONG, f"disabled account {username!r}")

    _reset_guesses(username, source)
    return account


def _hash_name(username: str) -> str:
    """Return what is kept of a typed name: it may be a password, typed into the wrong field.

    The same name has the same hash as long as the secret key is the same.
    """
    return salted_hmac("cooper.typed-name", username, algorithm="sha256").hexdigest()[:32]


def _count_guess(username: str, source: str) -> None:
    """Count this guess; raise SignInRefused when there were too many, before anything is hashed."""
    name = _hash_name(username)
    detail = f"throttled: name {name}"
    minutes = math.ceil(throttle.seconds_left(WINDOW) / 60)

    if throttle.count(f"sign-in#{source}", WINDOW) > SOURCE_GUESSES:
        raise SignInThrottled(TOO_MANY_FROM_SOURCE.format(minutes=minutes), detail)
    if throttle.count(f"sign-in#{name}#{source}", WINDOW) > GUESSES:
        raise SignInThrottled(TOO_MANY.format(minutes=minutes), detail)

    # the owner's own places are not slowed down by guesses from elsewhere
    if throttle.is_remembered(f"{username[:64]}#{source}"):
        return
    if throttle.count(f"sign-in-all#{name}", DAY) <= ACCOUNT_GUESSES:
        return
    if throttle.count(f"sign-in-trickle#{name}", TRICKLE) > 1:
        # nothing is hashed for this guess, so it is none of those that the source has
        throttle.count(f"sign-in#{name}#{source}", WINDOW, by=-1)
        seconds = throttle.seconds_left(TRICKLE)
        raise SignInThrottled(TOO_MANY_FOR_ACCOUNT.format(seconds=seconds), detail)


def _reset_guesses(username: str, source: str) -> None:
    """Forgive the guesses before a right password, and remember the source as the owner's."""
    throttle.reset(f"sign-in#{_hash_name(username)}#{source}", WINDOW)
    throttle.count(f"sign-in#{source}", WINDOW, by=-1)
    throttle.remember(f"{username}#{source}", KNOWN_FOR)

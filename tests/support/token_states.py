"""Tokens of command lines, one in every state in which somebody may send it."""

import time
from collections.abc import Callable

from django.test import Client

from accounts import local_accounts
from accounts.models import LocalAccount
from sso_portal import tokens
from sso_portal.models import Token
from tests.support.command_line import CommandLineTool

NONE = "none"
GOOD = "good"
WITHOUT_GROUPS = "of a person without groups"

BrowserOf = Callable[[str], Client]


def tokens_by_state(browser_of: BrowserOf) -> dict[str, str]:
    """Return a token for each state; Alice's is good, and all others were hers or such as hers."""
    good = CommandLineTool().sign_in(browser_of("alice"))
    return {
        NONE: "",
        "garbage": "nonsense",
        "made up": tokens.Kind.ACCESS.beginning + "a" * 43,
        GOOD: good.access,
        "a letter short": good.access[:-1],
        "a letter long": f"{good.access}a",
        "in capitals": good.access.upper(),
        "its hash": tokens.token_hash(good.access),
        "over": _over(good),
        "refresh token": good.refresh,
        "refresh token, called access": good.refresh.replace("refresh", "access"),
        "code": _code(browser_of),
        "client secret": good.client_secret,
        "signed out": _signed_out(browser_of),
        "signed out in the browser": _signed_out_in_the_browser(browser_of),
        "all web sessions ended": _all_sessions_ended(browser_of),
        "of a disabled person": _of_disabled_person(browser_of),
        WITHOUT_GROUPS: _without_groups(browser_of),
    }


def like_alice(username: str) -> str:
    """Add a local account with Alice's groups; return its name."""
    alice = LocalAccount.find("alice")
    LocalAccount(username, groups=alice.groups, password=alice.password).save()
    return username


def expire(token: str) -> None:
    """Let a token's time be over."""
    stored = Token.find(tokens.token_hash(token))
    stored.ends_at = int(time.time()) - 1
    stored.save()


def _over(good: CommandLineTool) -> str:
    """Return an access token of the same command line, from before."""
    before = good.access
    assert good.refresh_access().status_code == 200
    good.access, token = before, good.access
    expire(token)
    return token


def _code(browser_of: BrowserOf) -> str:
    tool = CommandLineTool()
    tool.register()
    return tool.allowed_by(browser_of("alice"))


def _signed_out(browser_of: BrowserOf) -> str:
    tool = CommandLineTool().sign_in(browser_of("alice"))
    response = Client().post("/sso/logout", HTTP_X_AMZ_SSO_BEARER_TOKEN=tool.access)
    assert response.status_code == 200
    return tool.access


def _signed_out_in_the_browser(browser_of: BrowserOf) -> str:
    browser = browser_of("alice")
    tool = CommandLineTool().sign_in(browser)
    browser.post("/logout/")
    return tool.access


def _all_sessions_ended(browser_of: BrowserOf) -> str:
    browser = browser_of(like_alice("ada"))
    tool = CommandLineTool().sign_in(browser)
    browser.post("/me/end-others/")
    return tool.access


def _of_disabled_person(browser_of: BrowserOf) -> str:
    tool = CommandLineTool().sign_in(browser_of(like_alice("ben")))
    local_accounts.disable("ben")
    return tool.access


def _without_groups(browser_of: BrowserOf) -> str:
    tool = CommandLineTool().sign_in(browser_of(like_alice("cem")))
    local_accounts.set_groups("cem", [])
    return tool.access

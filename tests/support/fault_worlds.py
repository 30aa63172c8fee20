"""Worlds in which the right answer is no, each with the request that is to be refused.

An operation here is refused when nothing fails. Under a fault it may be refused in other words, and
nothing else.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client

from brokers import catalogue
from brokers.models import Association, Target
from tests.support import removals
from tests.support.codes import give_device, next_code
from tests.support.command_line import CommandLineTool
from tests.support.enrolment import PASSWORD, enrol, seed_in, shown_now
from tests.support.fault_flows import ANY_STATUS, JSON, Flow, Operation, become, first, send
from tests.support.fault_grants import DEV, PROD, asked_for_permit, by_permit
from tests.support.fault_own_writes import registered
from tests.support.forms import fields_of


def refused(person: str, flow: Flow, **more: Any) -> Operation:
    """Return an operation that has to be refused."""
    return Operation(person, flow, status=ANY_STATUS, is_stale=True, **more)


def after(take_away: Callable[[], object], flow: Flow) -> Operation:
    """Return a grant of Alice's after something was taken away from her."""
    return refused("alice", first(take_away, flow), is_grant=True)


def by_ended_tool(take_away: Callable[[CommandLineTool, Client], object]) -> Operation:
    """Return a grant by a command line after something was taken away from it."""

    def flow(browser: Client) -> Any:
        tool = CommandLineTool().sign_in(browser)
        take_away(tool, browser)
        return tool.credentials(DEV, "dev-read")

    return refused("alice", flow, is_grant=True, method="get")


# -- signing in ------------------------------------------------------------------------------------
def sign_in_once_too_often(browser: Client) -> Any:
    """Guess until it is locked, then type the right password."""
    stranger = Client(raise_request_exception=False)
    for _ in range(6):
        stranger.post("/login/", {"username": "alice", "password": "wrong-one"})
    return stranger.post("/login/", {"username": "alice", "password": PASSWORD})


def sign_in_disabled(_: Client) -> Any:
    """Sign in as somebody who is disabled."""
    removals.disable_person()
    stranger = Client(raise_request_exception=False)
    return stranger.post("/login/", {"username": "alice", "password": PASSWORD})


def with_copied_cookie(browser: Client) -> Any:
    """Sign out, and come with a copy of the cookie."""
    copy = Client(raise_request_exception=False)
    copy.cookies = browser.cookies.copy()
    browser.post("/logout/")
    return become("dev-read", "credentials", **JSON)(copy)


# -- codes and devices -----------------------------------------------------------------------------
def with_used_code(browser: Client) -> Any:
    """Become a sensitive target twice with one code."""
    give_device("alice")
    typed = {"duration": "900", "code": next_code("alice")}
    browser.post("/targets/prod-admin/credentials/", typed)
    return browser.post("/targets/prod-admin/credentials/", typed)


def with_device_of_another(browser: Client) -> Any:
    """Become a sensitive target with a code of somebody else's device."""
    give_device("alice")
    give_device("dan")
    typed = {"duration": "900", "code": next_code("dan")}
    return browser.post("/targets/prod-admin/credentials/", typed)


def after_wrong_codes(browser: Client) -> Any:
    """Type wrong codes until one has to wait, then the right one."""
    give_device("alice")
    for number in range(6):
        typed = {"duration": "900", "code": f"{number:06d}"}
        browser.post("/targets/prod-admin/credentials/", typed)
    typed = {"duration": "900", "code": next_code("alice")}
    return browser.post("/targets/prod-admin/credentials/", typed)


def with_used_recovery_code(browser: Client) -> Any:
    """Use a recovery code twice."""
    [code, *_] = enrol(browser)
    typed = {"password": PASSWORD, "recovery_code": code}
    browser.post("/device/recover/", typed)
    return browser.post("/device/recover/", typed)


def over_a_device(browser: Client) -> Any:
    """Begin as if one had no device, get one meanwhile, and set the new one up."""
    browser.post("/device/begin/", {"password": PASSWORD})
    page = browser.get("/device/set-up/").text
    give_device("alice")
    return browser.post("/device/set-up/", {"code": shown_now(seed_in(page))})


def change_without_code(browser: Client) -> Any:
    """Change a target without a code."""
    address = "/admin/brokers/target/dev-read/change/"
    typed = fields_of(browser.get(address).text, "target_form") | {"title": "New", "code": ""}
    return browser.post(address, typed)


def change_as_nobody(browser: Client) -> Any:
    """Change a target without being an administrator."""
    address = "/admin/brokers/target/dev-read/change/"
    administrator = Client(raise_request_exception=False)
    administrator.post("/login/", {"username": "carol", "password": PASSWORD})
    typed = fields_of(administrator.get(address).text, "target_form") | {"title": "New"}
    return browser.post(address, typed | {"code": next_code("carol")})


# -- command lines ---------------------------------------------------------------------------------
def with_spent_permit(browser: Client) -> Any:
    """Spend a permit, and ask once more."""
    by_permit(browser)
    return CommandLineTool().sign_in(browser).credentials(PROD, "prod-admin")


def with_spent_permit_of_this(browser: Client) -> Any:
    """Spend a permit twice by the same command line."""
    tool, path = asked_for_permit(browser)
    browser.post(path, {"code": next_code("alice"), "reason": ""})
    tool.credentials(PROD, "prod-admin")
    return tool.credentials(PROD, "prod-admin")


def closed_target(browser: Client) -> Any:
    """Ask for a sensitive target that is closed to command lines."""
    give_device("alice")
    return CommandLineTool().sign_in(browser).credentials(PROD, "prod-admin")


def exchange_twice(browser: Client) -> Any:
    """Exchange a code twice."""
    tool = registered()
    code = tool.allowed_by(browser)
    tool.exchange(code)
    return tool.exchange(code)


def refresh_after_end(browser: Client) -> Any:
    """Refresh the tokens of a command line that is signed out."""
    tool = CommandLineTool().sign_in(browser)
    browser.post("/command-line/end-all/", {})
    return tool.refresh_access()


def mark_sensitive() -> None:
    """Let a target take a code."""
    give_device("alice")
    target = Target.find("dev-read")
    target.sensitive = True
    catalogue.edit(lambda writes: writes.save(target), "dev-read")


def end_association() -> None:
    """Let the association by which Alice may become a target be over."""
    association = Association.find(removals.DEV, removals.DEVELOPERS)
    association.until = datetime.now(UTC) - timedelta(hours=2)
    catalogue.edit(lambda writes: writes.save(association), removals.DEV)


WORLDS = {
    "locked out": refused("alice", sign_in_once_too_often),
    "disabled, signing in": refused("alice", sign_in_disabled),
    "signed out": refused("alice", with_copied_cookie, is_grant=True),
    "session ended": after(removals.start_epoch, become("dev-read", "credentials", **JSON)),
    "person disabled": after(removals.disable_person, become("dev-read", "credentials", **JSON)),
    "group lost": after(removals.leave_group, become("dev-read", "console")),
    "target disabled": after(removals.disable_target, become("dev-read", "console")),
    "association removed": after(
        removals.remove_association, become("dev-read", "credentials", **JSON)
    ),
    "association over": after(end_association, become("dev-read", "credentials")),
    "marked sensitive": after(mark_sensitive, become("dev-read", "credentials", **JSON)),
    "AWS account stopped": after(removals.stop_account, become("dev-read", "console")),
    "all stopped": after(removals.stop_all, become("dev-uploads", "credentials", **JSON)),
    "several, all stopped": after(
        removals.stop_all, send("/credentials/", target="dev-read", duration="900")
    ),
    "code missing": after(lambda: give_device("alice"), become("prod-admin", "console")),
    "code used": refused("alice", with_used_code, is_grant=True),
    "code of another": refused("alice", with_device_of_another, is_grant=True),
    "too many wrong codes": refused("alice", after_wrong_codes, is_grant=True),
    "recovery code used": refused("dan", with_used_recovery_code),
    "device there already": refused("alice", over_a_device),
    "change without a code": refused("carol", change_without_code),
    "change as nobody": refused("alice", change_as_nobody),
    "permit spent": refused("alice", with_spent_permit_of_this, is_grant=True, method="get"),
    "permit of another": refused("alice", with_spent_permit, is_grant=True, method="get"),
    "closed to command lines": refused("alice", closed_target, is_grant=True, method="get"),
    "command line ended": by_ended_tool(
        lambda tool, browser: browser.post("/command-line/end-all/", {})
    ),
    "command line, person disabled": by_ended_tool(lambda *_: removals.disable_person()),
    "command line, association removed": by_ended_tool(lambda *_: removals.remove_association()),
    "command line, all stopped": by_ended_tool(lambda *_: removals.stop_all()),
    "code of a command line used": refused("alice", exchange_twice),
    "refresh after the end": refused("alice", refresh_after_end),
}

"""Everything that people write for themselves, and programs, each as its last request."""

from typing import Any

from django.test import Client

from accounts import announcements, service_tokens, totp
from accounts.announcements import Announcement, Happening
from accounts.totp.codes import code_at
from tests.support.codes import current_step, give_device, next_code, seed_of
from tests.support.command_line import DEVICE_CODE, CommandLineTool
from tests.support.enrolment import PASSWORD, begin, enrol, seed_in, shown_now
from tests.support.fault_flows import Operation, first, send
from tests.support.fault_grants import PROD, asked_for_permit, open_to_command_lines
from tests.support.forms import fields_of, submit
from tests.support.saml_stage import post_response, start_sign_in

ALICE = "local:alice"


# -- signing in, and devices -----------------------------------------------------------------------
def sign_in(browser: Client) -> Any:
    """Sign in with a password, in a browser in which nobody is."""
    browser.cookies.clear()
    return browser.post("/login/", {"username": "alice", "password": PASSWORD})


def sign_in_by_saml(browser: Client) -> Any:
    """Come back from an identity provider, in a browser in which nobody is."""
    browser.cookies.clear()
    return post_response(browser, start_sign_in(browser))


def change_password(browser: Client) -> Any:
    """Change one's own password."""
    new = "rarely-typed-4711"
    typed = {"password": PASSWORD, "new_password": new, "again": new}
    return browser.post("/me/password/", typed)


def set_up_first_device(browser: Client) -> Any:
    """Set a first device up."""
    page = begin(browser)
    return browser.post("/device/set-up/", {"code": shown_now(seed_in(page))})


def begin_another_device(browser: Client) -> Any:
    """Prove that one has the old device, and get the seed of a new one."""
    give_device(browser.username)
    typed = {"password": PASSWORD, "code": next_code(browser.username)}
    return browser.post("/device/begin/", typed)


def replace_device(browser: Client) -> Any:
    """Set another device up."""
    page = browser.get(begin_another_device(browser)["Location"]).text
    return browser.post("/device/set-up/", {"code": shown_now(seed_in(page))})


def use_recovery_code(browser: Client) -> Any:
    """Use a recovery code in place of a lost device."""
    [code, *_] = enrol(browser)
    return browser.post("/device/recover/", {"password": PASSWORD, "recovery_code": code})


def adjust_clock(browser: Client) -> Any:
    """Say by two codes how far the device's clock is off."""
    give_device(browser.username)
    seed = seed_of(totp.device_of(f"local:{browser.username}"))
    steps = (current_step() + 2, current_step() + 3)
    codes = [code_at(seed, step) for step in steps]
    return browser.post("/device/clock/", {"code": codes[0], "next_code": codes[1]})


def remove_device(browser: Client) -> Any:
    """Remove one's device."""
    give_device(browser.username)
    return browser.post("/device/remove/", {"code": next_code(browser.username)})


def close_window(browser: Client) -> Any:
    """End the time in which no further code is asked for."""
    address = "/admin/brokers/target/dev-read/change/"
    submit(browser, address, "target_form", title="Before")
    return browser.post("/device/close/")


def acknowledge_new_administrators(browser: Client) -> Any:
    """Make an administrator, sign in as them, and let another one say that they have seen it."""
    submit(
        browser,
        "/admin/accounts/localaccount/bob/change/",
        "localaccount_form",
        groups="admins",
    )
    Client().post("/login/", {"username": "bob", "password": PASSWORD})
    page = browser.get("/administrators/seen/")
    typed = fields_of(page.text, "administrators_seen_form") or fields_of(page.text)
    return browser.post("/administrators/seen/", typed | {"code": next_code(browser.username)})


# -- sessions and preferences ----------------------------------------------------------------------
def put_announcement_away(browser: Client) -> Any:
    """Put away what the pages announce."""
    announcement = Announcement(Happening.COMMAND_LINE, "cli-of-alice", "203.0.113.7")
    announcements.announce(ALICE, announcement)
    page = browser.get("/").text
    shown = page.split('name="announcement" value="')[1].split('"')[0]
    return browser.post("/announcements/seen/", {"announcement": shown})


def end_other_session(browser: Client) -> Any:
    """End another web session of one's own."""
    sign_in_elsewhere()
    page = browser.get("/me/").text
    # this one stands first
    session = page.split('name="session" value="')[2].split('"')[0]
    return browser.post("/me/end-session/", {"session": session})


def sign_in_elsewhere() -> None:
    """Sign Alice in, in another browser."""
    Client().post("/login/", {"username": "alice", "password": PASSWORD})


# -- command lines ---------------------------------------------------------------------------------
def registered() -> CommandLineTool:
    """Return a command line that is registered, and no more."""
    tool = CommandLineTool()
    tool.register()
    return tool


def waiting() -> CommandLineTool:
    """Return a command line that waits for a person to type its code."""
    tool = CommandLineTool()
    tool.register(grantTypes=[DEVICE_CODE], redirectUris=[])
    tool.start_device()
    return tool


def allow(browser: Client) -> Any:
    """Allow a command line."""
    return browser.post(registered().authorize_address(), {"decision": "allow"})


def exchange(browser: Client) -> Any:
    """Exchange the code of a yes for tokens."""
    tool = registered()
    return tool.exchange(tool.allowed_by(browser))


def refresh(browser: Client) -> Any:
    """Take new tokens."""
    return CommandLineTool().sign_in(browser).refresh_access()


def end_command_line(browser: Client) -> Any:
    """Sign one's command line out in the portal."""
    CommandLineTool().sign_in(browser)
    page = browser.get("/command-line/").text
    session_id = page.split('name="command_line" value="')[1].split('"')[0]
    return browser.post("/command-line/end/", {"command_line": session_id})


def sign_two_in(browser: Client) -> Any:
    """Sign two command lines in, and both out in the portal."""
    for _ in range(2):
        CommandLineTool().sign_in(browser)
    return browser.post("/command-line/end-all/", {})


def log_out(browser: Client) -> Any:
    """Do what `aws sso logout` does."""
    tool = CommandLineTool().sign_in(browser)
    header = {"HTTP_X_AMZ_SSO_BEARER_TOKEN": tool.access}
    return Client(raise_request_exception=False).post("/sso/logout", {}, **header)


def decide_device_code(browser: Client) -> Any:
    """Let the command line in whose code one types."""
    typed = {"user_code": waiting().user_code, "decision": "allow"}
    return browser.post("/code/decide/", typed)


def poll(browser: Client) -> Any:
    """Ask for the tokens that a person has allowed."""
    tool = waiting()
    browser.post("/code/decide/", {"user_code": tool.user_code, "decision": "allow"})
    return tool.poll()


def ask_for_permit(browser: Client) -> Any:
    """Ask for credentials that take a permit, which asks for it."""
    open_to_command_lines()
    give_device(browser.username)
    return CommandLineTool().sign_in(browser).credentials(PROD, "prod-admin")


def give_permit(browser: Client) -> Any:
    """Permit a command line to become a sensitive target once."""
    _, path = asked_for_permit(browser)
    return browser.post(path, {"code": next_code(browser.username), "reason": ""})


def disable_by_service_token(_: Client) -> Any:
    """Disable somebody, as an identity provider's hook does."""
    token = service_tokens.add("hook", 30, "root@host")
    return Client(raise_request_exception=False).post(
        "/api/v1/people/local:alice/disable", HTTP_AUTHORIZATION=f"Bearer {token}"
    )


OWN_WRITES = {
    # the event comes first: without it nobody is signed in
    "sign in": Operation("alice", sign_in, in_steps=True),
    "sign in by SAML": Operation("alice", sign_in_by_saml, in_steps=True, stage="connected"),
    "sign out": Operation(
        "alice", send("/logout/"), where_absent=frozenset({"web-sessions count"})
    ),
    "change one's password": Operation("alice", change_password, in_steps=True),
    # the web session gets another key before or after
    "set a first device up": Operation("dan", set_up_first_device, in_steps=True),
    "begin another device": Operation("alice", begin_another_device, in_steps=True),
    "replace one's device": Operation("alice", replace_device, in_steps=True),
    "use a recovery code": Operation("alice", use_recovery_code, in_steps=True),
    "adjust a device's clock": Operation("alice", adjust_clock),
    "remove one's device": Operation("alice", remove_device),
    "ask for codes again": Operation("carol", close_window, stage="codes_last"),
    "acknowledge new administrators": Operation("carol", acknowledge_new_administrators),
    "set preferences": Operation(
        "alice", send("/me/preferences/", theme="dark", new_tab="no"), in_steps=True
    ),
    "star a target": Operation("alice", send("/star/", star="target:dev-read")),
    "fold an AWS account": Operation("alice", send("/fold/", fold="aws-account:222222222222")),
    "choose a format": Operation("alice", send("/credentials/format/", format="fish")),
    # for this web session, and for those to come
    "put an announcement away": Operation(
        "alice", put_announcement_away, in_steps=True, where_absent=frozenset()
    ),
    "end another web session": Operation("alice", end_other_session),
    "end all other web sessions": Operation(
        "alice", first(sign_in_elsewhere, send("/me/end-others/")), in_steps=True
    ),
    "register a command line": Operation("alice", lambda _: CommandLineTool().register()),
    "allow a command line": Operation("alice", allow),
    # the person is told of it first
    "exchange a code for tokens": Operation("alice", exchange, in_steps=True),
    "refresh tokens": Operation("alice", refresh),
    "end a command line": Operation("alice", end_command_line),
    "end all command lines": Operation(
        "alice", sign_two_in, in_steps=True, where_absent=frozenset()
    ),
    "sign a command line out": Operation("alice", log_out, where_absent=frozenset()),
    "ask for a device code": Operation("alice", lambda _: waiting()),
    # the person is told of it first
    "allow by a device code": Operation("alice", decide_device_code, in_steps=True),
    "poll for tokens": Operation("alice", poll),
    "ask for a permit": Operation("alice", ask_for_permit, method="get", status=403),
    "give a permit": Operation("alice", give_permit),
    "disable by a service token": Operation("alice", disable_by_service_token),
}

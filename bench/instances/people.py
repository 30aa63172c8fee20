"""Administrators with devices, a person from whom things are taken, and their command line."""

import itertools
import time
from urllib.parse import parse_qs, urlsplit

from accounts import totp
from accounts.totp.codes import STEP
from bench.instances.browsers import Browser
from bench.stub_aws import people
from tests.support.codes import current_step, give_device
from tests.support.sso_home import HttpTool

ADMINS = 16
"""A code counts once, so that each administrator changes something once in half a minute."""

VICTIM_GROUPS = ("developers", "analysts")


class Admins:
    """Administrators, who take turns."""

    def __init__(self, port: int) -> None:
        names = [f"admin-{number:02}" for number in range(ADMINS)]
        people.add(names, ("admins",))
        browsers = []
        for name in names:
            browsers.append(Browser(port, name, people.cookie_of(name, ("admins",))))
            give_device(name)
        self._turns = itertools.cycle(browsers)

    def next(self) -> Browser:
        """Return the browser of the next administrator, once their device has an unused code."""
        browser = next(self._turns)
        device = totp.device_of(f"local:{browser.username}")
        assert device is not None
        while current_step() <= int(device.last_step):
            time.sleep(STEP - time.time() % STEP)
        return browser


def sign_in(port: int, username: str) -> Browser:
    """Return a browser in which somebody has just signed in."""
    return Browser(port, username, people.cookie_of(username, VICTIM_GROUPS))


class CommandLine(HttpTool):
    """The AWS CLI of somebody who is signed in in a browser of these measurements."""

    def allowed_by(self, browser: Browser, decision: str = "allow") -> str:
        """Say yes in the browser; return the code that it gives."""
        answer = browser.post(self.authorize_address(), {"decision": decision})
        assert answer.status_code == 302, answer.text
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def command_line_of(browser: Browser) -> dict[str, str]:
    """Sign a command line in; return the headers that it sends with each request."""
    tool = CommandLine(server=f"http://127.0.0.1:{browser.port}")
    tool.sign_in(browser)
    return {"x-amz-sso_bearer_token": tool.access}

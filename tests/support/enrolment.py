"""Setting up a device as a person does, page by page."""

import base64
import re

from accounts.totp.codes import code_at
from tests.support.codes import current_step

PASSWORD = "cooper-demo"
SEED = re.compile(r'<code class="seed">([A-Z2-7]+)</code>')
RECOVERY = re.compile(r"<li><code>([A-Z2-7-]{19})</code></li>")
OK, MOVED = 200, 302


def begin(browser, **typed) -> str:
    """Prove who it is and return the page with the QR code."""
    answer = browser.post("/device/begin/", {"password": PASSWORD, **typed})
    assert answer.status_code == MOVED, answer.text
    return browser.get(answer["Location"]).text


def seed_in(page: str) -> bytes:
    secret = SEED.search(page)[1]
    return base64.b32decode(secret + "=" * (-len(secret) % 8))


def shown_now(seed: bytes) -> str:
    return code_at(seed, current_step())


def enrol(browser, **typed) -> list[str]:
    """Set a device up and return its recovery codes."""
    answer = browser.post("/device/set-up/", {"code": shown_now(seed_in(begin(browser, **typed)))})
    assert answer.status_code == OK, answer.text
    return RECOVERY.findall(answer.text)

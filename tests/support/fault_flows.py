"""What an operation under faults is, and what people do that leads up to its last request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.test import Client

from tests.support.codes import give_device, next_code
from tests.support.forms import confirmed, submit

ANY_STATUS = -1
"""Whatever it is answered with, but a fault."""

JSON = {"HTTP_ACCEPT": "application/json"}

Flow = Callable[[Client], Any]
"""What somebody does in a browser; its last request is the operation."""


@dataclass(frozen=True)
class Operation:
    """An operation of a person of the cast."""

    person: str
    flow: Flow
    is_grant: bool = False

    in_steps: bool = False
    """Whether it consists of several writes, each of which may be the last one."""

    where_absent: frozenset[str] | None = None
    """What is different when it is done, where a read finds nothing that it could take away."""

    writes_what_aws_says: bool = False
    """Whether what it writes depends on STS's answers: a probe."""

    cold: bool = False
    """Whether the worker has no catalogue in memory yet."""

    is_stale: bool = False
    """Whether the worker knows the catalogue as it was before the flow."""

    stage: str = ""
    """The fixture that it needs besides."""

    method: str = "post"
    """How its last request is sent."""

    status: int = 0
    """What it is answered with when nothing fails, 0 for any answer but an error."""


def become(target: str, delivery: str, fields: dict[str, str] | None = None, **extra: str) -> Flow:
    """Return the flow that becomes a target."""

    def flow(browser: Client) -> Any:
        typed = {"duration": "900", **(fields or {})}
        return browser.post(f"/targets/{target}/{delivery}/", typed, **extra)

    return flow


def become_with_code(target: str, delivery: str, **headers: str) -> Flow:
    """Return the flow that becomes a sensitive target with a code."""

    def flow(browser: Client) -> Any:
        give_device(browser.username)
        typed = {"duration": "900", "code": next_code(browser.username)}
        return browser.post(f"/targets/{target}/{delivery}/", typed, **headers)

    return flow


def form(address: str, form_id: str, **typed: str | None) -> Flow:
    """Return the flow that fills a form of the admin in and sends it with a code."""
    return lambda browser: submit(browser, address, form_id, **typed)


def delete(address: str) -> Flow:
    """Return the flow that confirms a deletion with a code."""
    return lambda browser: confirmed(browser, address)


def act(model: str, action: str, *chosen: str, **typed: str) -> Flow:
    """Return the flow that confirms a bulk action with a code."""
    fields = {"action": action, "_selected_action": list(chosen), "told": "1", **typed}
    return lambda browser: confirmed(browser, f"/admin/{model}/", **fields, confirmed="yes")


def send(address: str, **typed: str) -> Flow:
    """Return the flow that posts."""
    return lambda browser: browser.post(address, typed)


def send_with_code(address: str, **typed: str) -> Flow:
    """Return the flow that posts with a code."""
    return lambda browser: browser.post(address, typed | {"code": next_code(browser.username)})


def first(prepare: Callable[[], object], flow: Flow) -> Flow:
    """Return the flow before which something is prepared."""

    def prepared(browser: Client) -> Any:
        prepare()
        return flow(browser)

    return prepared

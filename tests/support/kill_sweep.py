"""An operation in a process that SIGKILL ends before or just after its n-th call to AWS."""

import os
import signal
from collections.abc import Callable
from typing import Any

import botocore.client

from core import aws

Way = tuple[Any, str]
"""Where a function is that calls something outside: what has it, and its name there."""

CALLS_OF_AWS: Way = (botocore.client.BaseClient, "_make_api_call")


def killed_at(
    number: int, after: bool, operation: Callable[[], Any], ways: tuple[Way, ...] = (CALLS_OF_AWS,)
) -> bool:
    """Run an operation in a fork that is killed at its call `number`; return whether it was.

    The process is a copy of this one, so nothing has to start; it makes clients of its own. Calls
    by all `ways` are counted together.
    """
    child = os.fork()
    if child == 0:
        _run_until_killed(number, after, operation, ways)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"the operation failed: {status}"
    return os.WIFSIGNALED(status)


def _run_until_killed(
    number: int, after: bool, operation: Callable[[], Any], ways: tuple[Way, ...]
) -> None:
    calls = 0

    def deadly(call: Callable[..., Any]) -> Callable[..., Any]:
        def call_or_die(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            # calls within this one have numbers of their own
            own_number = calls
            if own_number == number and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            response = call(*arguments, **options)
            if own_number == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return response

        return call_or_die

    code = 1
    try:
        aws.forget_clients()
        for owner, name in ways:
            setattr(owner, name, deadly(getattr(owner, name)))
        operation()
        code = 0
    finally:
        os._exit(code)

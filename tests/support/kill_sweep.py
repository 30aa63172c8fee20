"""An operation in a process that SIGKILL ends before or just after its n-th call to AWS."""

import os
import signal
from collections.abc import Callable
from typing import Any

import botocore.client

from core import aws


def killed_at(number: int, after: bool, operation: Callable[[], Any]) -> bool:
    """Run an operation in a fork that is killed at its call `number`; return whether it was.

    The process is a copy of this one, so nothing has to start; it makes clients of its own.
    """
    child = os.fork()
    if child == 0:
        _run_until_killed(number, after, operation)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"the operation failed: {status}"
    return os.WIFSIGNALED(status)


def _run_until_killed(number: int, after: bool, operation: Callable[[], Any]) -> None:
    calls = 0
    make_api_call = botocore.client.BaseClient._make_api_call

    def call_or_die(client: Any, name: str, arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        response = make_api_call(client, name, arguments)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return response

    code = 1
    try:
        aws.forget_clients()
        botocore.client.BaseClient._make_api_call = call_or_die
        operation()
        code = 0
    finally:
        os._exit(code)

"""An operation in a process that SIGKILL ends before or just after its n-th call to AWS."""

import os
import signal
from collections.abc import Callable
from typing import Any

import botocore.client

from core import aws


def killed_at(number: int, after: bool, deed: Callable[[], Any]) -> bool:
    """Run an operation in a fork that is killed at its call `number`; return whether it was.

    The process is a copy of this one, so nothing has to start; it makes clients of its own.
    """
    child = os.fork()
    if child == 0:
        _live(number, after, deed)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"the deed failed: {status}"
    return os.WIFSIGNALED(status)


def _live(number: int, after: bool, deed: Callable[[], Any]) -> None:
    """Be the process that is killed, or that comes to its end."""
    calls = 0
    whole = botocore.client.BaseClient._make_api_call

    def call(client: Any, operation: str, arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = whole(client, operation, arguments)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    code = 1
    try:
        aws.forget_clients()
        botocore.client.BaseClient._make_api_call = call
        deed()
        code = 0
    finally:
        os._exit(code)

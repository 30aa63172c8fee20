"""Several requests at the same moment."""

import os
import threading
import traceback
from collections.abc import Callable
from typing import Any

from core import aws

AT_ONCE = 8
PROCESSES = 3


def all_at_once(operations: list[Callable[[], Any]]) -> list[Any]:
    """Do all operations at the same moment and return what came of each."""
    gate, answers = threading.Barrier(len(operations)), [None] * len(operations)

    def run(place: int) -> None:
        gate.wait()
        answers[place] = operations[place]()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(operations))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return answers


def in_processes(operations: list[Callable[[], Any]], meanwhile: Callable[[], Any]) -> None:
    """Do each operation in a fork of its own, and `meanwhile` here, at the same moment."""
    gate, release = os.pipe()
    children = []
    for operation in operations:
        child = os.fork()
        if child == 0:
            os.close(release)
            _run_in_child(gate, operation)
        children.append(child)

    # whoever reads from the gate goes on when nobody can write to it any more
    os.close(release)
    try:
        meanwhile()
    finally:
        os.close(gate)
        statuses = [os.waitpid(child, 0)[1] for child in children]
    assert statuses == [0] * len(children), "an operation failed in its process"


def _run_in_child(gate: int, operation: Callable[[], Any]) -> None:
    code = 1
    try:
        # connections are not shared between processes
        aws.forget_clients()
        os.read(gate, 1)
        operation()
        code = 0
    except BaseException:  # noqa: BLE001 - the process ends here, whatever it was
        traceback.print_exc()
    finally:
        os._exit(code)

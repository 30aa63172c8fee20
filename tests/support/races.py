"""Several requests at the same moment."""

import threading
from collections.abc import Callable
from typing import Any

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

"""Several requests at the same moment."""

import threading
from collections.abc import Callable
from typing import Any

AT_ONCE = 8
PROCESSES = 3


def all_at_once(deeds: list[Callable[[], Any]]) -> list[Any]:
    """Do all deeds at the same moment and return what came of each."""
    gate, answers = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(place: int) -> None:
        gate.wait()
        answers[place] = deeds[place]()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(deeds))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return answers

"""Threads that do a part of a request: with its id, its source and its deadline."""

from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def carrying_context(function: Callable[[Argument], Result]) -> Callable[[Argument], Result]:
    """Return the function, which runs in the context of now, in whichever thread."""
    context = copy_context()

    def run(argument: Argument) -> Result:
        # several threads cannot be in one context
        return context.copy().run(function, argument)

    return run

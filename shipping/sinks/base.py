"""What the shipper asks of a place that takes events."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from core import aws
from core.errors import CooperError
from shipping.batches import Batch, DeliveredBatch

logger = logging.getLogger(__name__)

HOW_TO_MAKE_IT = "How to make it, and the rights that it takes: docs/siem.md."
"""What to do where AWS says that a place is not there, or not for the shipper."""

LONGEST_DELIVERY = 25.0
"""Seconds that a sink has for one batch, or for one file beside them."""


class Undelivered(CooperError):
    """A sink did not take a batch; `again` says whether a later try may succeed."""

    def __init__(self, text: str, *, again: bool) -> None:
        super().__init__(text)
        self.again = again


class PassingProblem(str):
    """What is wrong with a sink and may pass by itself: the shipper begins, and tries again."""

    __slots__ = ()


class Sink(Protocol):
    """A place that takes batches, one after another in the order of their numbers.

    It may be given the same batch more than once, with the same bytes: at least once is what the
    shipper promises.
    """

    name: str
    """By which the shipper keeps how far this sink has come; it is in the metrics' labels."""

    def deliver(self, batch: Batch) -> None:
        """Return once the batch is durably there; raise Undelivered."""

    def problems(self) -> list[str]:
        """Return what is wrong with it, each a sentence with what to do. It may ask the place.

        The shipper does not begin with any but a PassingProblem. Raise CooperError where the place
        does not answer, which passes too.
        """


@contextmanager
def at_work(sink: Sink) -> Iterator[None]:
    """Give a sink its time for one batch or file; raise nothing but Undelivered for it.

    What a sink did not expect is a fault of its own: it is in the log, and is tried again later.
    """
    try:
        with aws.deadline(LONGEST_DELIVERY):
            yield
    except Undelivered:
        raise
    except Exception as error:  # what one sink did not expect keeps no other waiting
        logger.exception("shipping: %s: unexpected", sink.name)
        raise Undelivered(
            f"{sink.name} failed ({type(error).__name__}): the log has the traceback.", again=True
        ) from error


@runtime_checkable
class FileSink(Sink, Protocol):
    """A sink of files, which takes others beside those of batches: signatures, the public key."""

    def newest_after(self, number: int) -> DeliveredBatch | None:
        """Return the newest of the batches after that of a number; raise Undelivered.

        None where there is none.
        """

    def keep(self, name: str, content: bytes) -> None:
        """Keep a file beside the batches, if it is not there yet; raise Undelivered.

        `name` may have folders: `signatures/000000000007.json`.
        """

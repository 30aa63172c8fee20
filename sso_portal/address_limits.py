"""How often one address may ask what anybody may ask, in a minute.

A source is an address, or an IPv6 network. It is counted in the memory of each worker process, and
not in DynamoDB: these requests come from anybody, and to refuse one must cost less than to answer
it. So a source has as many as there are processes.

What is the same is counted once. A program that goes on with a token that is over is one item
however often it asks, and its colleagues behind the same address notice nothing.
"""

import threading
import time

from accounts import throttle
from brokers.errors import TooMany

MINUTE = 60

MOST_ITEMS = 100_000
"""Items of all sources that one limit remembers: about 10 MB."""


class AddressLimit:
    """Counts the different things that a source has asked for in this minute."""

    def __init__(self, what: str, most: int) -> None:
        """Take what is counted, for people, and how many of it a source may have."""
        self.what = what
        self.most = most
        self.items = 0
        """How many are remembered, of all sources."""

        self._minute = 0
        self._by_source: dict[str, set[int]] = {}
        self._lock = threading.Lock()

    def demand(self, address: str, item: str | bytes) -> None:
        """Raise TooMany when the source has no more of it in this minute.

        What it has asked for before passes, and is answered as it was.
        """
        with self._lock:
            counted = self._of_source(address)
            is_over = len(counted) >= self.most or self.items >= MOST_ITEMS
            if not is_over or hash(item) in counted:
                return

        seconds = throttle.seconds_left(MINUTE)
        message = f"Too many {self.what} from your network address. Try again in {seconds} seconds."
        raise TooMany(message, f"{self.what} of an address", retry_after=seconds)

    def count(self, address: str, item: str | bytes) -> None:
        """Count one; what was counted before counts once."""
        with self._lock:
            counted = self._of_source(address)
            is_new = hash(item) not in counted
            if is_new and self.items < MOST_ITEMS:
                counted.add(hash(item))
                self.items += 1

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._by_source.clear()
            self.items = 0

    def _of_source(self, address: str) -> set[int]:
        """Return what a source has asked for in this minute, and forget the last one."""
        minute = int(time.time()) // MINUTE
        if minute != self._minute:
            self._minute = minute
            self._by_source.clear()
            self.items = 0

        source = throttle.source_of(address)
        if self.items >= MOST_ITEMS:
            return self._by_source.get(source, set())
        return self._by_source.setdefault(source, set())


REGISTRATIONS = AddressLimit("registrations", 600)
"""As many as steps of signing in; a tool registers once in 90 days."""

FAILURES = AddressLimit("failed tries to get a token", 300)

UNKNOWN_TOKENS = AddressLimit("tokens that are not good any more", 1_000)
"""Command lines of a whole office may end at about the same time."""

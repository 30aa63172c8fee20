"""What a request asks DynamoDB before anything else, in one round trip: who asks, and more.

Whose web session a cookie stands for is known only once the web session was read. So this process
remembers whose each was when it last saw it, and reads that person along with the web session. It
is a guess of what to read and nothing else: who asks is always said by the web session that this
request has read, and another person than the guessed one is read then. A wrong guess costs a second
round trip.

What was read belongs to the request object alone, and ends with it.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.http import HttpRequest

from accounts.models import Person, WebSession
from core.dynamo import Document, DocumentKey, Items, batch_read
from core.errors import CooperError

D = TypeVar("D", bound=Document)

FurtherKeys = Callable[[HttpRequest, str], Iterable[DocumentKey]]
"""Names what else a request needs; takes the request and the person's key, "" while unknown."""

MOST_GUESSES = 10_000
"""Web sessions whose person a process remembers: about 3 MB."""

_further_keys: list[FurtherKeys] = []


def also_read(further_keys: FurtherKeys) -> None:
    """Add to the first read of each request; called when Django is ready."""
    _further_keys.append(further_keys)


class Guesses:
    """Whose the web sessions were that this process saw last; of too many the oldest is forgotten.

    It holds hashes of session keys and the keys of people, nothing by which anybody is let in.
    """

    def __init__(self, most: int = MOST_GUESSES) -> None:
        self._most = most
        self._people: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._people)

    def person(self, key_hash: str) -> str:
        """Return the person's key under the hash of a session key, "" when it is not known."""
        return self._people.get(key_hash, "")

    def keep(self, key_hash: str, person: str) -> None:
        """Remember whose web session it is."""
        with self._lock:
            self._people[key_hash] = person
            self._people.move_to_end(key_hash)
            if len(self._people) > self._most:
                self._people.popitem(last=False)

    def forget(self) -> None:
        """Remember nothing."""
        with self._lock:
            self._people.clear()


guesses = Guesses()
"""Those of this process."""


class FirstRead:
    """The first read of one request; made by the middleware, done when it is first needed."""

    def __init__(self, request: HttpRequest, key_hash: str) -> None:
        """Take the hash of the session key that the request came with, "" for none."""
        self._request = request
        self._key_hash = key_hash
        self._items = Items({})
        self._failure: CooperError | None = None

        self.begun_at = float("inf")
        """When the first read began (time.monotonic): what was written before is in it."""

    def web_session(self, key_hash: str) -> WebSession | None:
        """Return a web session as first read; raise CooperError when DynamoDB does not say."""
        return self.find(WebSession, key_hash)

    def person(self, key: str) -> Person | None:
        """Return a person as first read, and read the rest that goes by the person with it."""
        if (Person, key) not in self._items:
            self._read([(Person, key), *self._keys_for(key)])
        return self._items.get(Person, key)

    def find(self, model: type[D], *key: Any) -> D | None:
        """Return an item as first read, or as it is now when it was not among what was read.

        None says that it was not stored. Raise CooperError when DynamoDB does not say.
        """
        if (model, *key) not in self._items:
            self._read([(model, *key), *self._first_keys()])
        return self._items.get(model, *key)

    def _read(self, keys: Iterable[DocumentKey]) -> None:
        if self._failure:
            # whatever shows the error would wait as long once more
            raise self._failure

        self.begun_at = min(self.begun_at, time.monotonic())
        missing = [key for key in keys if key not in self._items]
        try:
            self._items = self._items | batch_read(missing)
        except CooperError as error:
            self._failure = error
            raise

    def _first_keys(self) -> list[DocumentKey]:
        """Return what the request needs as far as it can be named before anything is read."""
        person = guesses.person(self._key_hash)
        keys = self._keys_for(person)
        if self._key_hash:
            keys.append((WebSession, self._key_hash))
        if person:
            keys.append((Person, person))
        return keys

    def _keys_for(self, person: str) -> list[DocumentKey]:
        keys: list[DocumentKey] = []
        for further_keys in _further_keys:
            keys.extend(further_keys(self._request, person))
        return keys


def first_read_of(request: HttpRequest) -> FirstRead:
    """Return the request's own first read; one that came by no middleware begins it here."""
    first_read: FirstRead = request.__dict__.setdefault("first_read", FirstRead(request, ""))
    return first_read

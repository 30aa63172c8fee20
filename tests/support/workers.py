"""Several workers of one installation in this process: each with the secret keys that it read."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from accounts.sessions import SessionStore
from core import secret_keys
from tests.support import clock

DATA = {"what": "a web session"}


class Worker:
    """A worker that has just started; its clock is so many seconds ahead of the test's."""

    def __init__(self, ahead: float = 0) -> None:
        self._ahead = ahead
        self._loaded = secret_keys.Loaded()
        self._settings = ("not yet known", [])
        with self.at_work():
            pass

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let this process be that worker within the block, as in a request."""
        before = (secret_keys.loaded, (settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS))
        secret_keys.loaded = self._loaded
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = self._settings
        clock.shift(self._ahead)
        try:
            secret_keys.keep_up()
            yield
        finally:
            clock.shift(-self._ahead)
            self._settings = (settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS)
            secret_keys.loaded, (settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS) = before

    def wait(self, seconds: float) -> None:
        """Let time go by without a request (the monotonic clock is not the test's)."""
        self._loaded.read_at -= seconds

    def write(self) -> str:
        """Return a web session as this worker stores it."""
        with self.at_work():
            return SessionStore().encode(DATA)

    def reads(self, stored: str) -> bool:
        """Return whether this worker knows who has the web session."""
        with self.at_work():
            return SessionStore().decode(stored) == DATA

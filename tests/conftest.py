"""Fixtures of all tests: an embedded AWS for the session, seeded anew for each test, and people."""

import copy
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from unittest.mock import patch

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.http import HttpRequest
from django.test import Client

from accounts import login
from accounts.first_read import guesses
from accounts.identity import Identity
from accounts.models import LocalAccount
from accounts.providers.local import identity_of
from accounts.sessions import SessionStore
from brokers import catalogue
from brokers.grants import active
from cooper_project import preparation, warm_up
from cooper_project.setup import set_up
from core import audit, audit_search, audit_shards, installation, secret_keys
from core.audit_shards import SHARDS_ITEM
from core.dynamo import table_manager
from core.installation import SCHEMA_ITEM, Installation
from core.retry import Backoff
from demo.seed import seed, use_embedded_aws
from embedded_aws import EmbeddedAws
from tests.support import clock
from tests.support import faults as injected
from tests.support.forgetting import forget_what_is_cached
from tests.support.saml_stage import connected
from tests.support.straight_calls import StraightCalls
from tests.support.versions import forget_version

__all__ = ["connected"]

CAST = ("alice", "bob", "carol", "dan", "erin")
"""The people of the seed.

Alice may become targets of both kinds, Bob nothing. Carol administers and has a device for one-time
codes, Dan administers and has none. Erin is an auditor.
"""

PROCESS_STARTERS = {"tests.support.browser", "tests.support.kill_sweep", "tests.support.served"}
"""The modules by which tests start processes."""

STRAIGHT = (
    "tests/accounts/",
    "tests/brokers/",
    "tests/cooper_project/",
    "tests/core/admin/test_changelist.py",
    "tests/core/test_audit_search.py",
    "tests/project/test_straight_calls.py",
    "tests/shipping/",
    "tests/sso_portal/",
)
"""Tests that ask nothing of connections, and so need no socket."""

ON_THE_WIRE = (
    "tests/accounts/test_first_read.py",
    "tests/accounts/test_throttle.py",
    "tests/brokers/grants/test_at_once.py",
    "tests/brokers/grants/test_grants.py",
    "tests/brokers/grants/test_lost_answers.py",
    "tests/brokers/grants/test_slow_services.py",
    "tests/brokers/import_export/test_killed.py",
    "tests/brokers/test_catalogue.py",
    "tests/brokers/test_round_trips.py",
    "tests/cooper_project/test_leaks.py",
    "tests/cooper_project/test_local_limits.py",
    "tests/cooper_project/test_serving.py",
    "tests/cooper_project/test_setup.py",
    "tests/shipping/test_killed.py",
)
"""Those of them that are about connections, calls that take their time, or processes."""

straight_calls = StraightCalls(injected.wrap, must_wire=injected.need_connections)


def pytest_configure(config: pytest.Config) -> None:
    # collecting static files under hashed names is the server's business
    settings.STATIC_ROOT = settings.BASE_DIR / "core" / "static"
    settings.STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }

    # the same algorithm at the least cost that it allows: 0.2 s a password become nothing
    Argon2PasswordHasher.time_cost = 1
    Argon2PasswordHasher.parallelism = 1
    Argon2PasswordHasher.memory_cost = 8

    # a search ends early where its test says so, and not where the machine stands still
    audit_search.PATIENCE = 120.0
    active.PATIENCE = 120.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules that start processes, which take longest; the others go by size.

    Whatever comes last is short then, and the workers of pytest-xdist end at about the same time.
    """
    sizes = Counter(item.path for item in items)
    first = -len(items)

    def place(item: pytest.Item) -> int:
        # those of browsers stay side by side, and share one
        return first if _starts_processes(item) else -sizes[item.path]

    items.sort(key=place)


def _starts_processes(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    return any(
        getattr(imported, "__module__", "") in PROCESS_STARTERS
        for imported in vars(item.module).values()
    )


@pytest.fixture(autouse=True)
def _own_audit_context() -> Iterator[None]:
    """Let each test act for itself, so that no test's facts are on a later one's events."""
    with audit.acting():
        yield


@pytest.fixture(autouse=True)
def _way_of_calls(request: pytest.FixtureRequest) -> None:
    """Let a test's calls of AWS go straight or over the wire."""
    name = request.node.nodeid
    straight_calls.is_open = name.startswith(STRAIGHT) and not name.startswith(ON_THE_WIRE)


@pytest.fixture(scope="session")
def aws() -> Iterator[EmbeddedAws]:
    """Start the embedded AWS once, set up and seeded; this process uses it and nothing else."""
    before = dict(os.environ)
    # its tables are as they were asked to be at once
    table_manager.BACKOFF = Backoff(first=0.002, longest=0.2)
    with EmbeddedAws(wrap=straight_calls.wrap) as started, straight_calls.to(started):
        use_embedded_aws(started)
        set_up(lambda line: None)
        secret_keys.use()
        preparation.worker.finish()
        seed()
        # as a worker does that is warm
        warm_up.spare_the_collector()
        yield started
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def _seeded_tables(aws: EmbeddedAws) -> dict[str, object]:
    """Return the tables as the seed left them."""
    return copy.deepcopy(aws.tables)


@pytest.fixture(scope="session")
def _seeded_keys(aws: EmbeddedAws) -> secret_keys.Loaded:
    """Return the secret keys as the seed left them."""
    return secret_keys.loaded


@pytest.fixture(scope="session")
def _seeded_items(aws: EmbeddedAws) -> dict[str, Installation]:
    """Return the items of the seeded installation that a process reads once."""
    return {name: installation.set_up_item(name) for name in (SCHEMA_ITEM, SHARDS_ITEM)}


@pytest.fixture(scope="session")
def begin_anew(
    aws: EmbeddedAws,
    _seeded_tables: dict[str, object],
    _seeded_keys: secret_keys.Loaded,
    _seeded_items: dict[str, Installation],
) -> Callable[[], AbstractContextManager[EmbeddedAws]]:
    """Return a block that begins with the seed and the real time, whatever tests did before."""

    @contextmanager
    def begin() -> Iterator[EmbeddedAws]:
        aws.tables.clear()
        aws.tables.update(copy.deepcopy(_seeded_tables))
        secret_keys.loaded = copy.copy(_seeded_keys)
        # the next look at them is a minute away: tests count the calls of a request
        secret_keys.loaded.read_at = time.monotonic()
        secret_keys.keep_up()
        forget_version()
        # tests count the calls of a request, and two of their own in each would cost half a minute
        with patch.object(installation, "set_up_item", _seeded_items.__getitem__):
            audit_shards.current()
        catalogue.forget()
        guesses.forget()
        forget_what_is_cached()
        injected.clear()
        with clock.travelling(clock.undisturbed_now()):
            yield aws
        injected.clear()

    return begin


@pytest.fixture
def store(
    begin_anew: Callable[[], AbstractContextManager[EmbeddedAws]],
) -> Iterator[EmbeddedAws]:
    """Let a test begin with the seed and the real time, some seconds on at most."""
    with begin_anew() as begun:
        yield begun


@pytest.fixture
def client_of(store: EmbeddedAws) -> Callable[..., Client]:
    """Return a maker of browsers in which a person of the cast is signed in (None: nobody)."""

    def make(username: str | None, **options: object) -> Client:
        client = Client(raise_request_exception=False, **options)
        client.username = username
        if username:
            sign_in(client, username)
        return client

    return make


def sign_in(client: Client, username: str) -> None:
    """Sign a person in without their password; the sign-in itself has tests of its own."""
    request = HttpRequest()
    request.session = SessionStore()
    account = LocalAccount.find(username)
    assert account is not None
    login.sign_in(request, identity_of(account))
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key


@pytest.fixture
def identity(store: EmbeddedAws) -> Callable[[str], Identity]:
    """Return a maker of identities of people who have signed in."""

    def make(username: str) -> Identity:
        sign_in(Client(), username)
        user = login.PersonBackend().get_user(f"local:{username}")
        assert user is not None
        return user.identity

    return make

"""Many people at once, and a DynamoDB that takes its time, so that their calls meet."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.test import Client

from accounts.models import LocalAccount
from embedded_aws import EmbeddedAws
from tests.conftest import sign_in
from tests.support.races import all_at_once

WINDOW = 0.005
"""Seconds that a call to DynamoDB takes, about as in AWS."""


@contextmanager
def windows(aws: EmbeddedAws, seconds: float = WINDOW) -> Iterator[None]:
    """Let DynamoDB take its time within the block; conflicts are counted from its begin on."""
    aws.conflicts.clear()
    aws.dynamodb_latency_seconds = seconds
    try:
        yield
    finally:
        aws.dynamodb_latency_seconds = 0


def signed_in_people(count: int, groups: list[str]) -> list[Client]:
    """Return the browsers of new people with these groups."""
    password_hash = LocalAccount.find("alice").password
    browsers = []
    for number in range(count):
        username = f"person-{number}"
        LocalAccount(username, groups=groups, password=password_hash).save()
        browsers += signed_in_browsers(username, 1)
    return browsers


def signed_in_browsers(username: str, count: int) -> list[Client]:
    """Return so many browsers in which one person signed in, one after the other."""
    browsers = []
    for _ in range(count):
        browser = Client(raise_request_exception=False)
        sign_in(browser, username)
        browsers.append(browser)
    return browsers


def post_at_once(browsers: list[Client], path: str, form: dict[str, Any]) -> list[Any]:
    """Let all browsers post a form at the same moment; return the responses."""
    posts: list[Callable[[], Any]] = [partial(browser.post, path, form) for browser in browsers]
    return all_at_once(posts)

"""The real server behind a proxy that speaks https, over real HTTP."""

import http.client
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

import pytest

from core.audit import Event
from core.audit_export import TimeRange
from embedded_aws import EmbeddedAws
from tests.support.served import serving

PERSON = "203.0.113.7"


@pytest.fixture
def port(store: EmbeddedAws) -> Iterator[int]:
    """Serve as if a proxy on this machine spoke https with browsers."""
    behind_https = {
        "COOPER_PUBLIC_URL": "https://127.0.0.1",
        "COOPER_TRUSTED_PROXIES": "127.0.0.1",
        "COOPER_EMBEDDED": "1",
    }
    with serving(store.environment() | behind_https) as url:
        yield int(urlsplit(url).port or 0)


def send(
    port: int, headers: dict[str, str], fields: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, str]:
    """Send a request for the sign-in page as a proxy does; return the response and its text."""
    headers = {"Host": "127.0.0.1", **headers}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        if fields is None:
            connection.request("GET", "/login/", headers=headers)
        else:
            headers |= {"Content-Type": "application/x-www-form-urlencoded"}
            headers |= {"Origin": "https://127.0.0.1"}
            connection.request("POST", "/login/", urlencode(fields), headers)
        response = connection.getresponse()
        return response, response.read().decode()


def test_it_reads_what_proxies_write(port: int) -> None:
    for proto in ("https", "HTTPS", "https,http", "https, http", "https,"):
        response, page = send(port, {"X-Forwarded-Proto": proto})
        assert response.status == http.HTTPStatus.OK, proto
    for proto in ("http", "", "http,https"):
        assert send(port, {"X-Forwarded-Proto": proto})[0].status == 301, proto

    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    cookies = "; ".join(cookie.split(";")[0] for cookie in response.headers.get_all("Set-Cookie"))
    fields = {"username": "zoe", "password": "x", "csrfmiddlewaretoken": token[1]}
    forms = {
        f"{PERSON}:49152": PERSON,
        f"1.1.1.1, [::ffff:{PERSON}]:49152,": PERSON,
        f"1.1.1.1, for={PERSON}": PERSON,
        "1.1.1.1, unknown": "127.0.0.1",
    }
    for forwarded_for in forms:
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": forwarded_for}
        response, page = send(port, headers | {"Cookie": cookies}, fields)
        assert response.status == http.HTTPStatus.FORBIDDEN, page

    today = datetime.now(UTC).date()
    refusals = [
        event
        for event in TimeRange.of_days(today, today).events()
        if event.event == Event.SIGN_IN_REFUSED
    ]
    assert [event.source for event in refusals] == list(forms.values())

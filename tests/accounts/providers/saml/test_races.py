"""One response, posted 8 times at once to three server processes: it counts once."""

import http.client
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from urllib.parse import urlencode, urlsplit

import pytest

from core.installation import Installation
from tests.support.events import all_events
from tests.support.races import AT_ONCE, PROCESSES, all_at_once
from tests.support.saml_kit import OKTA, Idp, read_authn_request, to_base64
from tests.support.saml_stage import post_form, start_sign_in
from tests.support.served import serving

HOST = "localhost:9443"
ORIGIN = f"http://{HOST}"


@pytest.fixture
def servers(connected) -> Iterator[list[str]]:
    """Start three servers on one store, all known under one public address."""
    Installation.find("demo").delete()
    environment = connected.environment() | {"COOPER_PUBLIC_URL": ORIGIN}
    with ExitStack() as stack:
        yield [stack.enter_context(serving(environment)) for _ in range(PROCESSES)]


def send(
    server: str, method: str, path: str, cookie: str = "", body: str = ""
) -> tuple[int, str, str]:
    """Send a request; return the status, the Location, and the cookie of a SAML request."""
    headers = {"Host": HOST, "Cookie": cookie}
    if body:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    host = urlsplit(server).netloc
    with closing(http.client.HTTPConnection(host, timeout=60)) as connection:
        connection.request(method, path, body or None, headers)
        response = connection.getresponse()
        response.read()

    set_cookie = " ".join(response.headers.get_all("Set-Cookie") or [])
    saml_cookie = re.search(r"cooper-saml[^;]+", set_cookie)
    return (
        response.status,
        response.headers.get("Location", ""),
        saml_cookie[0] if saml_cookie else "",
    )


def start_sign_in_at(server: str, number: int) -> tuple[Idp, str]:
    """Return the identity provider, about to answer the request, and the browser's cookie."""
    status, location, cookie = send(server, "GET", "/login/okta/")
    assert status == 302, location
    request_id, _ = read_authn_request(location)
    acs = f"{ORIGIN}/saml2/acs/"
    idp = OKTA.with_changes(
        request=request_id,
        destination=acs,
        recipient=acs,
        audiences=((f"{ORIGIN}/saml2/metadata/",),),
        assertion_id=f"_race{number}",
    )
    return idp, cookie


def post_eight_at_once(servers: list[str], rounds: int) -> None:
    for number in range(rounds):
        idp, cookie = start_sign_in_at(servers[0], number)
        body = urlencode({"SAMLResponse": to_base64(idp.build())})
        posts = [
            partial(send, servers[index % len(servers)], "POST", "/saml2/acs/", cookie, body)
            for index in range(AT_ONCE)
        ]
        statuses = Counter(status for status, _, _ in all_at_once(posts))
        assert statuses == {302: 1, 403: AT_ONCE - 1}

    sign_ins = [
        event
        for event in all_events()
        if event.event == "person:sign-in:done" and "okta" in event.person
    ]
    assert len(sign_ins) == rounds


def test_it_signs_in_one_of_eight_over_three_processes(servers):
    post_eight_at_once(servers, 3)


@pytest.mark.soak
def test_it_signs_in_one_of_eight_over_three_processes_forty_times(servers):
    post_eight_at_once(servers, 40)


def count_sign_ins(client_of) -> int:
    """Post one response in eight browsers with the same cookies; return how many it signs in."""
    first = client_of(None)
    form = {"SAMLResponse": to_base64(start_sign_in(first).build())}
    browsers = [client_of(None) for _ in range(AT_ONCE)]
    for browser in browsers:
        browser.cookies.update(first.cookies)
    responses = all_at_once([partial(post_form, browser, form) for browser in browsers])
    return [response.status_code for response in responses].count(302)


def test_it_signs_in_one_of_eight_within_a_process(connected, client_of):
    assert count_sign_ins(client_of) == 1


def test_the_records_of_single_use_are_what_stops_the_others(connected, client_of, monkeypatch):
    monkeypatch.setattr("accounts.providers.saml.requests.use_once", lambda *_: None)
    assert count_sign_ins(client_of) > 1

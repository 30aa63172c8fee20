"""One answer of an identity provider, posted 8 times at once to three server processes: it counts once."""

import http.client
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from urllib.parse import urlencode, urlsplit

import pytest

from core.audit import AuditEvent
from core.installation import Installation
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


def asked(
    server: str, way: str, path: str, cookie: str = "", body: str = ""
) -> tuple[int, str, str]:
    """Ask a server; return the status, where it leads, and the cookie of the saml session."""
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=60)
    headers = {"Host": HOST, "Cookie": cookie}
    if body:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(way, path, body or None, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    given = re.search(r"cooper-saml=\w+", " ".join(answer.headers.get_all("Set-Cookie") or []))
    return answer.status, answer.headers.get("Location", ""), given[0] if given else ""


def about_to_answer(server: str, number: int) -> tuple[Idp, str]:
    """Set out to the identity provider; return it, about to answer, and the cookie."""
    status, location, cookie = asked(server, "GET", "/login/okta/")
    assert status == 302, location
    acs, audience = f"{ORIGIN}/saml2/acs/", f"{ORIGIN}/saml2/metadata/"
    idp = OKTA.with_changes(
        destination=acs, recipient=acs, audiences=((audience,),), assertion_id=f"_race{number}"
    )
    return idp.with_changes(request=read_authn_request(location)[0]), cookie


def eight_at_once(servers: list[str], rounds: int) -> None:
    for number in range(rounds):
        idp, cookie = about_to_answer(servers[0], number)
        body = urlencode({"SAMLResponse": to_base64(idp.build())})
        places = [servers[place % len(servers)] for place in range(AT_ONCE)]
        answers = all_at_once(
            [partial(asked, server, "POST", "/saml2/acs/", cookie, body) for server in places]
        )
        assert Counter(status for status, _, _ in answers) == {302: 1, 403: AT_ONCE - 1}, answers
    done = [
        each
        for each in AuditEvent.everything()
        if each.event == "person:sign-in:done" and "okta" in each.person
    ]
    assert len(done) == rounds


def test_it_signs_in_one_of_eight_over_three_processes(servers):
    eight_at_once(servers, 3)


@pytest.mark.soak
def test_it_signs_in_one_of_eight_over_three_processes_forty_times(servers):
    eight_at_once(servers, 40)


@pytest.mark.parametrize(("records", "most"), [(True, 1), (False, AT_ONCE)])
def test_it_is_the_once_only_records_that_hold_it_back(
    connected, client_of, monkeypatch, records, most
):
    if not records:
        monkeypatch.setattr("accounts.providers.saml.requests.use_once", lambda *_: None)
    first = client_of(None)
    message = {"SAMLResponse": to_base64(start_sign_in(first).build())}
    browsers = [client_of(None) for _ in range(AT_ONCE)]
    for browser in browsers:
        browser.cookies.update(first.cookies)
    answers = all_at_once([partial(post_form, browser, message) for browser in browsers])
    signed_in = sum(each.status_code == 302 for each in answers)
    assert signed_in == 1 if records else 1 < signed_in <= most

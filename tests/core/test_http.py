"""Who gets JSON, and who gets a page."""

import pytest
from django.test import RequestFactory

from core.http import NEXT_LIMIT, own_path, wants_json
from tests.support import faults

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "json"),
    [
        ("application/json", True),
        ("APPLICATION/JSON", True),
        ("application/json, text/plain, */*", True),
        ("application/*", True),
        ("text/html;q=0.5, application/json", True),
        ("application/json;q=0.3, text/html;q=0.2", True),
        ("application/json;q=0", False),
        ("text/html, application/json;q=0.9", False),
        ("text/html, application/json", False),
        (BROWSER, False),
        ("*/*", False),
        ("", False),
        ("application/jsonp", False),
        ("text/x-application/json", False),
        ("image/png", False),
        ("garbage", False),
    ],
)
def test_the_type_is_negotiated_by_quality(accept, json):
    assert wants_json(RequestFactory().get("/", headers={"accept": accept})) is json


def test_whoever_says_nothing_gets_a_page():
    assert wants_json(RequestFactory().get("/")) is False


POST_ONLY = {
    "/targets/dev-read/console/": "/targets/dev-read/",
    "/targets/dev-read/credentials/": "/targets/dev-read/",
    "/targets/dev-read/console/?duration=900": "/targets/dev-read/",
    "/logout/": "/",
    "/device/begin/": "/device/",
    "/device/recover/": "/device/",
    "/device/remove/": "/device/",
    "/device/close/": "/device/",
    "/device/clock/": "/device/",
    "/saml2/acs/": "/login/",
    "/admin/brokers/target/dev-read/try/": "/admin/brokers/target/dev-read/change/",
    "/admin/brokers/target/import/confirm/": "/admin/brokers/target/import/",
    "/admin/brokers/target/import/go-on/": "/admin/brokers/target/import/",
    "/admin/brokers/target/import/give-up/": "/admin/brokers/target/import/",
    "/admin/brokers/target/export/": "/admin/brokers/target/import/",
}


@pytest.mark.parametrize("address", POST_ONLY)
def test_an_address_for_posts_alone_leads_to_the_page_that_belongs_there(client_of, store, address):
    carol = client_of("carol")
    issued = len(store.issued)
    for ask in (carol.get, carol.head):
        response = ask(address)
        assert (response.status_code, response.headers["Location"]) == (302, POST_ONLY[address])
    assert carol.put(address).status_code in (403, 405)
    assert len(store.issued) == issued and carol.get("/").status_code == 200


def test_whether_the_process_is_alive_does_not_depend_on_cookies(client_of):
    carol = client_of("carol")
    before = faults.count("dynamodb")
    response = carol.get("/healthz")
    assert response.status_code == 200 and not response.cookies
    assert faults.count("dynamodb") == before


LONG_QUERY = "/go/?url=" + "a" * 5_000


@pytest.mark.parametrize("url", ["/", "/go/?url=https://console.aws.amazon.com/", LONG_QUERY])
def test_a_page_of_this_site_may_come_next(url):
    assert own_path(RequestFactory().get("/"), url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "//evil.example/?x",
        "//evil.example",
        "/\\evil.example/?" + "a" * 3_000,
        "///evil.example#x",
        "http://testserver/",
        "https://evil.example/",
        "evil",
        "?x",
        "#x",
        "javascript:alert(1)",
        "/" + "a" * NEXT_LIMIT,
    ],
)
def test_nothing_else_comes_next(url):
    assert own_path(RequestFactory().get("/"), url) == ""

"""What is answered before a view of the protocol has the protocol's shape all the same."""

import json
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import Client

from cooper_project import preparation
from sso_portal import api_views, portal_views, registration_keys
from tests.support import faults
from tests.support.command_line import error_of
from tests.support.faults import Fault

ADDRESSES = (
    "/sso-oidc/token",
    "/sso-oidc/client/register",
    "/sso-oidc/no-such-operation",
    "/sso/assignment/accounts",
    "/sso/logout",
    "/sso/no-such-operation",
    "/api/v1/targets",
    "/api/v1/openapi.json",
    "/api/v1/no-such-operation",
)

MIDDLEWARE = tuple(django_settings.MIDDLEWARE)


def client() -> Client:
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


def demand_shape(response: HttpResponse) -> str:
    """Demand an error in the shape that this address has; return its text for people."""
    content = json.loads(response.content)
    assert response.headers["Content-Type"] == "application/json"
    assert int(response.headers["Content-Length"]) == len(response.content)
    assert response.headers["Cache-Control"].startswith("no-store")
    assert "Location" not in response.headers

    path = response.request["PATH_INFO"] + "/"
    if path.startswith("/api/v1/"):
        assert set(content) == {"error", "message"}
        return str(content["message"])

    name = error_of(response)
    if path.startswith("/sso/"):
        assert set(content) == {"__type", "message"}
        return str(content["message"])
    assert set(content) == {"__type", "error", "error_description", "message"}
    assert name.lower() == content["error"].replace("_", "") + "exception" or (
        (name, content["error"]) == ("InternalServerException", "server_error")
    )
    return str(content["error_description"])


# -- whatever a middleware answers -----------------------------------------------------------------
class Interruption:
    """A middleware that lets nothing through, and answers as it is told to."""

    answer: Any = None

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = type(self).answer
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, HttpResponse)
        return answer


ANSWERS = {
    "page": lambda: HttpResponse("<html>no</html>", status=400),
    "forbidden page": lambda: HttpResponse("<html>no</html>", status=403),
    "too large": lambda: HttpResponse("<html>no</html>", status=413),
    "throttle": lambda: HttpResponse("<html>no</html>", status=429, headers={"Retry-After": "7"}),
    "not available": lambda: HttpResponse("", status=503, headers={"Retry-After": "5"}),
    "redirect": lambda: HttpResponseRedirect("/login/"),
    "bug": lambda: RuntimeError("a secret detail"),
    "denied": PermissionDenied,
    "suspicious": lambda: SuspiciousOperation("a secret detail"),
    "not there": Http404,
}


def test_the_one_that_gives_the_shape_stands_first() -> None:
    assert MIDDLEWARE[0] == "sso_portal.middleware.ErrorShapeMiddleware"


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize("place", range(1, len(MIDDLEWARE) + 1))
def test_whatever_any_middleware_answers_has_the_shape(
    store: object, settings: Any, place: int, kind: str
) -> None:
    interruption = f"{__name__}.{Interruption.__qualname__}"
    settings.MIDDLEWARE = [*MIDDLEWARE[:place], interruption, *MIDDLEWARE[place:]]
    for address in ADDRESSES:
        Interruption.answer = ANSWERS[kind]()
        response = client().post(address, "{}", content_type="application/json")
        text = demand_shape(response)
        assert text and "secret" not in text and "<" not in text
        assert response.status_code >= 400
        if kind in ("throttle", "not available"):
            assert response.headers["Retry-After"] in ("5", "7")


def test_a_throttle_is_named_as_its_clients_know_it(store: object, settings: Any) -> None:
    interruption = f"{__name__}.{Interruption.__qualname__}"
    settings.MIDDLEWARE = [*MIDDLEWARE, interruption]
    names = []
    for address in ("/sso/logout", "/sso-oidc/token"):
        Interruption.answer = HttpResponse("", status=429)
        names.append(error_of(client().get(address)))
    assert names == ["TooManyRequestsException", "SlowDownException"]

    Interruption.answer = HttpResponse("", status=429)
    assert client().get("/api/v1/targets").json()["error"] == "too_many_requests"


# -- what cooper and Django do answer --------------------------------------------------------------
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_worker_that_is_not_prepared(store: object, monkeypatch: Any, address: str) -> None:
    monkeypatch.setattr(preparation.worker, "problem", preparation.STARTING)
    response = client().get(address)
    assert demand_shape(response) == preparation.STARTING
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_host_that_is_not_coopers(store: object, address: str) -> None:
    response = client().get(address, HTTP_HOST="evil.example")
    assert response.status_code == 400
    assert "COOPER_ALLOWED_HOSTS" in demand_shape(response)


@pytest.mark.parametrize("address", ADDRESSES)
def test_plain_http_where_https_is_spoken(store: object, settings: Any, address: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    response = client().post(address, "{}", content_type="application/json")
    assert response.status_code == 400 and "https" in demand_shape(response)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_database_that_is_away_for_somebody_with_a_cookie(
    store: object, monkeypatch: Any, client_of: Any, address: str
) -> None:
    """It is as for everybody: no cookie is looked at."""
    browser = client_of("alice")
    with faults.on(Fault("dynamodb", mode="deny"), may_miss=True):
        response = browser.get(address)
        plain = client().get(address)
    assert response.status_code == plain.status_code != 503
    if response.status_code != 200:
        demand_shape(response)


@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "options"])
@pytest.mark.parametrize("prefix", ["/sso-oidc", "/sso", "/api/v1"])
def test_an_address_that_is_none(store: object, prefix: str, method: str) -> None:
    for rest in ("", "/", "/nothing", "/token/", "/a/b/c", "/%00", "/%ff", "/../admin", "/é"):
        response = getattr(client(), method)(prefix + rest)
        demand_shape(response)
        assert response.status_code in (400, 404), rest


@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "patch", "options", "trace"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_method_that_is_not_served(store: object, address: str, method: str) -> None:
    response = getattr(client(), method)(address)
    if response.status_code >= 300:
        demand_shape(response)
    else:
        assert (method, address) == ("get", "/api/v1/openapi.json")


@pytest.mark.parametrize(
    ("address", "broken"),
    [
        ("/sso-oidc/client/register", (registration_keys, "signing_key")),
        ("/sso/assignment/accounts", (portal_views, "_caller")),
        ("/api/v1/openapi.json", (api_views.OPENAPI.__class__, "read_text")),
    ],
)
def test_a_bug_of_coopers_own(
    store: object, monkeypatch: Any, address: str, broken: tuple[object, str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(*broken, fail)
    if address.startswith("/sso-oidc"):
        body = '{"clientType": "public", "clientName": "x"}'
        response = client().post(address, body, content_type="application/json")
    else:
        response = client().get(address)
    text = demand_shape(response)
    assert response.status_code == 500 and "secret" not in text
    assert response.headers["X-Request-Id"] in text


def test_two_thousand_parameters(store: object) -> None:
    query = "&".join(f"a{number}=1" for number in range(2_001))
    response = client().get(f"/sso/assignment/accounts?{query}", HTTP_X_AMZ_SSO_BEARER_TOKEN="x")
    assert demand_shape(response)


def test_pages_stay_pages(store: object) -> None:
    for address in ("/authorize", "/sso-oidc/authorize", "/nothing", "/command-line/nothing"):
        response = client().get(address)
        assert response.headers["Content-Type"].startswith("text/html"), address

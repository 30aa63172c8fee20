import json

import pytest
from django.test import Client
from django.urls import get_resolver

from tests.support.command_line import CommandLineTool
from tests.support.events import all_events


@pytest.fixture
def tool(client_of):
    return CommandLineTool().sign_in(client_of("alice"))


def ask(method: str, path: str, token: str, body: str | None = None):
    extra = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
    return Client(raise_request_exception=False).generic(
        method, f"/api/v1/{path}", body or "", content_type="application/json", **extra
    )


def test_it_lists_what_the_token_may_become(tool):
    targets = ask("GET", "targets", tool.access).json()["targets"]
    by_name = {target["name"]: target for target in targets}
    assert by_name["dev-read"]["accountName"] == "Development"
    assert "prod-admin" not in by_name


def test_it_gives_credentials_as_a_credential_process_prints_them(tool):
    answer = ask("POST", "targets/dev-read/credentials", tool.access, '{"seconds": 900}').json()
    assert set(answer) == {
        "Version",
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
    }
    done = all_events()[-1]
    assert (done.event, done.facts["client_kind"], done.facts["seconds"]) == (
        "grant:finish:done",
        "API",
        900,
    )


@pytest.mark.parametrize("token", ["", "nonsense", "cooper_access_" + "a" * 43])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "targets"),
        ("POST", "targets/dev-read/credentials"),
        ("GET", "aws-config"),
    ],
)
def test_it_takes_a_token(store, token, method, path):
    answer = ask(method, path, token)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert answer["WWW-Authenticate"] == 'Bearer realm="cooper"'


def test_a_cookie_is_no_token(client_of):
    assert client_of("alice").get("/api/v1/targets").status_code == 401


@pytest.mark.parametrize("name", ["prod-break-glass", "nothing-there"])
def test_what_is_not_theirs_or_unknown_is_not_found(tool, name):
    answer = ask("POST", f"targets/{name}/credentials", tool.access)
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


@pytest.mark.parametrize(
    "body", ["{", "[]", '{"seconds": "900"}', '{"seconds": true}', '{"seconds": 1}']
)
def test_a_wrong_body_is_told(tool, body):
    answer = ask("POST", "targets/dev-read/credentials", tool.access, body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_other_methods_are_told(tool):
    assert ask("GET", "targets/dev-read/credentials", tool.access).status_code == 405


def test_it_serves_the_config_block(tool):
    answer = ask("GET", "aws-config", tool.access)
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert "[profile cooper-dev-read]" in answer.content.decode()


def test_the_description_has_each_operation_and_no_other(store):
    description = json.loads(Client().get("/api/v1/openapi.json").content)
    described = {
        path.replace("{name}", "<target:name>").replace("{person}", "<path:person>")
        for path in description["paths"]
    }
    served = {
        f"/{pattern.pattern}"
        for resolver in get_resolver().url_patterns
        for pattern in getattr(resolver, "url_patterns", [])
        if str(pattern.pattern).startswith("api/v1/")
    }
    assert described == served - {"/api/v1/openapi.json"}

"""Tokens, codes and secrets of command lines are nowhere in the clear."""

import pytest
from django.test import Client

from accounts.models import WebSession
from core.audit_export import Format, TimeRange, export_lines
from core.audit_search import today
from core.dynamo import documents
from sso_portal import registration_keys
from tests.support.command_line import DEVICE_CODE, CommandLineTool, get_portal, post_oidc
from tests.support.everything_logged import everything_logged

NAMES = ("dev-read", "dev-uploads")
"""A role and a federated user."""


class Visit:
    """All that a command line does, with what is secret of it, and what people are shown."""

    def __init__(self, browser: Client) -> None:
        self.browser = browser
        self.secrets: set[str] = {registration_keys.signing_key().secret}
        self.shown: list[str] = []

    def show(self, response) -> None:
        """Keep an answer that has to have no secret."""
        self.shown.append(f"{response.headers} {response.content.decode()}")

    def keep(self, tool: CommandLineTool) -> None:
        secrets = {tool.access, tool.refresh, tool.client_secret, tool.device_code}
        self.secrets |= {secret for secret in secrets if secret}

    def by_browser(self) -> CommandLineTool:
        tool = CommandLineTool()
        tool.register()
        self.show(self.browser.get(tool.authorize_address()))
        code = tool.allowed_by(self.browser)
        self.secrets |= {code, tool.verifier}

        self.show(tool.exchange(code, codeVerifier="a" * 43))
        assert tool.exchange(code).status_code == 200
        self.keep(tool)
        return tool

    def by_device_code(self) -> CommandLineTool:
        tool = CommandLineTool()
        tool.register(grantTypes=[DEVICE_CODE], redirectUris=[])
        assert tool.start_device().status_code == 200
        plain_code = tool.user_code.replace("-", "")
        self.secrets |= {tool.user_code, plain_code, plain_code.lower()}
        self.keep(tool)

        self.show(tool.poll())
        form = {"user_code": tool.user_code, "decision": "allow"}
        assert self.browser.post("/code/decide/", form).status_code == 302
        assert tool.poll().status_code == 200
        self.keep(tool)
        return tool

    def become(self, tool: CommandLineTool) -> None:
        headers = {"authorization": f"Bearer {tool.access}"}
        targets = Client().get("/api/v1/targets", headers=headers)
        self.show(targets)
        for target in targets.json()["targets"]:
            if target["name"] in NAMES:
                self.become_one(tool, target, headers)
        self.show(tool.credentials("999999999999", "nothing"))

    def become_one(self, tool: CommandLineTool, target, headers) -> None:
        address = f"/api/v1/targets/{target['name']}/credentials"
        given = Client().generic("POST", address, headers=headers).json()
        self.secrets |= {given["SecretAccessKey"], given["SessionToken"]}
        if target["roleName"]:
            given = tool.credentials(target["accountId"], target["roleName"]).json()
            given = given["roleCredentials"]
            self.secrets |= {given["secretAccessKey"], given["sessionToken"]}

    def fail(self, tool: CommandLineTool) -> None:
        """Send what is secret to where it does not belong, as text of every kind."""
        for secret in sorted(self.secrets):
            self.show(get_portal("assignment/roles", secret, account_id=secret))
            self.show(get_portal("federation/credentials", tool.access, account_id=secret))
            self.show(post_oidc("token", {"grantType": secret, "clientId": secret}))
            self.show(post_oidc("token", f'{{"refreshToken": "{secret}'))
            self.show(tool.exchange(secret))
            headers = {"authorization": f"Bearer {secret}x", "cookie": f"cooper={secret}"}
            self.show(Client(raise_request_exception=False).get("/api/v1/targets", headers=headers))
            self.show(Client().post(address_with(tool, secret), {"decision": secret}))

    def pages(self) -> None:
        for page in ("/", "/me/", "/command-line/", "/credentials/", "/code/"):
            self.show(self.browser.get(page))


def address_with(tool: CommandLineTool, secret: str) -> str:
    return tool.authorize_address(redirect_uri=f"http://evil.example/{secret}")


def stored() -> str:
    """Return everything in all tables."""
    items = (item for document in documents() for item in document.everything())
    return "\n".join(str(item.serialize()) for item in items)


def exported() -> str:
    """Return the audit log in both formats."""
    events = list(TimeRange.of_days(today(), today()).events())
    assert len(events) > 10
    return "".join(line for kind in Format for line in export_lines(events, kind))


@pytest.fixture
def visit(client_of, settings):
    settings.COOPER_DEVICE_CODE = ["local:developers"]
    return Visit(client_of("alice"))


def test_no_secret_of_a_command_line_is_anywhere_in_the_clear(visit, store):
    with everything_logged() as lines:
        for sign_in in (visit.by_browser, visit.by_device_code):
            tool = sign_in()
            visit.become(tool)
            if tool.refresh:
                assert tool.refresh_access().status_code == 200
                visit.keep(tool)
        visit.pages()
        visit.fail(tool)
        assert Client().post("/sso/logout", HTTP_X_AMZ_SSO_BEARER_TOKEN=tool.access)
        visit.pages()

    sessions = [visit.browser.session.decode(str(each.data)) for each in WebSession.everything()]
    places = {
        "log": "\n".join(lines),
        "tables": stored(),
        "web sessions": str(sessions),
        "exports of the audit log": exported(),
        "pages and errors": "\n".join(visit.shown),
        "cooper's own registration keys": str(vars(registration_keys._loaded)),
        "objects": f"{tool.access and store}{registration_keys.signing_key()}",
    }
    assert len(visit.secrets) >= 20 and lines
    leaks = [
        (place, secret[:12])
        for place, text in places.items()
        for secret in visit.secrets
        if secret in text
    ]
    assert leaks == []

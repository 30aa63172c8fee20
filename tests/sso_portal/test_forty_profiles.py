"""A loop over many profiles: within the limit it works, above it tools know what to do."""

import io
import time
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from django.test import Client

from sso_portal.aws_config import INVENTED_REGION
from tests.support import clock
from tests.support.command_line import CommandLineTool, error_of

DEV = "222222222222"


@pytest.fixture
def tool(client_of):
    signed_in = CommandLineTool().sign_in(client_of("alice"))
    # all of what follows is in one minute
    clock.shift(61 - time.time() % 60)
    return signed_in


class Sso:
    """botocore's own client of the service `sso`, which asks cooper in this process."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.minute_passes_after_refusal = False
        self._client = boto3.client(
            "sso",
            endpoint_url="http://testserver/sso",
            region_name=INVENTED_REGION,
            config=Config(signature_version=UNSIGNED),
        )
        self._client.meta.events.register("before-send", self._send)

    def credentials(self, tool: CommandLineTool) -> dict[str, object]:
        answer = self._client.get_role_credentials(
            accountId=DEV, roleName="dev-read", accessToken=tool.access
        )
        return answer["roleCredentials"]

    def _send(self, request, **_):
        address = urlsplit(request.url)
        token = request.headers["x-amz-sso_bearer_token"].decode()
        response = Client().get(
            address.path, dict(parse_qsl(address.query)), HTTP_X_AMZ_SSO_BEARER_TOKEN=token
        )
        self.statuses.append(response.status_code)
        if response.status_code == 429 and self.minute_passes_after_refusal:
            clock.shift(int(response["Retry-After"]))
        raw = io.BytesIO(response.content)
        raw.stream = lambda: iter([response.content])
        return AWSResponse(request.url, response.status_code, response.headers, raw)


def test_forty_profiles_in_one_minute_work_as_cooper_comes(tool):
    answers = [tool.credentials(DEV, "dev-read").status_code for _ in range(40)]
    assert answers == [200] * 40


def test_the_limit_is_told_as_clients_know_it(tool, settings):
    settings.COOPER_CLI_GRANTS_PER_MINUTE = 1
    assert tool.credentials(DEV, "dev-read").status_code == 200
    refused = tool.credentials(DEV, "dev-read")
    assert (refused.status_code, error_of(refused)) == (429, "TooManyRequestsException")
    assert 55 <= int(refused["Retry-After"]) <= 60

    headers = {"Authorization": f"Bearer {tool.access}"}
    refused = Client().post(
        "/api/v1/targets/dev-read/credentials", content_type="application/json", headers=headers
    )
    assert (refused.status_code, refused.json()["error"]) == (429, "too_many_requests")
    assert 55 <= int(refused["Retry-After"]) <= 60


def test_botocore_asks_again_above_the_limit(tool, settings):
    settings.COOPER_CLI_GRANTS_PER_MINUTE = 1
    sso = Sso()
    assert sso.credentials(tool)["accessKeyId"]
    sso.minute_passes_after_refusal = True
    assert sso.credentials(tool)["accessKeyId"]
    assert sso.statuses == [200, 429, 200]


def test_botocore_gives_up_with_our_words(tool, settings, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    settings.COOPER_CLI_GRANTS_PER_MINUTE = 1
    sso = Sso()
    sso.credentials(tool)
    with pytest.raises(ClientError, match=r"Too many requests\. Try again in \d+ seconds\."):
        sso.credentials(tool)
    assert len(sso.statuses) > 2
    assert set(sso.statuses[1:]) == {429}

"""An instance metadata service (IMDSv2) on loopback, with credentials of an instance's role.

A token is fetched by PUT first, without which everything answers 401:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
"""

import json
import secrets
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from typing import Any, Self

from embedded_aws import EmbeddedAws, seed_aws
from tests.support.loopback_server import LoopbackServer, QuietHandler, running

ROLE = seed_aws.COOPER_ROLE
PATH = "/latest/meta-data/iam/security-credentials/"


class Imds:
    """The service; `handed`: the credentials handed out so far, each valid for `seconds`."""

    def __init__(self, aws: EmbeddedAws, seconds: int) -> None:
        self.aws, self.seconds = aws, seconds
        self.handed: list[dict[str, Any]] = []
        self.broken = False
        self.token = secrets.token_urlsafe(24)
        self._stack = ExitStack()
        self._server = LoopbackServer(self._handler())

    def __enter__(self) -> Self:
        self._stack.enter_context(running(self._server))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def environment(self) -> dict[str, str]:
        """Return what leads AWS's tools here, and to no other credentials."""
        blank = (
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE",
            "AWS_SECURITY_TOKEN",
        )
        kept = {name: value for name, value in self.aws.environment().items() if name not in blank}
        kept["AWS_EC2_METADATA_DISABLED"] = "false"
        return kept | {"AWS_EC2_METADATA_SERVICE_ENDPOINT": self._server.url}

    def _answer(self, method: str, path: str, token: str | None) -> tuple[int, str]:
        if self.broken:
            return 500, "broken"
        if method == "PUT" and path == "/latest/api/token":
            return 200, self.token
        if token != self.token:
            return 401, ""
        if path == PATH:
            return 200, ROLE
        return (200, json.dumps(self._credentials())) if path == PATH + ROLE else (404, "")

    def _credentials(self) -> dict[str, Any]:
        made = self.aws.instance_credentials(self.seconds)
        self.handed.append(made)
        token = made.get("SessionToken") or made.get("Token")
        expires = made["Expiration"]
        said = expires if isinstance(expires, str) else expires.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "Code": "Success",
            "Type": "AWS-HMAC",
            "LastUpdated": "2026-01-01T00:00:00Z",
            "AccessKeyId": made["AccessKeyId"],
            "SecretAccessKey": made["SecretAccessKey"],
            "Token": token,
            "Expiration": said,
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(QuietHandler):
            def _serve(self) -> None:
                status, text = service._answer(
                    self.command, self.path, self.headers.get("X-aws-ec2-metadata-token")
                )
                body = text.encode()
                self.send_response(status)
                self.send_header("X-aws-ec2-metadata-token-ttl-seconds", "21600")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = _serve  # noqa: N815 - names of http.server

        return Handler

"""A service that knows vulnerabilities of packages, as OSV answers (https://ossf.github.io/osv-schema/)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.loopback_server import LoopbackServer, QuietHandler, running

Version = tuple[str, str]


@dataclass
class Service:
    """Where it is, and what it was asked about."""

    url: str
    asked: set[Version] = field(default_factory=set)


@contextmanager
def advisories(known: dict[Version, str]) -> Iterator[Service]:
    """Serve the ids of vulnerabilities of (package, version), each mended in the next version."""
    service = Service("")

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            version = (question["package"]["name"], question["version"])
            service.asked.add(version)
            answer = [advisory(known[version], version)] if version in known else []
            body = json.dumps({"vulns": answer} if answer else {}).encode()

            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = LoopbackServer(Handler)
    service.url = f"{server.url}/"
    with running(server):
        yield service


def advisory(name: str, version: Version) -> dict[str, Any]:
    """Return a vulnerability of all versions up to this one."""
    package, affected = version
    *first, last = affected.split(".")
    fixed = ".".join([*first, str(int(last) + 1)])
    events = [{"introduced": "0"}, {"fixed": fixed}]
    return {
        "id": name,
        "summary": "made up",
        "details": "made up",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": package},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }
        ],
    }

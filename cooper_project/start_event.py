"""The event that a server was started: on the audit log once, before the server does anything else.

It is written by the first worker that can: the command that starts the server may run while AWS is
away. Until it is written, no worker serves.
"""

import json
import os
import secrets
import socket
from contextlib import suppress
from datetime import datetime

from django.conf import settings

from core import __version__, audit, aws
from core.audit import Event
from core.dynamo import AlreadyExists, transaction

VARIABLE = "COOPER_START"
"""The environment variable by which the command tells its workers of the start."""


def describe(os_user: str) -> str:
    """Return the start, as it is now and by this user of the host, for VARIABLE."""
    start = {
        "at": audit.now().isoformat(),
        "name": secrets.token_hex(8),
        "os_user": os_user,
        "host": socket.gethostname(),
        "bind": settings.COOPER_BIND,
    }
    return json.dumps(start)


def record() -> None:
    """Put the start on the audit log unless it is there; raise CooperError."""
    description = os.environ.get(VARIABLE, "")
    if not description:
        # not started by cooper's own command
        return

    start = json.loads(description)
    key = audit.event_key(datetime.fromisoformat(start.pop("at")), start.pop("name"))
    caller = aws.caller_identity().arn
    with audit.acting(source="command"):
        event = audit.event(Event.SERVE_STARTED, at=key, cooper=__version__, caller=caller, **start)

    # another worker was first, or this is a reload
    with suppress(AlreadyExists), transaction() as writes:
        writes.create(event)

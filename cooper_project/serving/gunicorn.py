"""gunicorn's command line. gevent workers: thousands of slow requests cost little.

Sources: https://docs.gunicorn.org/en/stable/settings.html; figures measured in tests and bench.
"""

import os
import sys
from pathlib import Path

from django.conf import settings

KEEP_ALIVE = 65
"""Seconds that an idle connection, or one that drips its headers, is kept: longer than the 60 s of AWS's load
balancers, which would otherwise send requests into connections that close."""

REQUEST = 30
"""Seconds without a sign of life after which a worker is replaced."""

GRACE = 30
"""Seconds in which requests under way may end after SIGTERM."""

CONNECTIONS = 2_000
"""Connections that one worker holds at once."""


def command(bind: str, workers: int) -> list[str]:
    """Return the command that serves on `bind` with this many workers."""
    options = {
        "bind": bind,
        "workers": workers,
        "worker-class": "gevent",
        "worker-connections": CONNECTIONS,
        "timeout": REQUEST,
        "graceful-timeout": GRACE,
        "keep-alive": KEEP_ALIVE,
        "limit-request-line": 8_190,
        "limit-request-fields": 64,
        "limit-request-field_size": 16_380,
        # cooper itself decides whose word counts (COOPER_TRUSTED_PROXIES)
        "forwarded-allow-ips": "",
        "chdir": settings.BASE_DIR,
        "log-level": "warning",
        "name": "cooper",
        **({"worker-tmp-dir": "/dev/shm"} if os.access("/dev/shm", os.W_OK) else {}),  # noqa: S108 - a memory file system
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    # a module run by a new interpreter: gevent has to patch before anything imports ssl
    config = "--config=python:cooper_project.serving.hooks"
    return [
        sys.executable,
        "-m",
        "gunicorn",
        config,
        *words,
        "--no-control-socket",
        "cooper_project.wsgi:application",
    ]


def environment() -> dict[str, str]:
    """Return the environment for gunicorn: this process's, with what the command line changed."""
    names = ("COOPER_REGION", "COOPER_BIND", "COOPER_KMS_KEY")
    chosen = {name: str(getattr(settings, name)) for name in names if getattr(settings, name)}
    flags = {name: "1" for name in ("COOPER_INSECURE_HTTP",) if getattr(settings, name)}
    return {**os.environ, "PYTHONUNBUFFERED": "1", **chosen, **flags}


def replace_this_process() -> None:
    """Become gunicorn; never returns."""
    words = command(settings.COOPER_BIND, settings.COOPER_WORKERS)
    os.chdir(Path(settings.BASE_DIR))
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(words[0], words, environment())  # noqa: S606 - our own interpreter

"""gunicorn's command line. With gevent workers thousands of slow requests cost little.

Sources: https://docs.gunicorn.org/en/stable/settings.html; figures measured in tests and bench.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from cooper_project import start_event
from core import log_lines

KEEP_ALIVE = 65
"""Seconds that a connection without a complete request is kept.

Longer than the 60 s of AWS's load balancers, which would otherwise send requests into connections
that are just being closed.
"""

REQUEST_TIMEOUT = 30
"""Seconds without a sign of life after which a worker is replaced."""

GRACEFUL_TIMEOUT = 15
"""Seconds in which running requests may end after SIGTERM: longer than the deadline of any.

deploy/cooper.service says the same.
"""

CONNECTIONS = 2_000
"""Connections of one worker at the same time."""

SHARED_MEMORY = "/dev/shm"  # noqa: S108 - a memory file system
"""Where workers write their signs of life: a disk may be slow."""


def command(bind: str, workers: int) -> list[str]:
    """Return the command that serves on `bind` with this many workers."""
    options = {
        "bind": bind,
        "workers": workers,
        "worker-class": "cooper_project.serving.worker.CooperWorker",
        "worker-connections": CONNECTIONS,
        "timeout": REQUEST_TIMEOUT,
        "graceful-timeout": GRACEFUL_TIMEOUT,
        "keep-alive": KEEP_ALIVE,
        "limit-request-line": 8_190,
        "limit-request-fields": 64,
        "limit-request-field_size": 16_380,
        # this alone lets the header of command lines through, whose name has an underscore; which
        # proxy to trust cooper itself decides (COOPER_TRUSTED_PROXIES, and hooks.py)
        "forwarded-allow-ips": "*",
        "forwarder-headers": "X-AMZ-SSO_BEARER_TOKEN",
        "chdir": settings.BASE_DIR,
        "log-level": "warning",
        "logger-class": "cooper_project.serving.log.Logger",
        "name": "cooper",
    }
    if os.access(SHARED_MEMORY, os.W_OK):
        options["worker-tmp-dir"] = SHARED_MEMORY

    return [
        # a new interpreter: gevent has to patch before anything imports ssl
        sys.executable,
        "-m",
        "cooper_project.serving.main_process",
        "--config=python:cooper_project.serving.hooks",
        *[f"--{name}={value}" for name, value in options.items()],
        "--no-control-socket",
        "cooper_project.wsgi:application",
    ]


def environment(start: str, metrics_folder: str) -> dict[str, str]:
    """Return the environment for gunicorn: this process's, with what the command line changed.

    `start` is the description of the start for the audit log; in `metrics_folder` workers keep
    their numbers, "" for nowhere.
    """
    variables = {**os.environ, "PYTHONUNBUFFERED": "1", start_event.VARIABLE: start}
    for name in ("COOPER_REGION", "COOPER_BIND", "COOPER_KMS_KEY"):
        value = getattr(settings, name)
        if value:
            variables[name] = str(value)

    if settings.COOPER_INSECURE_HTTP:
        variables["COOPER_INSECURE_HTTP"] = "1"

    variables[log_lines.FORMAT_VARIABLE] = log_lines.chosen_format()
    # prometheus_client reads this name when it is imported
    variables.pop("PROMETHEUS_MULTIPROC_DIR", None)
    if metrics_folder:
        variables["PROMETHEUS_MULTIPROC_DIR"] = metrics_folder
        variables["COOPER_METRICS_BIND"] = settings.COOPER_METRICS_BIND
    return variables


def replace_this_process(start: str, metrics_folder: str) -> None:
    """Become gunicorn; never returns. See `environment` for the arguments."""
    words = command(settings.COOPER_BIND, settings.COOPER_WORKERS)
    os.chdir(Path(settings.BASE_DIR))

    # what is buffered would be lost with this process; where the log is full, it is
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()

    os.execve(words[0], words, environment(start, metrics_folder))  # noqa: S606 - our own interpreter

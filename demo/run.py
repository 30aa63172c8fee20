"""The embedded AWS in a process of its own, and the demo: that AWS with cooper's server beside it.

The process that began the demo watches both, so that Ctrl-C ends both and neither outlives it.
"""

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from cooper_project.serving import address, gunicorn
from cooper_project.setup import set_up
from core.errors import CooperError
from demo import example_idp
from demo.seed import PASSWORD, PEOPLE, adopt, otpauth_of, seed
from embedded_aws import EmbeddedAws

Say = Callable[[str], None]

REAL = (
    *("PUBLIC_URL", "ALLOWED_HOSTS", "BIND", "INSECURE_HTTP", "TRUSTED_PROXIES"),
    *(
        "REGION",
        "KMS_KEY",
        "TABLE_PREFIX",
        "SIGNIN_URL",
        "VPC_ENDPOINTS",
        "SECRET_KEY",
        "SECRET_KEY_FILE",
    ),
)
"""What a real installation may have set; the demo takes nothing of it."""

START = 60.0
"""Seconds in which each of the two has to be up."""

STOP = 10.0
"""Seconds in which each of the two has to be down, before it is killed."""

OTPAUTH = "DEMO_OTPAUTH"
"""Under this name the seeded AWS says the address that Carol's authenticator app reads."""


def serve_alone(
    store: Path | None, port: int, *, seeded: bool, with_parent: bool, say: Say
) -> None:
    """Serve the embedded AWS until a signal (`with_parent`: or the end of stdin); say its environment, then a blank."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    if with_parent:
        threading.Thread(target=_wait_for_end, args=(stop,), daemon=True).start()
    with EmbeddedAws(store=store, port=port) as aws:
        if seeded:
            adopt(aws)
            set_up(lambda line: None)
            seed()
            example_idp.bring(aws)
        known = aws.environment() | ({OTPAUTH: otpauth_of("carol")} if seeded else {})
        for name, value in known.items():
            say(f"{name}={shlex.quote(value)}")
        say("")
        stop.wait()


def _wait_for_end(stop: threading.Event) -> None:
    """Set `stop` when whoever holds the other end of stdin is gone."""
    # unbuffered: a buffered reader's lock, held here, would break the interpreter's end
    while os.read(0, 4096):
        pass
    stop.set()


class Demo:
    """The embedded AWS and cooper's server, as two processes."""

    def __init__(self, store: Path | None, say: Say) -> None:
        """Take the folder that keeps what is done (None: nothing is kept)."""
        self._store, self._say = store, say
        self._aws: subprocess.Popen[str] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._stopping = False

    def run(self) -> None:
        """Serve until a signal; raise CooperError when one of the two does not start, or ends by itself."""
        host, port = address.chosen()
        address.refuse_taken(host, port)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        try:
            environment = self._start_aws()
            otpauth = environment.pop(OTPAUTH, "")
            url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
            self._start_server(environment, url)
            if not self._stopping:
                self._say(banner(url, environment, otpauth))
            self._watch()
        finally:
            self._end()

    def _stop(self, *_: object) -> None:
        """Note that somebody wants an end."""
        self._stopping = True

    def _start_aws(self) -> dict[str, str]:
        """Start the embedded AWS, set up and seeded; return the environment to reach it with."""
        words = [
            sys.executable,
            "manage.py",
            "cooper_demo",
            "--aws-only",
            "--seed",
            "--with-parent",
        ]
        words += ["--store", str(self._store.absolute())] if self._store else []
        self._aws = subprocess.Popen(  # noqa: S603 - our own command
            words, cwd=settings.BASE_DIR, env=clean_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, start_new_session=True,
        )  # fmt: skip
        said: dict[str, str] = {}
        for line in self._aws.stdout or ():
            if not line.strip():
                return said
            name, _, value = line.strip().partition("=")
            said[name] = shlex.split(value)[0] if value else ""
        if self._stopping:
            return said
        raise CooperError("The embedded AWS did not start; what it said stands above.")

    def _start_server(self, environment: dict[str, str], url: str) -> None:
        """Start gunicorn against the embedded AWS and wait until it answers."""
        if self._stopping:
            return
        bind = settings.COOPER_BIND
        own = clean_environment() | environment | {"COOPER_EMBEDDED": "1", "COOPER_BIND": bind}
        own.setdefault("COOPER_ADMIN_GROUPS", f"local:admins,{example_idp.NAME}:admins")
        words = gunicorn.command(bind, settings.COOPER_WORKERS)
        begun: dict[str, Any] = {
            "cwd": settings.BASE_DIR,
            "env": own,
            "start_new_session": True,
            "preexec_fn": _end_with_parent,
        }
        self._server = subprocess.Popen(words, **begun)  # noqa: S603 - our own command
        end = time.monotonic() + START
        while not (self._stopping or _answers(f"{url}/healthz")):
            if self._server.poll() is not None or time.monotonic() > end:
                raise CooperError("cooper's server did not start; what it said stands above.")
            time.sleep(0.1)

    def _watch(self) -> None:
        """Wait for a signal; raise CooperError when one of the two ends by itself."""
        while not self._stopping:
            for name, process in {"embedded AWS": self._aws, "server": self._server}.items():
                if process is not None and process.poll() is not None and not self._stopping:
                    raise CooperError(
                        f"The {name} ended by itself (exit code {process.returncode})."
                    )
            time.sleep(0.2)

    def _end(self) -> None:
        """End the server first, then its AWS, which saves what was done."""
        if self._server is not None:
            # INT, not TERM: nobody waits 30 s for a browser to close its idle connection
            _end_process(self._server, signal.SIGINT)
        if self._aws is not None:
            if self._aws.stdin:
                self._aws.stdin.close()
            _end_process(self._aws, signal.SIGTERM)


def clean_environment() -> dict[str, str]:
    """Return this environment without anything of a real installation or of real AWS credentials."""
    real = {f"COOPER_{name}" for name in REAL}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in real and not name.startswith("AWS_")
    }
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**kept, **nowhere, "AWS_EC2_METADATA_DISABLED": "true", "PYTHONUNBUFFERED": "1"}


def _end_with_parent() -> None:
    """Ask Linux to end this process when the one that began it is gone (prctl PR_SET_PDEATHSIG)."""
    import ctypes  # noqa: PLC0415 - in the child alone

    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(1, signal.SIGTERM)


def _end_process(process: "subprocess.Popen[str] | subprocess.Popen[bytes]", number: int) -> None:
    """Ask a process to end, wait, and kill it when it does not."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        process.wait(STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    """Return whether the server answers."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def banner(url: str, environment: dict[str, str], otpauth: str) -> str:
    """Return what the demo says when it is up: where, as whom, Carol's codes, and how to reach its AWS."""
    endpoint = environment["AWS_ENDPOINT_URL"]
    here = Path(sys.executable)
    python = here.relative_to(settings.BASE_DIR) if here.is_relative_to(settings.BASE_DIR) else here
    sts = (
        f'boto3.client("sts", endpoint_url="{endpoint}", region_name="{environment["AWS_REGION"]}")'
    )
    return f"""
cooper is up:  {url}

  sign in as   {", ".join(PEOPLE)}   each with the password   {PASSWORD}
               alice may become most targets, bob none; carol and dan administer, erin audits
               "Sign in with Example IdP" signs the same people in by SAML, as others than the local ones

  changes in the administration take a one-time code; carol's device (dan sets one up when he needs it):
    {otpauth}
  her code now:
    {python} manage.py cooper_totp code '{otpauth}'

  its AWS (embedded, on this machine alone; in a shell put "export" before it):
AWS_ENDPOINT_URL={endpoint}

  try what "Get credentials" gave you, after pasting it into a shell:
    {python} -c 'import boto3; print({sts}.get_caller_identity()["Arn"])'

  Ctrl-C stops it; what you did is kept. make demo-reset forgets it.
"""

"""The demo: the embedded AWS in a process of its own, with cooper's server beside it.

The process that starts the demo watches both, so that Ctrl-C ends both and neither outlives it.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from cooper_project.serving import address, gunicorn
from core.errors import CooperError
from demo import example_idp
from demo.aws_only import OTPAUTH_VARIABLE, STOP_SIGNALS, read_environment
from demo.banner import banner

INSTALLATION_SETTINGS = (
    "COOPER_PUBLIC_URL",
    "COOPER_ALLOWED_HOSTS",
    "COOPER_BIND",
    "COOPER_INSECURE_HTTP",
    "COOPER_TRUSTED_PROXIES",
    "COOPER_REGION",
    "COOPER_KMS_KEY",
    "COOPER_TABLE_PREFIX",
    "COOPER_SIGNIN_URL",
    "COOPER_VPC_ENDPOINTS",
    "COOPER_SECRET_KEY",
    "COOPER_SECRET_KEY_FILE",
)
"""What the environment may hold for a real installation; the demo takes nothing of it."""

START_SECONDS = 60.0
"""In which cooper's server has to be up."""

STOP_SECONDS = 10.0
"""In which each process has to end, before it is killed."""

PR_SET_PDEATHSIG = 1
"""prctl(2), Linux."""


class Demo:
    """The embedded AWS and cooper's server, as two processes."""

    def __init__(self, store: Path | None, write: Callable[[str], None]) -> None:
        """Take the folder that keeps what is done (None: nothing is kept)."""
        self._store = store
        self._write = write
        self._aws: subprocess.Popen[str] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._stopping = False

    def run(self) -> None:
        """Serve until a signal.

        Raise CooperError when one of the two processes does not start, or ends by itself.
        """
        host, port = address.bind_address()
        address.refuse_taken(host, port)
        url = _url(host, port)
        for number in STOP_SIGNALS:
            signal.signal(number, self._stop)

        try:
            environment = self._start_aws()
            otpauth = environment.pop(OTPAUTH_VARIABLE, "")
            self._start_server(environment, url)
            if not self._stopping:
                self._write(banner(url, environment, otpauth))
            self._watch()
        finally:
            self._end()

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _start_aws(self) -> dict[str, str]:
        """Start the embedded AWS, set up and seeded; return the environment to reach it."""
        command = [sys.executable, "manage.py", "cooper_demo"]
        command += ["--aws-only", "--seed", "--with-parent"]
        if self._store:
            command += ["--store", str(self._store.absolute())]

        # the address of Carol's authenticator app names where the server is
        environment = {**clean_environment(), "COOPER_BIND": settings.COOPER_BIND}
        self._aws = subprocess.Popen(  # noqa: S603 - our own command
            command,
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

        lines: list[str] = []
        for line in self._aws.stdout or ():
            if not line.strip():
                return read_environment(lines)
            lines.append(line)

        # its output ended before the empty line
        if self._stopping:
            return read_environment(lines)
        raise CooperError("The embedded AWS did not start; see its output above.")

    def _start_server(self, environment: dict[str, str], url: str) -> None:
        """Start gunicorn against the embedded AWS and wait until it answers."""
        if self._stopping:
            return

        server_environment = {
            **clean_environment(),
            **environment,
            "COOPER_EMBEDDED": "1",
            "COOPER_BIND": settings.COOPER_BIND,
        }
        server_environment.setdefault(
            "COOPER_ADMIN_GROUPS", f"local:admins,{example_idp.NAME}:admins"
        )
        self._server = subprocess.Popen(  # noqa: S603 - our own command
            gunicorn.command(settings.COOPER_BIND, settings.COOPER_WORKERS),
            cwd=settings.BASE_DIR,
            env=server_environment,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - no threads run here
        )

        deadline = time.monotonic() + START_SECONDS
        while not self._stopping and not _is_healthy(url):
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise CooperError("cooper's server did not start; see its output above.")
            time.sleep(0.1)

    def _watch(self) -> None:
        """Wait for a signal; raise CooperError when a process ends by itself."""
        processes = {"embedded AWS": self._aws, "server": self._server}
        while not self._stopping:
            for name, process in processes.items():
                if process is None or process.poll() is None:
                    continue
                # a signal may have come since, which reaches both
                if not self._stopping:
                    raise CooperError(
                        f"The {name} ended by itself (exit code {process.returncode})."
                    )
            time.sleep(0.2)

    def _end(self) -> None:
        """End the server first, then its AWS, which saves what was done."""
        if self._server is not None:
            # INT, not TERM: whoever tries it out waits for no request under way
            _end_process(self._server, signal.SIGINT)
        if self._aws is not None:
            if self._aws.stdin:
                self._aws.stdin.close()
            _end_process(self._aws, signal.SIGTERM)


def clean_environment() -> dict[str, str]:
    """Return this environment without a real installation's settings and AWS credentials."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in INSTALLATION_SETTINGS and not name.startswith("AWS_")
    }
    environment["AWS_CONFIG_FILE"] = os.devnull
    environment["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    environment["AWS_EC2_METADATA_DISABLED"] = "true"
    environment["PYTHONUNBUFFERED"] = "1"
    return environment


def _url(host: str, port: int) -> str:
    if ":" in host:
        return f"http://[{host}]:{port}"
    return f"http://{host}:{port}"


def _end_with_parent() -> None:
    """Ask Linux to end this process when the one that started it is gone."""
    import ctypes  # noqa: PLC0415 - in the child alone

    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _end_process(process: subprocess.Popen[str] | subprocess.Popen[bytes], number: int) -> None:
    """Ask a process to end, wait, and kill it when it does not."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as response:  # noqa: S310 - ours
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False

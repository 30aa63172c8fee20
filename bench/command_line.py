"""From a command to credentials, by the real AWS CLI: through cooper, and by a bare AssumeRole.

The CLI has to start for either, so that most of both is its own time. What cooper takes of it is
measured by boto3 in this process. AWS is `bench.stub_aws`; the two ways take turns in each round.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import boto3
import django
from botocore import UNSIGNED
from botocore.config import Config

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cooper_project.settings")
django.setup()

from bench.processes import Server, Stub, serving, stub_aws  # noqa: E402 - after django.setup()
from bench.timing import Figures  # noqa: E402 - after django.setup()
from tests.support.aws_cli import AwsCli, aws_cli_root  # noqa: E402 - after django.setup()
from tests.support.sso_home import (  # noqa: E402 - after django.setup()
    PROFILE,
    Home,
    signed_in_home,
)

SUITE = "trixie"
ROUNDS = 5
COMMANDS = 4
"""Of each way in a round: each takes a second."""

CALLS = 60

DYNAMODB_MILLISECONDS = 5.0
STS_MILLISECONDS = 80.0

ACCOUNT_ID = "222222222222"
ROLE_NAME = "dev-read"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/{ROLE_NAME}"

SETTINGS = {"COOPER_CLI_GRANTS_PER_MINUTE": "10000"}

EXPORT = ("configure", "export-credentials", "--profile", PROFILE)
ASSUME_ROLE = (
    *("sts", "assume-role", "--profile", "bare", "--role-arn", ROLE_ARN),
    *("--role-session-name", "bench", "--external-id", "bench"),
)

BARE_PROFILE = """
[profile bare]
aws_access_key_id = {key}
aws_secret_access_key = {secret}
region = us-east-1
services = {services}
"""


def measure() -> None:
    """Measure in rounds, and print a table."""
    figures = Figures(f"A command line's credentials; AWS by bench.stub_aws, the CLI of {SUITE}")
    with (
        stub_aws(0) as stub,
        serving(stub.environment | SETTINGS) as server,
        tempfile.TemporaryDirectory(dir=aws_cli_root(SUITE) / "tmp") as folder,
    ):
        stub.set_milliseconds(DYNAMODB_MILLISECONDS, STS_MILLISECONDS)
        home = _home(Path(folder), stub, server)
        cli = AwsCli(aws_cli_root(SUITE), home.path)

        for _ in range(ROUNDS):
            _measure_commands(figures, cli)
            _measure_calls(figures, stub, server, home)
    figures.print()


def _home(folder: Path, stub: Stub, server: Server) -> Home:
    """Return a home of the CLI in which Alice is signed in, with a profile of bare keys."""
    url = f"http://127.0.0.1:{server.port}"
    home = signed_in_home(folder, url, stub.environment["AWS_ENDPOINT_URL"])
    profile = BARE_PROFILE.format(
        key=stub.environment["AWS_ACCESS_KEY_ID"],
        secret=stub.environment["AWS_SECRET_ACCESS_KEY"],
        services=home.session,
    )
    with home.config.open("a") as config:
        config.write(profile)
    return home


# -- commands --------------------------------------------------------------------------------------
def _measure_commands(figures: Figures, cli: AwsCli) -> None:
    through_cooper = []
    bare = []
    cached = []
    for _ in range(COMMANDS):
        cli.forget_credentials()
        through_cooper.append(_seconds(cli, EXPORT))
        cached.append(_seconds(cli, EXPORT))
        bare.append(_seconds(cli, ASSUME_ROLE))

    ratio = statistics.median(through_cooper) / statistics.median(bare)
    figures.note("export-credentials / bare assume-role", ratio, unit="x")
    figures.note("  through cooper", statistics.median(through_cooper) * 1000, unit="ms")
    figures.note("  from the CLI's cache", statistics.median(cached) * 1000, unit="ms")
    figures.note("  bare", statistics.median(bare) * 1000, unit="ms")


def _seconds(cli: AwsCli, words: tuple[str, ...]) -> float:
    start = time.perf_counter()
    done = cli.run(*words)
    seconds = time.perf_counter() - start
    assert "AccessKeyId" in done.stdout, done.stderr
    return seconds


# -- calls -----------------------------------------------------------------------------------------
def _measure_calls(figures: Figures, stub: Stub, server: Server, home: Home) -> None:
    sso = boto3.client(
        "sso",
        endpoint_url=f"http://127.0.0.1:{server.port}/sso",
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED),
    )
    sts = boto3.client(
        "sts",
        endpoint_url=stub.environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=stub.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=stub.environment["AWS_SECRET_ACCESS_KEY"],
    )
    token = home.token()["accessToken"]

    def through_cooper() -> object:
        return sso.get_role_credentials(accountId=ACCOUNT_ID, roleName=ROLE_NAME, accessToken=token)

    def bare() -> object:
        return sts.assume_role(RoleArn=ROLE_ARN, RoleSessionName="bench", ExternalId="bench")

    stub.control()
    cpu_start = server.cpu_seconds()
    ours = _median(through_cooper)
    cpu = (server.cpu_seconds() - cpu_start) / (CALLS + 1)
    counted: dict[str, int] = stub.control()["calls"]
    baseline = _median(bare)

    figures.note("GetRoleCredentials / bare AssumeRole", ours / baseline, unit="x")
    figures.note("  GetRoleCredentials", ours * 1000, unit="ms")
    figures.note("  bare AssumeRole", baseline * 1000, unit="ms")
    figures.note("  CPU of the server", cpu * 1000, unit="ms")
    figures.note("  AWS calls of one", sum(counted.values()) / (CALLS + 1))
    for name in sorted(counted):
        figures.note(f"    {name}", counted[name] / (CALLS + 1))


def _median(call: Callable[[], object]) -> float:
    """Return the median of a call's seconds; the first one, which connects, does not count."""
    call()
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)

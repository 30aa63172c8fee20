"""cooper's own credentials and AWS configuration: every way in which a host gets them wrong."""

import getpass
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import pytest
from botocore import exceptions
from django.test import Client

from cooper_project import health
from core import aws
from core.aws import credentials
from core.aws.credential_errors import CredentialsFailed, credentials_failed
from core.errors import CooperError, NotAllowed, Unavailable
from embedded_aws import EmbeddedAws
from tests.support import faults

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ROLE = "arn:aws:iam::111111111111:role/nobody-made-it"


def printing(text: str, status: int = 0) -> str:
    """Return a profile whose program prints the text."""
    stream = "stderr" if status else "stdout"
    script = f"import sys; sys.{stream}.write({text!r}); sys.exit({status})"
    return f"credential_process = {shlex.join([sys.executable, '-Sc', script])}"


def answering(**changed: object) -> str:
    answer = {"Version": 1, "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": SECRET}
    return printing(json.dumps(answer | changed))


@dataclass(frozen=True)
class Wrong:
    """A host with its environment, the lines of its default profile (or the file)."""

    name: str
    expected: str
    environment: dict[str, str] = field(default_factory=dict)
    profile: str = ""
    file: bytes = b""


KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET}
SSO = "sso_account_id = 111111111111\nsso_role_name = cooper\n"

WRONG = [
    Wrong("nothing", "No AWS credentials were found"),
    Wrong("unknown profile", "no AWS profile nowhere", {"AWS_PROFILE": "nowhere"}),
    Wrong("byte order mark", "UTF-8 without a byte order mark", file=b"\xef\xbb\xbf[default]\n"),
    Wrong("not UTF-8", "UTF-8 without a byte order mark", file=b"[default]\nx = \xff\n"),
    Wrong("no section", "(line 1)", file=f"aws_secret_access_key = {SECRET}\n".encode()),
    Wrong("half a key", "AWS_SECRET_ACCESS_KEY is missing", {"AWS_ACCESS_KEY_ID": "AKIA"}),
    Wrong("half a profile", "is missing", profile="aws_access_key_id = AKIA"),
    Wrong("no such program", "/nowhere/program", profile="credential_process = /nowhere/program"),
    Wrong("expired program", "run vendor-login", profile=printing("run vendor-login\n", 1)),
    Wrong("silent program", "(custom-process): it gave no reason.", profile=printing("", 3)),
    Wrong("silent program", "Run by hand, as the user that cooper", profile=printing("", 3)),
    Wrong("no JSON", "cannot be read", profile=printing(f"{SECRET}\n")),
    Wrong("no object", "cannot be read", profile=printing("[]")),
    Wrong("no secret", "SecretAccessKey", profile=printing('{"Version": 1, "AccessKeyId": "A"}')),
    Wrong("other version", "version", profile=answering(Version=2)),
    Wrong("no time", "cannot be read", profile=answering(Expiration="soon")),
    Wrong(
        "already over", "have expired already", profile=answering(Expiration="2001-01-01T00:00:00Z")
    ),
    Wrong("number", "another character", profile=answering(SecretAccessKey=7)),
    Wrong(
        "MFA",
        "demands an MFA code",
        profile=f"role_arn = {ROLE}\nsource_profile = default\nmfa_serial = arn:aws:iam::1:mfa/x\n"
        f"aws_access_key_id = AKIA\naws_secret_access_key = {SECRET}",
    ),
    Wrong("no source", "gone", profile=f"role_arn = {ROLE}\nsource_profile = gone"),
    Wrong("odd source", "Moon", profile=f"role_arn = {ROLE}\ncredential_source = Moon"),
    Wrong(
        "SSO not signed in",
        "aws sso login",
        profile=f"{SSO}sso_session = s\n[sso-session s]\n"
        "sso_start_url = https://example.awsapps.com/start\nsso_region = us-east-1",
    ),
    Wrong(
        "old SSO not signed in",
        "aws sso login",
        profile=f"{SSO}sso_region = us-east-1\nsso_start_url = https://example.awsapps.com/start",
    ),
    Wrong("half an SSO", "cannot be used", profile=f"{SSO}sso_session = s\n[sso-session s]"),
    Wrong(
        "no token file",
        "/nowhere/token",
        profile=f"role_arn = {ROLE}\nweb_identity_token_file = /nowhere/token",
    ),
    Wrong(
        "container elsewhere",
        "cannot be read",
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/x"},
    ),
    Wrong(
        "container token",
        "/nowhere/token",
        {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/x",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nowhere/token",
        },
    ),
    Wrong("line break", "line break", KEYS | {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE\n"}),
    Wrong("blank", "line break", KEYS | {"AWS_SECRET_ACCESS_KEY": f"{SECRET} "}),
    Wrong("no ASCII", "line break", KEYS | {"AWS_SESSION_TOKEN": "tök\udcffen"}),
    Wrong("attempts", "cannot be", {"AWS_METADATA_SERVICE_NUM_ATTEMPTS": "many"}),
    Wrong("defaults mode", "cannot be used", KEYS | {"AWS_DEFAULTS_MODE": "fancy"}),
    Wrong("endpoint mode", "cannot be used", KEYS | {"AWS_ACCOUNT_ID_ENDPOINT_MODE": "odd"}),
]


@contextmanager
def host(wrong: Wrong, home: Path) -> Iterator[None]:
    """Let this process run on such a host."""
    config = home / "config"
    config.write_bytes(wrong.file or f"[default]\n{wrong.profile}\n".encode())
    with pytest.MonkeyPatch.context() as patch:
        for name in (*KEYS, "AWS_SESSION_TOKEN", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(home))
        patch.setenv("AWS_CONFIG_FILE", str(config))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "credentials"))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name, value in wrong.environment.items():
            patch.setenv(name, value)
        aws.forget_clients()
        yield


@pytest.fixture(autouse=True)
def _impatient(store: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look again at once, and leave nothing of a host to the next test."""
    monkeypatch.setattr(credentials, "FAILURE_SECONDS", 0)
    yield
    aws.forget_clients()


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_it_says_in_one_line_what_is_wrong_and_goes_on_once_it_is_mended(
    wrong: Wrong, tmp_path: Path
) -> None:
    refusal = "cooper's own AWS credentials or configuration"
    with host(wrong, tmp_path), pytest.raises(CredentialsFailed, match=refusal) as failed:
        aws.caller_identity()

    detail = failed.value.detail
    assert wrong.expected in detail
    assert "\n" not in detail and SECRET not in detail
    # no code: a refusal with one is a finding about a target
    assert failed.value.code == ""
    # what botocore says may quote a secret, and a traceback would show it
    assert failed.value.__suppress_context__ or failed.value.__context__ is None

    assert aws.caller_identity().account_id == "111111111111"


def every_error_of_botocore() -> list[type[Exception]]:
    return [
        error
        for error in vars(exceptions).values()
        if isinstance(error, type)
        and issubclass(error, exceptions.BotoCoreError)
        and error is not exceptions.WaiterError
    ]


@pytest.mark.parametrize("error_class", every_error_of_botocore(), ids=lambda each: each.__name__)
def test_it_knows_what_every_error_of_botocore_means(error_class: type[Exception]) -> None:
    fields = set(re.findall(r"{(\w+)", getattr(error_class, "fmt", "")))
    error = error_class(**dict.fromkeys(fields | {"error", "path"}, "value"))
    text = credentials_failed(error).detail
    assert len(text) > len("cooper's AWS") and "\n" not in text
    assert isinstance(aws.translate(error, "KMS"), CooperError)


@pytest.mark.parametrize(
    ("cause", "error_class"),
    [
        (FileNotFoundError("ca.pem"), CredentialsFailed),
        (ValueError("Invalid header value b'x'"), CredentialsFailed),
        (ConnectionResetError("peer"), Unavailable),
        (TimeoutError("slow"), Unavailable),
    ],
)
def test_it_tells_a_wrong_host_from_an_aws_that_does_not_answer(
    cause: Exception, error_class: type[CooperError]
) -> None:
    translated = aws.translate(exceptions.HTTPClientError(error=cause), "KMS")
    assert type(translated) is error_class and "KMS" in translated.message + translated.detail


@pytest.mark.parametrize("name", ["unknown profile", "expired program", "line break"])
def test_pages_and_readiness_say_503_until_it_is_mended(
    client_of: Callable[[str], Client], tmp_path: Path, name: str
) -> None:
    alice = client_of("alice")
    wrong = next(wrong for wrong in WRONG if wrong.name == name)
    with host(wrong, tmp_path):
        page = alice.get("/")
        problems = health.check_services().problems
    assert page.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "An administrator of cooper has to correct this" in page.content.decode()
    assert "nowhere" not in page.content.decode()
    assert set(problems) == {"DynamoDB", "KMS", "STS", "audit"}
    assert all(wrong.expected in problem for problem in problems.values()), problems

    assert alice.get("/").status_code == HTTPStatus.OK
    assert health.check_services().ready


def test_a_failed_search_is_believed_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "FAILURE_SECONDS", 60)
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o700)
    with host(Wrong("", "", profile=f"credential_process = {program}"), tmp_path):
        with pytest.raises(CredentialsFailed):
            aws.caller_identity()
        # each of many requests would otherwise start the program, one after another
        program.unlink()
        with pytest.raises(CredentialsFailed, match="cooper's own") as again:
            aws.caller_identity()
    assert "custom-process" in again.value.detail


def test_nobody_is_asked_for_an_mfa_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda *_: pytest.fail("asked at the terminal"))
    demanding = next(wrong for wrong in WRONG if wrong.name == "MFA")
    with host(demanding, tmp_path), pytest.raises(CredentialsFailed):
        aws.caller_identity()


@pytest.fixture
def rotated(tmp_path: Path) -> Iterator[Path]:
    """Let cooper's keys stand in a file that somebody may replace."""
    keys = {name: os.environ[name] for name in KEYS}
    file = tmp_path / "credentials"
    with host(Wrong("", ""), tmp_path):
        write_keys(file, keys)
        yield file


def write_keys(file: Path, keys: dict[str, str]) -> None:
    lines = [f"{name.lower()} = {value}" for name, value in keys.items()]
    file.write_text("\n".join(["[default]", *lines, ""]))


def test_keys_that_are_replaced_in_the_file_are_read_once_the_old_ones_are_dead(
    rotated: Path,
) -> None:
    text = rotated.read_text()
    assert aws.caller_identity().account_id == "111111111111"

    write_keys(rotated, KEYS)
    aws.forget_clients()
    with pytest.raises(NotAllowed, match="does not accept"):
        aws.caller_identity()

    rotated.write_text(text)
    assert aws.caller_identity().account_id == "111111111111"


def test_keys_are_looked_for_once_more_and_no_more(rotated: Path) -> None:
    write_keys(rotated, KEYS)
    aws.forget_clients()
    before = faults.count("sts", "GetCallerIdentity")
    with pytest.raises(NotAllowed):
        aws.caller_identity()
    assert faults.count("sts", "GetCallerIdentity") == before + 2

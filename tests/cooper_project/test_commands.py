"""The commands as their users type them, against an embedded AWS in another process."""

import base64
import os
import re
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator

import boto3
import pytest

from tests.support.served import ROOT, Person, clean, free_port, manage, run, wait_for

KEY = "0bd3695d-96a9-4642-8477-0a95e3b968fd"
PAYLOAD = "AKIAIOSFODNN7EXAMPLE|wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ENCRYPT = f'cooper -encrypt -encrypt-payload "{PAYLOAD}" --kmskey {KEY} -region us-east-1'
CONTEXT = {"cooper:purpose": "federation-keys"}
WRONG_USAGE = 2


@pytest.fixture(scope="module")
def aws() -> Iterator[dict[str, str]]:
    """Start the embedded AWS alone; return what it says that others need."""
    words = manage("cooper_demo", "--aws-only")
    process = subprocess.Popen(words, cwd=ROOT, env=clean({}), stdout=subprocess.PIPE, text=True)
    said = {}
    for line in process.stdout:
        if not line.strip():
            break
        name, _, value = line.strip().partition("=")
        said[name] = shlex.split(value)[0] if value else ""
    yield said
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 0


@pytest.fixture
def environment(aws, request) -> dict[str, str]:
    """Return an environment with tables of this test's own, but neither region nor key."""
    kept = {
        name: value
        for name, value in aws.items()
        if name not in ("COOPER_REGION", "COOPER_KMS_KEY")
    }
    return kept | {"COOPER_TABLE_PREFIX": re.sub(r"\W", "-", request.node.name)[:60] + "-"}


def typed(line: str, environment: dict[str, str], given: str = ""):
    """Type a line at the checkout's root."""
    words = shlex.split(line)
    return run([f"./{words[0]}", *words[1:]], environment, given)


def opened(text: str, aws: dict[str, str]) -> str:
    client = boto3.client(
        "kms",
        endpoint_url=aws["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
    )
    answer = client.decrypt(
        CiphertextBlob=base64.b64decode(text), KeyId=KEY, EncryptionContext=CONTEXT
    )
    return answer["Plaintext"].decode()


def test_it_sets_up_as_the_user_wrote_it(environment):
    done = typed("cooper -setup", environment | {"AWS_REGION": "us-east-1"})
    assert (
        done.returncode == 0
        and "20 tables are as they have to be" in done.stdout
        and "Next:" in done.stdout
    )


def test_it_encrypts_as_the_user_wrote_it(environment, aws):
    done = typed(ENCRYPT, environment)
    assert done.returncode == 0 and re.fullmatch(r"[A-Za-z0-9+/]+=*\n", done.stdout)
    assert opened(done.stdout, aws) == PAYLOAD
    assert "others" in done.stderr or "other users" in done.stderr
    assert "wJalr" not in done.stderr


def test_it_serves_as_the_user_wrote_it(environment):
    assert typed("cooper -setup -region us-east-1", environment).returncode == 0
    port = free_port()
    served = clean(environment | {"COOPER_BIND": f"127.0.0.1:{port}", "COOPER_WORKERS": "1"})
    words = ["./cooper", "-region", "us-east-1"]
    process = subprocess.Popen(
        words, cwd=ROOT, env=served, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", process)
        assert Person(f"http://127.0.0.1:{port}").ask("/login/")[0] == 200
        # Ctrl-C reaches every process of the terminal's group
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=20)
    finally:
        if process.poll() is None:
            process.kill()
    assert process.returncode == 0 and "Traceback" not in told


def test_it_serves_with_the_key_that_set_up_was_given(environment):
    assert typed(f"cooper -setup -kms-key {KEY} -region us-east-1", environment).returncode == 0
    again = typed("cooper -setup -region us-east-1", environment)
    assert f"key/{KEY}" in again.stdout and "nothing had to be changed" in again.stdout


@pytest.mark.parametrize("operation", ["user list", "totp list", "saml list", "export"])
def test_it_reads_the_region_at_the_end_of_the_line(environment, operation):
    assert typed("cooper -setup -region us-east-1", environment).returncode == 0
    bare = {name: value for name, value in environment.items() if "REGION" not in name}
    done = typed(f"cooper -{operation} -region us-east-1", bare)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("dashes", ["-", "--"])
@pytest.mark.parametrize("spelling", ["kmskey", "kms-key"])
def test_it_reads_single_and_double_dashes(environment, dashes, spelling):
    line = f"cooper {dashes}encrypt {dashes}{spelling} {KEY} {dashes}region us-east-1"
    done = typed(line, environment, PAYLOAD + "\n")
    assert done.returncode == 0 and len(done.stdout) > 100 and "command line" not in done.stderr


@pytest.mark.parametrize(
    "key", [KEY, "alias/cooper", f"arn:aws:kms:us-east-1:111111111111:key/{KEY}"]
)
def test_it_takes_a_key_by_id_arn_and_alias(environment, aws, key):
    done = typed(f"cooper -encrypt -kmskey {key} -region us-east-1", environment, PAYLOAD)
    assert opened(done.stdout, aws) == PAYLOAD


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ("nonsense", "There is no | in it"),
        ("AKIAIOSFODNN7EXAMPLE", "There is no | in it"),
        ("AKIAIOSFODNN7EXAMPLE|", "What stands after the | is no secret"),
        ("|wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "What stands before the | is no access"),
        ("akia|wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "What stands before the | is no access"),
        ("ASIAIOSFODNN7EXAMPLE|wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "temporary"),
        ("AKIAIOSFODNN7EXAMPLE|secretof24characters0000", "40 characters"),
        ("", "ACCESSKEYID|SECRET"),
    ],
)
def test_it_encrypts_nothing_but_a_key_pair_and_does_not_repeat_it(environment, payload, said):
    done = typed(f"cooper -encrypt -kmskey {KEY} -region us-east-1", environment, payload)
    assert done.returncode == 1 and done.stdout == "" and said in done.stderr
    assert not payload or payload not in done.stderr


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("alias/nowhere", "KMS knows no key alias/nowhere"),
        ("00000000-0000-0000-0000-000000000000", "KMS knows no key"),
        ("arn:aws:kms:eu-west-1:111111111111:key/x", "eu-west-1"),
    ],
)
def test_it_says_what_is_wrong_with_a_key(environment, key, said):
    done = typed(f"cooper -encrypt -kmskey {key} -region us-east-1", environment, PAYLOAD)
    assert (
        done.returncode == 1
        and done.stdout == ""
        and said in done.stderr
        and "wJalr" not in done.stderr
    )


def test_it_asks_which_key_and_which_region(environment):
    assert (
        "Which KMS key?" in typed("cooper -encrypt -region us-east-1", environment, PAYLOAD).stderr
    )
    bare = {name: value for name, value in environment.items() if "REGION" not in name}
    assert "No AWS region is set" in typed("cooper -setup", bare).stderr


@pytest.mark.parametrize(
    "line",
    ["cooper -nonsense", "cooper -setup -encrypt", "cooper -encrypt -bind x", "cooper extra"],
)
def test_it_exits_with_2_on_wrong_usage(environment, line):
    done = typed(line, environment)
    assert done.returncode == WRONG_USAGE and "usage: cooper" in done.stderr and done.stdout == ""


@pytest.mark.parametrize(
    "command",
    [
        f"cooper_{operation}"
        for operation in (
            "setup",
            "encrypt",
            "serve",
            "user",
            "totp",
            "saml",
            "export",
            "import",
            "audit",
        )
    ],
)
def test_it_has_an_example_in_its_help(environment, command):
    done = run(manage(command, "--help"), environment)
    assert done.returncode == 0 and "example:" in done.stdout


def test_it_manages_local_accounts(environment):
    assert typed("cooper -setup -region us-east-1", environment).returncode == 0
    regional = environment | {"COOPER_REGION": "us-east-1"}
    added = typed(
        "cooper -user add erin -groups admins -region us-east-1",
        environment,
        "long-and-rare-4711\n",
    )
    assert added.returncode == 0 and "erin" in added.stdout and "administrator" in added.stdout
    again = typed("cooper -user add erin", regional, "long-and-rare-4711\n")
    assert again.returncode == 1 and "already" in again.stderr
    assert "too short" in typed("cooper -user password erin", regional, "short\n").stderr
    alone = typed("cooper -user groups erin visitors,finance", regional)
    assert alone.returncode == 1 and "the last one who can administer" in alone.stderr
    assert (
        typed("cooper -user add grace -groups admins", regional, "long-and-rare-4711\n").returncode
        == 0
    )
    assert typed("cooper -user groups erin visitors,finance", regional).returncode == 0
    assert typed("cooper -user disable erin", regional).returncode == 0
    listed = typed("cooper -user list", regional)
    assert "visitors" in listed.stdout and "disabled" in listed.stdout
    assert "no local account" in typed("cooper -user enable nobody", regional).stderr
    assert "no password on stdin" in typed("cooper -user add frank", regional, "").stderr


def test_it_makes_lists_and_revokes_service_tokens(environment):
    regional = environment | {"COOPER_REGION": "us-east-1"}
    assert typed("cooper -setup", regional).returncode == 0
    assert "no service tokens" in typed("cooper -tokens list", regional).stdout
    added = typed("cooper -tokens add okta-hook -days 30 -region us-east-1", environment)
    token = added.stdout.strip()
    assert added.returncode == 0 and token and "not shown again" in added.stderr

    listed = typed("cooper -tokens list", regional).stdout
    assert "okta-hook, good until" in listed and token not in listed
    token_id = listed.split()[0]
    revoked = typed(f"cooper --tokens revoke {token_id}", regional)
    assert revoked.returncode == 0 and f"okta-hook ({token_id})" in revoked.stdout
    assert typed(f"cooper -tokens revoke {token_id}", regional).returncode == 1
    assert "no service tokens" in typed("cooper -tokens list", regional).stdout


def test_it_exports_the_record_with_one_dash_or_two(environment, tmp_path):
    assert typed("cooper -setup -region us-east-1", environment).returncode == 0
    span = "-from 2026-01-01 -to 2036-01-01"
    done = typed(
        f"cooper -audit export {span} -output {tmp_path}/x.jsonl -region us-east-1", environment
    )
    assert done.returncode == 0 and done.stdout == "" and "Done: " in done.stderr, done.stderr
    again = typed(
        f"cooper --audit export {span.replace('-f', '--f')} --output - --region us-east-1",
        environment,
    )
    lines = again.stdout.splitlines()
    assert (
        again.returncode == 0
        and '"setup:run:done"' in lines[0]
        and '"audit:export:done"' in lines[-1]
    )
    assert len(lines) == len((tmp_path / "x.jsonl").read_text().splitlines()) + 1


def test_it_takes_no_password_from_the_command_line(environment):
    done = typed("cooper -user add erin -password secret -region us-east-1", environment)
    assert done.returncode == WRONG_USAGE


def test_it_names_the_permission_that_lacks(aws, environment):
    powerless = environment | {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "x" * 40,
    }
    done = typed("cooper -setup -region us-east-1", powerless)
    assert done.returncode == 1 and "does not accept cooper's own credentials" in done.stderr


def test_it_records_what_commands_do_with_user_host_and_caller(environment, aws):
    assert typed("cooper -setup -region us-east-1", environment).returncode == 0
    typed("cooper -user add erin -region us-east-1", environment, "long-and-rare-4711\n")
    client = boto3.client(
        "dynamodb",
        endpoint_url=aws["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
    )
    items = client.scan(TableName=f"{environment['COOPER_TABLE_PREFIX']}audit")["Items"]
    events = {item["event"]["S"]: item["details"]["S"] for item in items}
    assert {"setup:run:done", "person:add:done"} <= set(events)
    for details in events.values():
        assert (
            '"caller": "arn:aws:iam::111111111111:user/' in details
            and '"host"' in details
            and '"os_user"' in details
        )


def test_it_refuses_a_taken_port_and_names_a_free_one(environment):
    assert typed("cooper -setup -region us-east-1", environment).returncode == 0
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = typed(f"cooper -region us-east-1 -port {port}", environment)
    free = re.search(r"\b(\d{4,5})\b is free", done.stderr) or re.search(
        r"port (\d+)\D*$", done.stderr.strip()
    )
    assert done.returncode == 1 and str(port) in done.stderr and free, done.stderr


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"COOPER_BIND": "0.0.0.0:8000"}, "plain http"),
        ({"COOPER_DEV_ENDPOINTS": "0"}, "COOPER_DEV_ENDPOINTS"),
        ({"COOPER_ADMIN_GROUPS": "Bad Group:x"}, "COOPER_ADMIN_GROUPS"),
        ({"COOPER_MAX_SESSION": "abc"}, "COOPER_MAX_SESSION"),
    ],
)
def test_it_does_not_start_with_a_configuration_that_is_not_safe(environment, changed, said):
    done = typed("cooper -region us-east-1", environment | changed)
    assert done.returncode != 0 and said in done.stderr


def test_it_does_not_serve_tables_that_were_never_set_up(environment):
    done = typed("cooper -region us-east-1", environment)
    assert done.returncode == 1 and "cooper -setup" in done.stderr

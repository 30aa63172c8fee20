"""The embedded AWS is atomic over threads, for this machine alone, and survives a restart."""

import re
import stat
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from embedded_aws import seed_aws
from tests.embedded_aws.clients import client_for, error_code
from tests.support.served import ROOT, clean, run


def test_it_refuses_a_disabled_kms_key(store):
    kms = client_for(store, "kms")
    kms.disable_key(KeyId=seed_aws.KMS_KEY)
    try:
        code = error_code(kms.encrypt, KeyId=seed_aws.KMS_KEY, Plaintext=b"x")
    finally:
        kms.enable_key(KeyId=seed_aws.KMS_KEY)
    assert code == "DisabledException"


@pytest.mark.parametrize("context", [{}, {"purpose": "other"}])
def test_it_refuses_to_decrypt_in_another_encryption_context(store, context):
    kms = client_for(store, "kms")
    encrypted = kms.encrypt(
        KeyId=seed_aws.KMS_KEY, Plaintext=b"x", EncryptionContext={"purpose": "test"}
    )
    code = error_code(
        kms.decrypt, CiphertextBlob=encrypted["CiphertextBlob"], EncryptionContext=context
    )
    assert code == "InvalidCiphertextException"


def test_it_is_atomic_over_threads(store):
    dynamodb = client_for(store, "dynamodb")
    table = "cooper-once"
    key = {"what": {"S": "counter"}}
    dynamodb.put_item(TableName=table, Item={**key, "n": {"N": "0"}})
    barrier = threading.Barrier(8)

    def read() -> str:
        return dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]["n"]["N"]

    def count_up(_: int) -> int:
        """Count up 25 times; return how often nobody else was faster."""
        barrier.wait()
        successes = 0
        for _ in range(25):
            current = read()
            values = {":old": {"N": current}, ":new": {"N": str(int(current) + 1)}}
            try:
                dynamodb.update_item(
                    TableName=table,
                    Key=key,
                    UpdateExpression="SET n = :new",
                    ConditionExpression="n = :old",
                    ExpressionAttributeValues=values,
                )
            except ClientError:
                continue
            successes += 1
        return successes

    with ThreadPoolExecutor(8) as pool:
        total = sum(pool.map(count_up, range(8)))
    assert total > 0
    assert int(read()) == total


@pytest.mark.parametrize("path", ["/moto-api/", "/moto-api/reset", "/moto-api/data.json"])
def test_it_hides_motos_own_pages(store, path):
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(store.endpoint_url + path).close()
    with error.value:
        assert error.value.code == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example"])
def test_it_refuses_foreign_hosts(store, host):
    request = urllib.request.Request(store.endpoint_url + "/", headers={"Host": host})
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request).close()
    with error.value:
        assert error.value.code in (400, 403, 421)


SCRIPT = """
import sys, pathlib
import boto3
from embedded_aws import EmbeddedAws

folder = pathlib.Path(sys.argv[1])
ciphertext = folder / "ciphertext"
with EmbeddedAws(store=folder) as aws:
    environment = aws.environment()
    kms = boto3.client(
        "kms",
        endpoint_url=aws.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    if sys.argv[2] == "write":
        encrypted = kms.encrypt(KeyId="alias/cooper", Plaintext=b"over a restart")
        ciphertext.write_bytes(encrypted["CiphertextBlob"])
    else:
        print(kms.decrypt(CiphertextBlob=ciphertext.read_bytes())["Plaintext"].decode())
    print(environment["AWS_ACCESS_KEY_ID"])
"""


def run_script(script: str, *arguments: str) -> list[str]:
    """Run Python in a process of its own; return the lines that it prints."""
    process = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env=clean({}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return process.stdout.splitlines()


def test_it_survives_a_restart_with_keys_and_ciphertexts_in_files_that_only_its_owner_reads(
    tmp_path,
):
    [access_key_id] = run_script(SCRIPT, str(tmp_path), "write")
    assert run_script(SCRIPT, str(tmp_path), "read") == ["over a restart", access_key_id]

    files = [path for path in tmp_path.rglob("*") if path.name != "ciphertext"]
    assert files
    assert [path for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_its_readme_starts_it_as_it_says():
    readme = (ROOT / "embedded_aws/README.md").read_text()
    [script] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert run_script(script) == ["arn:aws:iam::222222222222:user/alice"]


def test_its_readme_names_files_and_options_that_exist():
    readme = (ROOT / "embedded_aws/README.md").read_text()
    for name in re.findall(r"`([\w/]+(?:\.py|/))`", readme):
        assert (ROOT / "embedded_aws" / name).exists(), name

    helped = run([sys.executable, "manage.py", "cooper_demo", "--help"], {})
    [command] = re.findall(r"cooper_demo (.+)", readme)
    for option in re.findall(r"--[a-z-]+", command):
        assert option in helped.stdout

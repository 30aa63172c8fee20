"""The restore drill: into another prefix and to another KMS key, on an embedded AWS.

It runs cooper's own commands, each as somebody types it, and prints them with their time.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.processes import embedded_aws

ROOT = Path(__file__).parent.parent

TARGETS = 2_000
FEDERATED = 50
PEOPLE = 200

NEW_PREFIX = "restored-"


def measure(targets: int = TARGETS, federated: int = FEDERATED, people: int = PEOPLE) -> None:
    """Restore a store of this size, and print what was typed, how long it took, what came of it."""
    with embedded_aws() as environment, tempfile.TemporaryDirectory() as folder:
        os.environ.update(environment)
        fill(targets, federated, people)
        print(_stage("sign_in_command_line", folder))
        dynamodb, new_key = _clients()
        begun = time.monotonic()
        _say_time("AWS restores the tables", _restore_tables, dynamodb)

        taken = json.loads(_stage("take_away", folder))
        print(f"after the restore point: {taken}")
        os.environ["COOPER_TABLE_PREFIX"] = NEW_PREFIX
        log = f"{folder}/shipped.jsonl"
        _type(f"cooper -setup -kms-key {new_key}")
        _type(f"cooper -rewrap -from-prefix cooper- -kms-key {new_key}")
        listed = _type(f"cooper -audit since-restore {log}")
        print("\n".join(f"    {line}" for line in listed.splitlines() if line))
        _type(f"cooper -user disable {taken['person']}")

        print(_stage("remove_association", taken["code"]))
        _type(f"cooper -audit since-restore {log} -release")
        print(_stage("grants", taken["person"], folder))
        print(f"in all: {(time.monotonic() - begun) / 60:.1f} minutes")


def _say_time(what: str, work: Any, *arguments: Any) -> Any:
    begun = time.monotonic()
    result = work(*arguments)
    print(f"{time.monotonic() - begun:7.1f} s  {what}")
    return result


def _type(line: str) -> str:
    """Run a command as it is typed, anew where AWS was too busy; return what it says."""
    words = shlex.split(line)[1:]

    def run(tries: int = 5) -> str:
        done = subprocess.run(
            [sys.executable, str(ROOT / "cooper"), *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode and "try again" in done.stderr and tries:
            print(f"again: {done.stderr.splitlines()[-1]}")
            return run(tries - 1)
        assert done.returncode == 0, f"{line}: {done.stdout} {done.stderr}"
        return done.stdout

    return str(_say_time(line, run))


def _stage(name: str, *words: str) -> str:
    """Run a function of `bench.restore_stages` in a process of its own; return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.restore_stages", name, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{name}: {done.stdout} {done.stderr}"
    return done.stdout.strip()


def _clients() -> tuple[Any, str]:
    """Return a client of DynamoDB, and the ARN of a new KMS key."""
    import boto3

    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    return boto3.client("dynamodb"), str(key)


def _restore_tables(dynamodb: Any) -> None:
    for name in dynamodb.list_tables()["TableNames"]:
        dynamodb.restore_table_to_point_in_time(
            SourceTableName=name,
            TargetTableName=NEW_PREFIX + name.removeprefix("cooper-"),
            UseLatestRestorableTime=True,
        )


def fill(targets: int, federated: int, people: int) -> None:
    """Fill the seeded store up, with Federation Keys and devices that KMS has sealed."""
    begun = time.monotonic()
    print(_stage("fill_store", str(targets), str(federated), str(people)))
    print(f"{time.monotonic() - begun:7.1f} s  filling the store")


if __name__ == "__main__":
    measure()

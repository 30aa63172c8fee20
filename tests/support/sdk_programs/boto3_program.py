"""A program of boto3: for each line, a profile, it says in a line of JSON who that is to AWS."""

import json
import sys

import boto3


def answer(profile: str) -> dict[str, str]:
    """Ask STS by the default chain, with nothing in memory of the time before."""
    try:
        sts = boto3.Session(profile_name=profile).client("sts")
        return {"arn": sts.get_caller_identity()["Arn"]}
    except Exception as error:  # noqa: BLE001 - it goes into the answer
        return {"error": f"{type(error).__name__}: {error}"}


for line in sys.stdin:
    sys.stdout.write(json.dumps(answer(line.strip())) + "\n")
    sys.stdout.flush()

"""The environment with which AWS's tools and SDKs use an AWS on loopback, and never a real one."""

import os
from pathlib import Path

SERVICES = ("DYNAMODB", "EVENTBRIDGE", "IAM", "KMS", "S3", "STS")

OFF = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
"""Settings under which an SDK would look for another endpoint."""

EMPTY = ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
"""What belongs to other credentials."""


def client_environment(
    endpoint_url: str, region: str, access_key_id: str, secret: str, config_file: Path
) -> dict[str, str]:
    """Return the variables, to be laid over an environment that may name a real AWS.

    https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
    `config_file` has a profile `default` with nothing in it.
    """
    # without it a proxy of the company would be asked for loopback
    no_proxy = "127.0.0.1,localhost"
    if os.environ.get("NO_PROXY"):
        no_proxy = f"{os.environ['NO_PROXY']},{no_proxy}"

    environment = {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": access_key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        # an empty name is an error to botocore, so it gets a profile that has nothing in it
        "AWS_PROFILE": "default",
        "AWS_CONFIG_FILE": str(config_file),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }
    for service in SERVICES:
        environment[f"AWS_ENDPOINT_URL_{service}"] = endpoint_url
    for name in OFF:
        environment[name] = "false"
    for name in EMPTY:
        environment[name] = ""
    return environment

"""boto3's clients for the embedded AWS; what is wrong is sent as it is, and sent once."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from embedded_aws import EmbeddedAws

CONFIG = Config(parameter_validation=False, retries={"total_max_attempts": 1})


def client_for(
    aws: EmbeddedAws,
    service: str,
    access_key_id: str = "",
    secret: str = "",
    token: str | None = None,
) -> Any:
    """Return a client; without a key it is the one of cooper's IAM user."""
    if not access_key_id:
        environment = aws.environment()
        access_key_id = environment["AWS_ACCESS_KEY_ID"]
        secret = environment["AWS_SECRET_ACCESS_KEY"]

    return boto3.client(
        service,
        endpoint_url=aws.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=CONFIG,
    )


def client_with(aws: EmbeddedAws, service: str, credentials: dict[str, str]) -> Any:
    """Return a client with temporary credentials."""
    return client_for(
        aws,
        service,
        credentials["AccessKeyId"],
        credentials["SecretAccessKey"],
        credentials["SessionToken"],
    )


def error_code(call: Callable[..., Any], **parameters: Any) -> str:
    """Return the code of the error that AWS answers."""
    with pytest.raises(ClientError) as error:
        call(**parameters)
    return str(error.value.response["Error"]["Code"])

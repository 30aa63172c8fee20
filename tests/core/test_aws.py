"""cooper's AWS clients, as far as they lean on names that botocore does not promise to keep."""

from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from core import aws, installation
from core.aws.credentials import borrowing_session
from core.dynamo import TableMissing
from embedded_aws import EmbeddedAws


def test_it_signs_with_lent_keys_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA-of-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    credentials: Any = borrowing_session().get_credentials()
    with aws.using(aws.Keys("lent", "secret")):
        assert credentials.get_frozen_credentials().access_key == "lent"
    with pytest.raises(NoCredentialsError):
        credentials.get_frozen_credentials()


def test_a_wrong_region_is_named_with_the_prefix_and_the_table(
    store: EmbeddedAws, settings: Any
) -> None:
    settings.COOPER_REGION = "eu-central-1"
    with pytest.raises(TableMissing) as missing:
        installation.schema_version()
    for text in ("eu-central-1", "COOPER_REGION", "cooper-installation", "COOPER_TABLE_PREFIX"):
        assert text in missing.value.message

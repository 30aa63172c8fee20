"""cooper's AWS clients, as far as they lean on names that botocore does not promise to keep."""

from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from core import aws
from core.aws.credentials import borrowing_session


def test_it_signs_with_lent_keys_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA-of-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    credentials: Any = borrowing_session().get_credentials()
    with aws.using(aws.Keys("lent", "secret")):
        assert credentials.get_frozen_credentials().access_key == "lent"
    with pytest.raises(NoCredentialsError):
        credentials.get_frozen_credentials()

"""cooper's AWS clients, as far as they lean on names that botocore does not promise to keep."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import NoCredentialsError

from core import aws
from core.aws.credentials import borrowing_session, renew_expired

EXPIRED = (None, {"Error": {"Code": "ExpiredToken"}})


class RenewableSession(boto3.Session):
    """A session whose credentials would be good for hours, and that counts how often it asked."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched = 0
        in_hours = datetime.now(UTC) + timedelta(hours=6)
        self.credentials = RefreshableCredentials(
            "id", "secret", "token", in_hours, self._fetch, "test"
        )

    def get_credentials(self) -> Any:
        return self.credentials

    def _fetch(self) -> dict[str, str]:
        self.fetched += 1
        expiry = (datetime.now(UTC) + timedelta(hours=6)).isoformat()
        return {"access_key": "id2", "secret_key": "s2", "token": "t2", "expiry_time": expiry}


def test_it_fetches_expired_credentials_anew() -> None:
    session = RenewableSession()
    assert session.credentials.get_frozen_credentials().access_key == "id"
    assert renew_expired(EXPIRED, attempts=1, session=session) == 0
    assert session.credentials.get_frozen_credentials().access_key == "id2"
    assert session.fetched == 1


def test_it_does_not_fetch_them_twice_for_one_call() -> None:
    session = RenewableSession()
    assert renew_expired(EXPIRED, attempts=2, session=session) is None
    assert session.credentials.get_frozen_credentials().access_key == "id"


def test_it_signs_with_lent_keys_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA-of-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    credentials: Any = borrowing_session().get_credentials()
    with aws.using(aws.Keys("lent", "secret")):
        assert credentials.get_frozen_credentials().access_key == "lent"
    with pytest.raises(NoCredentialsError):
        credentials.get_frozen_credentials()

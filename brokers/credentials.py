"""Credentials as STS gave them. Pure; their repr masks what is secret."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, repr=False)
class Credentials:
    """Temporary credentials: access key id, secret and session token, and whom they make one."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: datetime
    """UTC."""

    arn: str
    session_name: str
    request_id: str = ""
    packed_percent: int | None = None
    """How much of AWS's limit the session policies and tags take, packed."""

    def __repr__(self) -> str:
        """Show the id and the expiry alone."""
        return f"Credentials({self.access_key_id!r}, expires_at={self.expires_at.isoformat()})"

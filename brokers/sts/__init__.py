"""STS: a broker is the code that turns one kind of target into credentials; each has a file."""

from brokers.models import Kind, Target
from brokers.sts import assume_role, federation_token
from brokers.sts.request import Broker, SessionRequest, session_request

__all__ = ["SessionRequest", "broker_for", "session_request"]

BROKERS: dict[str, Broker] = {
    Kind.ROLE: assume_role.become,
    Kind.FEDERATED_USER: federation_token.become,
}


def broker_for(target: Target) -> Broker:
    """Return the broker of the target's kind, to be called with (target, SessionRequest)."""
    return BROKERS[str(target.kind)]

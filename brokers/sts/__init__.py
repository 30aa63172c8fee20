"""STS: the code that turns each kind of target into credentials; a broker a file."""

from brokers.models import Kind, Target
from brokers.sts import assume_role, federation_token
from brokers.sts.request import Broker, SessionRequest

__all__ = ["SessionRequest", "broker_for"]

BROKERS: dict[str, Broker] = {
    Kind.ROLE: assume_role.become,
    Kind.FEDERATED_USER: federation_token.become,
}


def broker_for(target: Target) -> Broker:
    """Return the broker of the target's kind: `become(target, request) -> Credentials`."""
    return BROKERS[str(target.kind)]

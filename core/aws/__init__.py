"""The only builder of AWS clients, the calls through them, and what AWS's errors mean."""

from core.aws.answers import Answer
from core.aws.caller import CallerIdentity, aws_time, caller_identity
from core.aws.clients import (
    LIMITS,
    client,
    forget_clients,
    own_partition,
    region,
    region_in,
    rehearse,
)
from core.aws.clock import WrongClock
from core.aws.credentials import Keys, own_origin, using
from core.aws.deadlines import deadline, extend_deadline, seconds_left
from core.aws.endpoints import endpoint_refusal, signin_refusal
from core.aws.errors import (
    BAD_CREDENTIAL_CODES,
    REFUSAL_CODES,
    call,
    credentials_refused,
    translate,
)
from core.aws.measured import failure_of
from core.aws.profile import profile_region
from core.aws.region_names import region_names
from core.aws.tries import Tries, counted_tries
from core.aws.whole_answers import pool_manager

__all__ = [
    "BAD_CREDENTIAL_CODES",
    "LIMITS",
    "REFUSAL_CODES",
    "Answer",
    "CallerIdentity",
    "Keys",
    "Tries",
    "WrongClock",
    "aws_time",
    "call",
    "caller_identity",
    "client",
    "counted_tries",
    "credentials_refused",
    "deadline",
    "endpoint_refusal",
    "extend_deadline",
    "failure_of",
    "forget_clients",
    "own_origin",
    "own_partition",
    "pool_manager",
    "profile_region",
    "region",
    "region_in",
    "region_names",
    "rehearse",
    "seconds_left",
    "signin_refusal",
    "translate",
    "using",
]

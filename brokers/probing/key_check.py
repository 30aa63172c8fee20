"""Federation Keys, examined before they are kept: opened, tried with a real call, bound to their target."""

from dataclasses import dataclass

from brokers import catalogue
from brokers.aws_errors import BAD_KEYS
from brokers.federation_keys import FIELD, seal, unwrap
from brokers.sts import federation_token
from core.aws import CallerIdentity, Keys
from core.errors import CooperError, Invalid
from core.kms import Ciphertext
from core.partitions import PARTITIONS

HARMLESS = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
"""The session policy of a try: its credentials may do nothing, and are discarded."""


@dataclass(frozen=True)
class ExaminedKeys:
    """Keys that work: sealed for their target, with what AWS says of them and what an administrator has to confirm."""

    sealed: Ciphertext
    access_key_id: str
    account_id: str
    partition: str
    without_context: bool
    also_used_by: tuple[str, ...]


def examine_keys(text: str, partition: str, target_name: str) -> ExaminedKeys:
    """Open base64 Federation Keys, try them (900 s, discarded), seal them for the target; raise Invalid."""
    keys, bound = unwrap(text)
    if partition not in PARTITIONS:
        raise Invalid(f"cooper cannot reach the partition {partition}.", field="partition")
    try:
        caller = federation_token.caller(keys, partition)
        _refuse_root(caller)
        federation_token.federate(
            keys, partition, {"Name": "cooper.try", "DurationSeconds": 900, "Policy": HARMLESS}
        )
    except Invalid:
        raise
    except CooperError as error:
        raise _on_field(error) from error
    used = _users_of(keys, target_name)
    return ExaminedKeys(
        seal(keys, target_name),
        keys.access_key_id,
        caller.account_id,
        caller.partition,
        not bound,
        used,
    )


def _refuse_root(caller: CallerIdentity) -> None:
    """Raise Invalid when the keys are the root user's, or not a user's."""
    if caller.arn.endswith(":root"):
        raise Invalid(
            "These are the keys of an AWS account's root user. Use those of an IAM user made for this.",
            field=FIELD,
        )
    if ":user/" not in caller.arn:
        raise Invalid("These are not the keys of an IAM user.", field=FIELD)


def _on_field(error: CooperError) -> CooperError:
    """Return what AWS's refusal means for the person who gave the keys."""
    if error.code in BAD_KEYS:
        message = (
            "AWS does not accept these keys: deleted, inactive, mistyped, or of another partition."
        )
        return Invalid(message, error.detail, field=FIELD, code=error.code)
    if error.code == "AccessDenied":
        message = "AWS accepts these keys but not the call: the IAM user needs sts:GetFederationToken (and sts:TagSession)."
        return Invalid(message, error.detail, field=FIELD, code=error.code)
    return error


def _users_of(keys: Keys, target_name: str) -> tuple[str, ...]:
    """Return the names of other targets with the same access key."""
    targets = catalogue.living(catalogue.current().targets.values())
    same = (str(each.name) for each in targets if each.access_key_id == keys.access_key_id)
    return tuple(sorted(name for name in same if name != target_name))

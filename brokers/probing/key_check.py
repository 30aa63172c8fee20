"""Federation Keys, examined before they are kept.

Decrypted, tried with a real call, bound to their target.
"""

from dataclasses import dataclass

from brokers import catalogue
from brokers.aws_errors import BAD_KEYS
from brokers.choices import SHORTEST_SESSION
from brokers.federation_keys import FIELD, decrypt_transported, encrypt_for_target
from brokers.sts import federation_token
from core.aws import Keys
from core.errors import CooperError, Invalid
from core.kms import Ciphertext
from core.partitions import PARTITIONS

DENY_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
"""The session policy of a probe: its credentials may do nothing, and are discarded."""

PROBE_ARGUMENTS = {"Name": "cooper.try", "DurationSeconds": SHORTEST_SESSION, "Policy": DENY_ALL}
"""GetFederationToken's arguments for a probe."""


@dataclass(frozen=True)
class ExaminedKeys:
    """Keys that work: encrypted for their target, with what AWS says of them."""

    ciphertext: Ciphertext
    access_key_id: str
    account_id: str
    partition: str

    without_context: bool
    """They came without cooper's encryption context; an administrator has to confirm that."""

    also_used_by: tuple[str, ...]
    """Names of other targets with the same keys; an administrator has to confirm that."""


def examine_keys(text: str, partition: str, target_name: str) -> ExaminedKeys:
    """Decrypt base64 Federation Keys, try them (900 s, discarded), encrypt them for the target.

    Raise Invalid on the form's field, or CooperError when AWS does not answer.
    """
    keys, has_context = decrypt_transported(text)
    if partition not in PARTITIONS:
        raise Invalid(f"cooper cannot reach the partition {partition}.", field="target_partition")

    try:
        caller = federation_token.caller(keys, partition)
        _refuse_other_principals(caller.arn)
        federation_token.federate(keys, partition, PROBE_ARGUMENTS)
    except Invalid:
        raise
    except CooperError as error:
        raise _explain_on_field(error) from error

    return ExaminedKeys(
        ciphertext=encrypt_for_target(keys, target_name),
        access_key_id=keys.access_key_id,
        account_id=caller.account_id,
        partition=caller.partition,
        without_context=not has_context,
        also_used_by=_other_targets_with(keys, target_name),
    )


def _refuse_other_principals(arn: str) -> None:
    """Raise Invalid unless the keys are an IAM user's."""
    if arn.endswith(":root"):
        message = (
            "These are the keys of an AWS account's root user. "
            "Use those of an IAM user made for this."
        )
        raise Invalid(message, field=FIELD)
    if ":user/" not in arn:
        raise Invalid("These are not the keys of an IAM user.", field=FIELD)


def _explain_on_field(error: CooperError) -> CooperError:
    """Return what AWS's refusal means for the person who gave the keys."""
    if error.code in BAD_KEYS:
        message = (
            "AWS does not accept these keys: deleted, inactive, mistyped, or of another partition."
        )
    elif error.code == "AccessDenied":
        message = (
            "AWS accepts these keys but not the call: "
            "the IAM user needs sts:GetFederationToken (and sts:TagSession)."
        )
    else:
        return error
    return Invalid(message, error.detail, field=FIELD, code=error.code)


def _other_targets_with(keys: Keys, target_name: str) -> tuple[str, ...]:
    """Return the names of other targets with the same access key."""
    targets = catalogue.not_deleted(catalogue.current().targets.values())
    names = {str(target.name) for target in targets if target.access_key_id == keys.access_key_id}
    return tuple(sorted(names - {target_name}))

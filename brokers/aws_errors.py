"""AWS's refusals, in words that a person can act on."""

from brokers.errors import AwsRefused
from brokers.models import Target
from core.errors import CooperError

DURATION_REFUSALS = (
    "exceeds the 1 hour session limit for roles assumed by role chaining",
    "exceeds the MaxSessionDuration set for this role",
)
"""AWS's words for a duration that is too long for this caller or role.

The code is a mere ValidationError.
"""

BAD_KEYS = {"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException"}
"""AWS's error codes for the key pair that signed the call: deleted, inactive, or mistyped."""

_REASONS = {
    "AccessDenied": (
        "AWS does not let cooper become this target: "
        "its trust policy has changed or lacks something."
    ),
    "PackedPolicyTooLarge": (
        "The target's session policies and its session tags, such as the reason, are too large "
        "for AWS together."
    ),
    "MalformedPolicyDocument": "AWS cannot read the target's session policy.",
    "RegionDisabledException": "STS is switched off in this region for the target's AWS account.",
    "ValidationError": "AWS refused the request for this target.",
}
"""Reasons by AWS's error code."""


def is_duration_refusal(error: CooperError) -> bool:
    """Return whether AWS refused the duration alone."""
    return any(words in error.detail for words in DURATION_REFUSALS)


def explain(error: CooperError, target: Target) -> CooperError:
    """Return the error that the person sees for what AWS answered.

    What says it well already stays as it is.
    """
    if error.code in BAD_KEYS and error.service != "sts":
        # KMS, which decrypts Federation Keys, refuses cooper's own credentials: it says so
        return error
    if error.code in BAD_KEYS and target.is_role:
        return _refused("cooper's own AWS credentials are no longer accepted by AWS.", error)
    if error.code in BAD_KEYS:
        return _refused("The target's Federation Keys are no longer accepted by AWS.", error)
    if error.code in _REASONS:
        return _refused(_REASONS[error.code], error)
    if type(error) is CooperError and error.code:
        return _refused(f"AWS refused this ({error.code}).", error)
    return error


def _refused(reason: str, error: CooperError) -> AwsRefused:
    """Return the refusal with what to do about it."""
    message = (
        f"{reason} Nothing was handed out. "
        "Tell an administrator of cooper; “Test target” shows them what is wrong."
    )
    return AwsRefused(message, error.detail, code=error.code)

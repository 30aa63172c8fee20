"""The reason that a target demands: looked at before anything is recorded, sent to AWS as a tag."""

from brokers.catalogue_rows import AnyTarget
from brokers.reason_patterns import PatternError, parse
from core.errors import CooperError, Invalid


def demanded_reason(target: AnyTarget, reason: str) -> str:
    """Return the reason to send to AWS: one that matches what the target demands, or "".

    What nobody demands is free text, which stays in cooper. Raise Invalid on the field, and
    CooperError for a stored pattern that cannot be read: then nobody becomes the target.
    """
    if not target.reason_pattern:
        return ""
    try:
        pattern = parse(str(target.reason_pattern))
    except PatternError as error:
        message = "Nobody can tell which reason this target demands. Tell its administrators."
        raise CooperError(message, f"pattern of the reason: {error}") from error

    if not pattern.matches(reason):
        raise Invalid(reason_needed(str(target.reason_example or "")), field="reason")
    return reason


def reason_needed(example: str) -> str:
    """Return what to type where the reason is missing or does not match."""
    if not example:
        return "This target takes a reason of another form. Ask its administrators which."
    return f"This target takes a reason such as {example}."

"""What keeps cooper from credentials of its own, in words: what is wrong on the host, what to do.

botocore says it by some thirty exceptions, and by those of programs and files that a profile names.
A configuration file's own text is never repeated: a line without its section may be a secret.

Sources: botocore.exceptions;
https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

from botocore import exceptions

from core.errors import NotAllowed

LONGEST_TEXT = 300
"""Characters kept of what a program or AWS said."""

UNREADABLE = (
    "What gives cooper its AWS credentials (a program or service that the profile names) "
    "answered something that cannot be read ({type})."
)


class MfaDemanded(Exception):
    """A profile demands an MFA code from a person."""


class UnusableCharacters(Exception):
    """Credentials hold characters that a request cannot carry."""


REASONS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (exceptions.NoCredentialsError,),
        (
            "No AWS credentials were found. "
            "Give cooper an instance role, a profile (AWS_PROFILE) or keys (AWS_ACCESS_KEY_ID)."
        ),
    ),
    (
        (MfaDemanded, exceptions.RefreshWithMFAUnsupportedError),
        (
            "The AWS profile demands an MFA code (mfa_serial), which nobody can type for a server. "
            "Take a profile without mfa_serial, or an instance role."
        ),
    ),
    (
        (UnusableCharacters,),
        (
            "cooper's own access key holds a blank, a line break or another character that no key "
            "has. Set it again, without what was pasted around it."
        ),
    ),
    (
        (exceptions.SSOError, exceptions.TokenRetrievalError),
        (
            "The profile's sign-in at IAM Identity Center is missing or has ended. Run, as the "
            "user that cooper runs as: aws sso login. A server does better with a role."
        ),
    ),
    (
        (exceptions.LoginError,),
        (
            "The profile's sign-in is missing or has ended. Run, as the user that cooper runs as: "
            "aws login. A server does better with a role."
        ),
    ),
    (
        (exceptions.ProfileNotFound,),
        (
            "There is no AWS profile {profile}. Correct AWS_PROFILE, or add the profile to "
            "~/.aws/config of the user that cooper runs as."
        ),
    ),
    (
        (exceptions.ConfigParseError, exceptions.ConfigNotFound),
        (
            "{path} cannot be read{line}. Save it as UTF-8 without a byte order mark, each line "
            "below a [section]."
        ),
    ),
    (
        (exceptions.PartialCredentialsError,),
        (
            "The AWS credentials of {provider} are not complete: {cred_var} is missing. Set it, or "
            "remove the others."
        ),
    ),
    (
        (exceptions.CredentialRetrievalError,),
        (
            "cooper's AWS credentials could not be fetched ({provider}): {error_msg} "
            "Run by hand, as the user that cooper runs as, what the AWS profile names."
        ),
    ),
    (
        (exceptions.HTTPClientError, exceptions.ConnectionError),
        "What gives cooper its AWS credentials did not answer ({type}).",
    ),
    (
        (exceptions.ClientError,),
        "AWS did not give cooper its own credentials: {text}",
    ),
    (
        (exceptions.BotoCoreError,),
        "cooper's AWS configuration cannot be used: {text}",
    ),
    (
        (OSError,),
        (
            "cooper's AWS credentials could not be fetched: {filename}: {strerror}. Correct the "
            "AWS profile or environment of the user that cooper runs as."
        ),
    ),
    (
        # botocore's word for credentials that were old when they came
        (RuntimeError,),
        (
            "The AWS credentials that cooper's profile or role gives have expired already. Look at "
            "what gives them, and at the clocks of both machines."
        ),
    ),
)
"""What an exception means; of several that fit, the first counts."""

UNREADABLE_BUNDLE = "The certificates that AWS_CA_BUNDLE (or ca_bundle) names cannot be read."


class CredentialsFailed(NotAllowed):
    """cooper has no usable credentials or AWS configuration of its own: to be mended on its host.

    `detail` says what is wrong and what to do; visitors do not see it.
    """

    def __init__(self, detail: str) -> None:
        message = (
            "cooper's own AWS credentials or configuration cannot be used. "
            "Nothing was handed out. An administrator of cooper has to correct this on its host."
        )
        super().__init__(message, detail)


def credentials_failed(error: Exception, about: str = "") -> CredentialsFailed:
    """Return the error that says in one line what an exception of botocore's means.

    `about`: the service that cannot be used for it, if it is one.
    """
    reason = " ".join(_reason(error).split())
    if about:
        reason = f"{about}: {reason}"
    return CredentialsFailed(reason)


def _reason(error: Exception) -> str:
    facts = _facts_of(error)
    if isinstance(error, exceptions.HTTPClientError) and isinstance(facts.get("error"), OSError):
        return UNREADABLE_BUNDLE

    for classes, template in REASONS:
        if isinstance(error, classes):
            return template.format_map(facts)
    # the text of any other may quote what was answered
    return UNREADABLE.format_map(facts)


def _facts_of(error: Exception) -> dict[str, object]:
    """Return what the templates may name; of a file's own text nothing."""
    facts: dict[str, object] = {
        **getattr(error, "kwargs", {}),
        "type": type(error).__name__,
        "text": str(error)[:LONGEST_TEXT],
        "filename": getattr(error, "filename", "") or "a file or program",
        "strerror": getattr(error, "strerror", ""),
        "line": "",
    }
    if not str(facts.get("error_msg", "")).strip():
        # a program that failed without a word
        facts["error_msg"] = "it gave no reason."

    line_number = getattr(facts.get("error"), "lineno", 0)
    if line_number:
        # where configparser stumbled
        facts["line"] = f" (line {line_number})"
    if "error_msg" in facts:
        facts["error_msg"] = str(facts["error_msg"])[:LONGEST_TEXT]
    return facts

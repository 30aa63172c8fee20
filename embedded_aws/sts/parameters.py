"""The parameters of an STS call, refused as AWS refuses them; botocore checks lower bounds only.

Limits: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and
API_GetFederationToken.html
"""

import json
import re
import unicodedata
import zlib
from math import ceil
from typing import Any

from embedded_aws.errors import AwsError

NAME = r"[\w+=,.@-]*"
EXTERNAL_ID = r"[\w+=,.@:\/-]*"
POLICY = r"[\u0009\u000A\u000D\u0020-\u00FF]+"

MIN_SECONDS = 900
MAX_POLICY_CHARACTERS = 2_048
MAX_POLICY_ARNS = 10
MAX_TAGS = 50

PACKED_LIMIT = 2_048
"""Bytes. AWS does not say how it packs nor how much fits; this lets a policy of 2,048 usual
characters through."""

_POLICY_ARN = re.compile(r"arn:[\w-]+:iam::(aws|[0-9]{12}):policy/[\w+=,.@/-]+", re.ASCII)
_TAG_PUNCTUATION = "_.:/=+-@"


class Parameters:
    """The fields of a call; one error names all that is wrong with them, as AWS does."""

    def __init__(self, form: dict[str, str]) -> None:
        self._form = form
        self._errors: list[str] = []

    def text(
        self,
        name: str,
        min_length: int,
        max_length: int,
        pattern: str = r"[\s\S]*",
        *,
        required: bool = False,
    ) -> str:
        """Return a parameter, "" when it is not given."""
        value = self._form.get(name)
        if value is None:
            if required:
                self._add_error("null", name, "Member must not be null")
            return ""

        shown = f"'{value}'"
        if len(value) < min_length:
            self._add_error(
                shown, name, f"Member must have length greater than or equal to {min_length}"
            )
        if len(value) > max_length:
            self._add_error(
                shown, name, f"Member must have length less than or equal to {max_length}"
            )
        if not re.fullmatch(pattern, value, re.ASCII):
            self._add_error(
                shown, name, f"Member must satisfy regular expression pattern: {pattern}"
            )
        return value

    def seconds(self, default: int, maximum: int) -> int:
        """Return DurationSeconds."""
        value = self._form.get("DurationSeconds", str(default))
        if not re.fullmatch(r"-?[0-9]{1,9}", value):
            raise AwsError("MalformedInput", "Invalid Argument")

        seconds = int(value)
        if seconds < MIN_SECONDS:
            self._add_error(
                f"'{value}'",
                "DurationSeconds",
                f"Member must have value greater than or equal to {MIN_SECONDS}",
            )
        if seconds > maximum:
            self._add_error(
                f"'{value}'",
                "DurationSeconds",
                f"Member must have value less than or equal to {maximum}",
            )
        return seconds

    def tags(self) -> dict[str, str]:
        """Return the session tags."""
        tags: dict[str, str] = {}
        lower_case_keys = []
        for number, member in enumerate(self._list("Tags", MAX_TAGS), 1):
            key = member.get("Key", "")
            value = member.get("Value", "")
            self._check_tag(f"tags.{number}.member.key", key, 1, 128)
            self._check_tag(f"tags.{number}.member.value", value, 0, 256)
            tags[key] = value
            lower_case_keys.append(key.lower())

        if len(set(lower_case_keys)) < len(lower_case_keys):
            raise AwsError(
                "InvalidParameterValue",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            )
        if any(key.startswith("aws:") for key in lower_case_keys):
            raise AwsError(
                "InvalidParameterValue",
                "Tag keys starting with aws: are reserved for internal use.",
            )
        return tags

    def _check_tag(self, name: str, value: str, min_length: int, max_length: int) -> None:
        shown = f"'{value}'"
        if not min_length <= len(value) <= max_length:
            self._add_error(
                shown,
                name,
                f"Member must have length between {min_length} and {max_length}, inclusive",
            )
        if not all(map(_is_tag_character, value)):
            repetition = "+" if min_length else "*"
            self._add_error(
                shown,
                name,
                "Member must satisfy regular expression pattern: "
                rf"[\p{{L}}\p{{Z}}\p{{N}}_.:/=+\-@]{repetition}",
            )

    def transitive_tag_keys(self) -> tuple[str, ...]:
        """Return the keys of the tags that the next session of a chain of roles inherits."""
        return tuple(member[""] for member in self._list("TransitiveTagKeys", MAX_TAGS))

    def session_policies(self, managed_policies: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the session policies; `managed_policies` holds the documents by ARN."""
        inline_policy = self.text("Policy", 1, MAX_POLICY_CHARACTERS, POLICY)
        arns = [member.get("arn", "") for member in self._list("PolicyArns", MAX_POLICY_ARNS)]

        # an inline policy that is too long by itself has its error already
        characters = len(inline_policy) + sum(map(len, arns))
        if characters > MAX_POLICY_CHARACTERS >= len(inline_policy):
            self._add_error(
                "'[...]'",
                "policyArns",
                f"Member must have length less than or equal to {MAX_POLICY_CHARACTERS}",
            )
        self.raise_errors()

        policies = []
        if inline_policy:
            policies.append(_parse_policy(inline_policy))
        for arn in arns:
            if not _POLICY_ARN.fullmatch(arn):
                raise AwsError("ValidationError", f"ARN {arn} is not valid.")
            # a policy that is not there allows nothing
            policies.append(managed_policies.get(arn, {"Statement": []}))
        return policies

    def _list(self, name: str, max_length: int) -> list[dict[str, str]]:
        """Return the members of a list, each with its fields; a plain value is the field ""."""
        members: dict[int, dict[str, str]] = {}
        for key, value in self._form.items():
            match = re.fullmatch(rf"{name}\.member\.([0-9]+)(?:\.([A-Za-z]+))?", key)
            if match:
                member = members.setdefault(int(match[1]), {})
                member[match[2] or ""] = value

        if len(members) > max_length:
            self._add_error(
                "'[...]'", name, f"Member must have length less than or equal to {max_length}"
            )
        return [members[number] for number in sorted(members)]

    def _add_error(self, shown: str, name: str, constraint: str) -> None:
        member = name[:1].lower() + name[1:]
        self._errors.append(
            f"Value {shown} at '{member}' failed to satisfy constraint: {constraint}"
        )

    def raise_errors(self) -> None:
        """Raise AwsError for what is wrong so far."""
        if not self._errors:
            return

        count = "1 validation error"
        if len(self._errors) > 1:
            count = f"{len(self._errors)} validation errors"
        raise AwsError("ValidationError", f"{count} detected: {'; '.join(self._errors)}")


def _is_tag_character(char: str) -> bool:
    """Return whether it is a letter, a digit, a space or one of a few signs."""
    return char in _TAG_PUNCTUATION or unicodedata.category(char)[0] in "LNZ"


def _parse_policy(text: str) -> dict[str, Any]:
    """Return a session policy.

    Raise AwsError when it is not JSON or breaks the grammar of policies.
    """
    try:
        policy = json.loads(text)
    except ValueError:
        raise AwsError(
            "MalformedPolicyDocument", "The policy is not in the valid JSON format."
        ) from None

    if not isinstance(policy, dict) or not _is_session_policy(policy):
        raise AwsError("MalformedPolicyDocument", "Syntax errors in policy.")
    return policy


def _is_session_policy(policy: dict[str, Any]) -> bool:
    if policy.get("Version", "2012-10-17") not in {"2012-10-17", "2008-10-17"}:
        return False

    statements = policy.get("Statement")
    if not statements:
        return False
    if not isinstance(statements, list):
        statements = [statements]
    return all(map(_is_session_statement, statements))


def _is_session_statement(statement: object) -> bool:
    """Return whether this is a statement of a session policy, which names no principal."""
    return (
        isinstance(statement, dict)
        and statement.get("Effect") in {"Allow", "Deny"}
        and ("Action" in statement) is not ("NotAction" in statement)
        and ("Resource" in statement) is not ("NotResource" in statement)
        and "Principal" not in statement
        and "NotPrincipal" not in statement
    )


def packed_percent(policies: list[dict[str, Any]], tags: dict[str, str]) -> int | None:
    """Return how full the packed form of policies and tags is, None when there are none.

    Raise AwsError above 100 %.
    """
    if not policies and not tags:
        return None

    document = json.dumps([policies, tags], separators=(",", ":"))
    # an estimate of AWS's compression, which is not published
    packed = zlib.compress(document.encode(), 9)
    percent = ceil(100 * len(packed) / PACKED_LIMIT)
    if percent > 100:
        raise AwsError(
            "PackedPolicyTooLarge",
            f"Packed policy consumes {percent}% of allotted space, please use smaller policy.",
        )
    return percent

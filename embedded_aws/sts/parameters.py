"""The parameters of an STS call, refused as AWS refuses them; botocore checks lower bounds only.

Limits: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and API_GetFederationToken.html.
"""

import json
import re
import unicodedata
import zlib
from math import ceil
from typing import Any

from embedded_aws.protocol import AwsError

NAME = r"[\w+=,.@-]*"
EXTERNAL_ID = r"[\w+=,.@:\/-]*"
POLICY = r"[\u0009\u000A\u000D\u0020-\u00FF]+"
PACKED_LIMIT = 2048
"""Bytes. AWS does not say how it packs nor how much fits; this lets a policy of 2,048 usual characters through."""

_TAG_CHARACTERS = "_.:/=+-@"


class Parameters:
    """The fields of a call; what is wrong with them is collected and said at once, as AWS does."""

    def __init__(self, form: dict[str, str]) -> None:
        """Keep the fields."""
        self._form = form
        self._wrong: list[str] = []

    def text(
        self, name: str, least: int, most: int, pattern: str = r"[\s\S]*", *, needed: bool = False
    ) -> str:
        """Return a text of `least`..`most` characters, "" when it is not given."""
        value = self._form.get(name)
        if value is None:
            if needed:
                self._refuse("null", name, "Member must not be null")
            return ""
        if len(value) < least:
            self._refuse(
                f"'{value}'", name, f"Member must have length greater than or equal to {least}"
            )
        if len(value) > most:
            self._refuse(
                f"'{value}'", name, f"Member must have length less than or equal to {most}"
            )
        if not re.fullmatch(pattern, value, re.ASCII):
            self._refuse(
                f"'{value}'", name, f"Member must satisfy regular expression pattern: {pattern}"
            )
        return value

    def seconds(self, default: int, most: int) -> int:
        """Return DurationSeconds, 900..`most`."""
        value = self._form.get("DurationSeconds", str(default))
        if not re.fullmatch(r"-?\d{1,9}", value):
            raise AwsError("MalformedInput", "Invalid Argument")
        if int(value) < 900:
            self._refuse(
                f"'{value}'",
                "DurationSeconds",
                "Member must have value greater than or equal to 900",
            )
        if int(value) > most:
            self._refuse(
                f"'{value}'",
                "DurationSeconds",
                f"Member must have value less than or equal to {most}",
            )
        return int(value)

    def _many(self, name: str, most: int) -> list[dict[str, str]]:
        """Return the members of a list, each as a dict of its fields."""
        found: dict[int, dict[str, str]] = {}
        for key, value in self._form.items():
            parts = re.fullmatch(rf"{name}\.member\.(\d+)(?:\.(\w+))?", key)
            if parts:
                found.setdefault(int(parts[1]), {})[parts[2] or ""] = value
        if len(found) > most:
            self._refuse("'[...]'", name, f"Member must have length less than or equal to {most}")
        return [found[number] for number in sorted(found)]

    def tags(self) -> dict[str, str]:
        """Return the session tags."""
        many = self._many("Tags", 50)
        for number, tag in enumerate(many, 1):
            self._check_tag(f"tags.{number}.member.key", tag.get("Key", ""), 1, 128)
            self._check_tag(f"tags.{number}.member.value", tag.get("Value", ""), 0, 256)
        keys = [tag.get("Key", "").lower() for tag in many]
        if len(set(keys)) < len(keys):
            raise AwsError(
                "InvalidParameterValue",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            )
        if any(key.startswith("aws:") for key in keys):
            raise AwsError(
                "InvalidParameterValue",
                "Tag keys starting with aws: are reserved for internal use.",
            )
        return {tag.get("Key", ""): tag.get("Value", "") for tag in many}

    def transitive(self) -> tuple[str, ...]:
        """Return the keys of transitive tags."""
        return tuple(each[""] for each in self._many("TransitiveTagKeys", 50))

    def _check_tag(self, name: str, value: str, least: int, most: int) -> None:
        """Refuse a tag's key or value that is too short, too long, or has characters that AWS does not take."""
        if not least <= len(value) <= most:
            self._refuse(
                f"'{value}'", name, f"Member must have length between {least} and {most}, inclusive"
            )
        if not all(c in _TAG_CHARACTERS or unicodedata.category(c)[0] in "LNZ" for c in value):
            pattern = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]" + ("+" if least else "*")
            self._refuse(
                f"'{value}'", name, f"Member must satisfy regular expression pattern: {pattern}"
            )

    def session_policies(self, documents: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the documents of the session policies; `documents` holds managed policies by ARN."""
        text = self.text("Policy", 1, 2048, POLICY)
        named = [each.get("arn", "") for each in self._many("PolicyArns", 10)]
        if len(text) + sum(map(len, named)) > 2048 >= len(text):
            self._refuse(
                "'[...]'", "policyArns", "Member must have length less than or equal to 2048"
            )
        self.done()
        found = [parsed_policy(text)] if text else []
        for arn in named:
            if not re.fullmatch(r"arn:[\w-]+:iam::(aws|\d{12}):policy/[\w+=,.@/-]+", arn):
                raise AwsError("ValidationError", f"ARN {arn} is not valid.")
            found.append(documents.get(arn, {"Statement": []}))
        return found

    def _refuse(self, value: str, name: str, constraint: str) -> None:
        """Note what is wrong with a parameter, in AWS's words."""
        member = name[:1].lower() + name[1:]
        self._wrong.append(
            f"Value {value} at '{member}' failed to satisfy constraint: {constraint}"
        )

    def done(self) -> None:
        """Raise AwsError for what is wrong so far."""
        if self._wrong:
            count = f"{len(self._wrong)} validation error{'s' if len(self._wrong) > 1 else ''} detected: "
            raise AwsError("ValidationError", count + "; ".join(self._wrong))


def parsed_policy(text: str) -> dict[str, Any]:
    """Return a session policy; raise AwsError when it is not JSON or breaks the grammar of policies."""
    try:
        found = json.loads(text)
    except ValueError:
        raise AwsError(
            "MalformedPolicyDocument", "The policy is not in the valid JSON format."
        ) from None
    statements = found.get("Statement") if isinstance(found, dict) else None
    many = statements if isinstance(statements, list) else [statements]
    version = found.get("Version", "2012-10-17") if isinstance(found, dict) else ""
    if (
        version not in {"2012-10-17", "2008-10-17"}
        or not statements
        or not all(map(_is_statement, many))
    ):
        raise AwsError("MalformedPolicyDocument", "Syntax errors in policy.")
    return dict(found)


def _is_statement(found: object) -> bool:
    """Return whether this is a statement of a session policy, which names no principal."""
    return (
        isinstance(found, dict)
        and found.get("Effect") in {"Allow", "Deny"}
        and ("Action" in found) is not ("NotAction" in found)
        and ("Resource" in found) is not ("NotResource" in found)
        and not {"Principal", "NotPrincipal"} & set(found)
    )


def packed_percent(policies: list[dict[str, Any]], tags: dict[str, str]) -> int | None:
    """Return how full the packed form is, None when there is nothing to pack; raise AwsError above 100 %."""
    if not policies and not tags:
        return None
    packed = zlib.compress(json.dumps([policies, tags], separators=(",", ":")).encode(), 9)
    percent = ceil(100 * len(packed) / PACKED_LIMIT)
    if percent > 100:
        raise AwsError(
            "PackedPolicyTooLarge",
            f"Packed policy consumes {percent}% of allotted space, please use smaller policy.",
        )
    return percent

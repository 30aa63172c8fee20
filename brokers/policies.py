"""Session policies, read strictly: what AWS would refuse at a grant is refused where it is typed.

Pure: no Django, no AWS. Whether the named actions and resources exist is not looked at.

Sources, in https://docs.aws.amazon.com/IAM/latest/UserGuide/: reference_policies_grammar.html,
reference_policies_elements.html and reference_policies_elements_condition_operators.html; sizes:
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

import re
from collections.abc import Collection

from brokers import json_reader
from brokers.nodes import Key, Node

POLICY_LIMIT = 2048
"""Characters of a session policy at most, together with the ARNs of managed ones."""

VERSIONS = ("2012-10-17", "2008-10-17")
"""AWS reads a policy without a version as one of the older."""

POLICY_ELEMENTS = ("Version", "Id", "Statement")
STATEMENT_ELEMENTS = (
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
PRINCIPAL_ELEMENTS = ("Principal", "NotPrincipal")

_AN_ACTION = (re.compile(r"\*|(?:\*|[A-Za-z0-9.-]+):[!-9;-~]+"), 'an action such as "s3:GetObject"')
_A_RESOURCE = (re.compile(r"\*|arn:(?:\*|aws[a-z-]*):[^\s:]+(?::[^\n]*)?"), 'an ARN, or "*"')
_TEXT_ELEMENTS = {
    "Action": _AN_ACTION,
    "NotAction": _AN_ACTION,
    "Resource": _A_RESOURCE,
    "NotResource": _A_RESOURCE,
}
"""Elements of one text or several, with the pattern that each has to fit, and what that is."""

CONDITION_OPERATORS = frozenset(
    {
        *("StringEquals", "StringNotEquals", "StringLike", "StringNotLike"),
        *("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
        *("NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals"),
        *("NumericGreaterThan", "NumericGreaterThanEquals"),
        *("DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals"),
        *("DateGreaterThan", "DateGreaterThanEquals"),
        *("Bool", "BinaryEquals", "IpAddress", "NotIpAddress"),
        *("ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"),
    }
)
"""Those that take IfExists; Null is none of them."""

_CHARACTERS = re.compile(r"[\t\n\r\x20-\xff]+")
_SID = re.compile(r"[A-Za-z0-9]*")
_CONDITION_KEY = re.compile(r"[^\s:]+:\S+")
_OPERATOR = re.compile(r"(?:ForAllValues:|ForAnyValue:)?([A-Za-z]+?)(?:IfExists)?")

SHAPE = 'A policy is {"Version": "2012-10-17", "Statement": [...]}.'
MOST_PROBLEMS = 10


class PolicyRefused(ValueError):
    """AWS would refuse the policy; `problems` say in sentences what is wrong and where."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def check_session_policy(text: str) -> None:
    """Raise PolicyRefused for what AWS takes for no session policy."""
    if len(text) > POLICY_LIMIT:
        raise PolicyRefused([f"{len(text):,} characters; AWS takes {POLICY_LIMIT:,} at most."])
    if not _CHARACTERS.fullmatch(text):
        raise PolicyRefused(["AWS takes no characters beyond Latin-1 in a policy."])

    try:
        root = json_reader.read(text)
    except json_reader.JsonRefused as error:
        raise PolicyRefused([str(error)]) from error

    checker = _Checker()
    checker.check_policy(root)
    if "${" in text and not _is_current(root):
        checker.complain(root, 'Variables as in ${aws:username} need "Version": "2012-10-17".')
    if checker.problems:
        raise PolicyRefused(checker.problems[:MOST_PROBLEMS])


def _is_current(root: Node) -> bool:
    if not isinstance(root.value, dict) or "Version" not in root.value:
        return False
    return bool(root.value["Version"].value == VERSIONS[0])


class _Checker:
    """Checks one policy and collects what is wrong with it."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._sids: set[str] = set()

    def complain(self, place: Node | Key, message: str) -> None:
        self.problems.append(f"Line {place.line}, column {place.column}: {message}")

    def check_policy(self, root: Node) -> None:
        statements = self._statements(root)
        if not statements:
            self.complain(root, SHAPE)
            return
        self._check_elements(root, POLICY_ELEMENTS, "a policy")

        elements = root.value
        if "Version" in elements and elements["Version"].value not in VERSIONS:
            self.complain(elements["Version"], 'The Version must be "2012-10-17".')
        if "Id" in elements and not isinstance(elements["Id"].value, str):
            self.complain(elements["Id"], "The Id must be a text.")

        for number, statement in enumerate(statements, 1):
            self._check_statement(statement, number)

    def _statements(self, root: Node) -> list[Node]:
        """Return the statements; a single one needs no list around it."""
        if not isinstance(root.value, dict) or "Statement" not in root.value:
            return []
        node: Node = root.value["Statement"]
        if isinstance(node.value, list):
            return node.value
        return [node]

    def _check_elements(self, node: Node, elements: Collection[str], what: str) -> None:
        """Complain of unknown elements; AWS reads them by their exact case."""
        by_folded = {element.casefold(): element for element in elements}
        for key in node.value:
            if key in elements:
                continue
            if key in PRINCIPAL_ELEMENTS:
                self.complain(key, f"A session policy has no {key}: it is about the session alone.")
            elif key.casefold() in by_folded:
                element = by_folded[key.casefold()]
                self.complain(key, f'Write "{element}", not "{key}": case counts.')
            else:
                self.complain(key, f'"{key[:50]}" is not an element of {what}.')

    # -- statements --------------------------------------------------------------------------------
    def _check_statement(self, node: Node, number: int) -> None:
        if not isinstance(node.value, dict):
            self.complain(node, f"Statement {number} must be an object in braces.")
            return
        self._check_elements(node, STATEMENT_ELEMENTS, "a statement")

        parts = node.value
        self._check_presence(node, number)
        if "Sid" in parts:
            self._check_sid(parts["Sid"])
        if "Effect" in parts and parts["Effect"].value not in ("Allow", "Deny"):
            self.complain(parts["Effect"], 'The Effect must be "Allow" or "Deny"; case counts.')
        for name, (pattern, what) in _TEXT_ELEMENTS.items():
            if name in parts:
                self._check_texts(name, parts[name], pattern, what)
        if "Condition" in parts:
            self._check_condition(parts["Condition"])

    def _check_presence(self, node: Node, number: int) -> None:
        """Complain of what is missing, and of an element that stands beside its negation."""
        missing = []
        if "Effect" not in node.value:
            missing.append("Effect")
        for name in ("Action", "Resource"):
            alternatives = {name, f"Not{name}"} & node.value.keys()
            if not alternatives:
                missing.append(name)
            elif len(alternatives) == 2:
                self.complain(node, f"Statement {number} has both {name} and Not{name}.")
        if missing:
            self.complain(node, f"Statement {number} lacks {', '.join(missing)}.")

    def _check_sid(self, node: Node) -> None:
        if not isinstance(node.value, str) or not _SID.fullmatch(node.value):
            self.complain(node, "A Sid has letters A-Z, a-z and digits only.")
        elif node.value in self._sids:
            self.complain(node, f'The Sid "{node.value}" is here twice.')
        elif node.value:
            self._sids.add(node.value)

    def _check_texts(self, name: str, node: Node, pattern: re.Pattern[str], what: str) -> None:
        """Complain unless this is one text, or a list of some, that fit the pattern."""
        nodes = node.value if isinstance(node.value, list) else [node]
        if not nodes:
            self.complain(node, f"{name} must not be empty.")
        for item in nodes:
            if not isinstance(item.value, str) or not pattern.fullmatch(item.value):
                self.complain(item, f"This {name} is not {what}.")

    # -- conditions --------------------------------------------------------------------------------
    def _check_condition(self, node: Node) -> None:
        if not isinstance(node.value, dict):
            self.complain(node, "A Condition must be an object in braces.")
            return
        for operator, keys in node.value.items():
            if not _is_operator(operator):
                self.complain(operator, f'"{operator[:50]}" is not a condition operator.')
            self._check_condition_keys(keys)

    def _check_condition_keys(self, node: Node) -> None:
        if not isinstance(node.value, dict):
            self.complain(node, "A condition operator needs an object in braces.")
            return

        folded_keys: set[str] = set()
        for key, values in node.value.items():
            if not _CONDITION_KEY.fullmatch(key):
                self.complain(key, f'"{key[:50]}" is not a condition key such as "aws:SourceIp".')
            if key.casefold() in folded_keys:
                self.complain(key, f'"{key[:50]}" is here twice: the case of these does not count.')
            folded_keys.add(key.casefold())
            self._check_condition_values(values)

    def _check_condition_values(self, node: Node) -> None:
        nodes = node.value if isinstance(node.value, list) else [node]
        for item in nodes:
            if not isinstance(item.value, str | bool | int | float):
                self.complain(item, "A condition compares with a text, a number, true or false.")


def _is_operator(text: str) -> bool:
    if text == "Null":
        return True
    match = _OPERATOR.fullmatch(text)
    if not match:
        return False
    return match[1] in CONDITION_OPERATORS

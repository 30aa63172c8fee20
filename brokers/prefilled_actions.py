"""Pages of the console that begin an action with what their address says. Pure.

Whoever sends such a link has filled in a form in somebody else's name, or opens a shell with their
rights. A link never leads straight to one: the person chooses it by hand, or lands on the service's
front page. Reviewed: each row names the page of AWS's documentation that shows such an address or
what it begins.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

_DOCS = "https://docs.aws.amazon.com/"

_DECODINGS = 6
"""How often an address is decoded at most. Pages of the console decode theirs up to three times."""


@dataclass(frozen=True)
class PrefilledAction:
    """A kind of pages that begin an action."""

    title: str
    """What the page does, after "this page"."""
    pattern: re.Pattern[str]
    """Matches path, query and fragment, in lower case and decoded, wherever it stands in them."""
    page: str
    """The page of AWS's documentation."""


def _action(title: str, pattern: str, page: str) -> PrefilledAction:
    return PrefilledAction(title, re.compile(pattern, re.ASCII), _DOCS + page)


ACTIONS = (
    _action(
        "creates or changes a CloudFormation stack with what the link says",
        r"templateurl|quickcreate|cstack=|turl~"
        r"|/cloudformation\b.*#/?(?:stacks?|stacksets)/(?:create|new|update|import)",
        "AWSCloudFormation/latest/UserGuide/cfn-console-create-stacks-quick-create-links.html",
    ),
    _action(
        "opens a shell in the browser",
        r"[/#?&=]cloudshell(?:[/?#&]|$)",
        "cloudshell/latest/userguide/getting-started.html",
    ),
    _action(
        "creates or changes a role, user, policy or identity provider in IAM",
        r"/iam(?:v2)?\b.*"
        r"(?:[#/](?:create|new)(?:[/?&;]|$)|\$new|wizard|/create-(?:access-key|policy|role)"
        r"|/add-permissions|/attach-|/edit-)",
        "IAM/latest/UserGuide/id_roles_create_for-user.html",
    ),
    _action(
        "creates a function or an application in Lambda",
        r"/(?:lambda|serverlessrepo)\b.*(?:[#/](?:create|new|deploy)(?:[/?&;]|$))",
        "serverlessrepo/latest/devguide/serverlessrepo-how-to-consume.html",
    ),
    _action(
        "runs a command on instances",
        r"/systems-manager/(?:run-command|.*send-?command)",
        "systems-manager/latest/userguide/running-commands-console.html",
    ),
    _action(
        "runs an automation in Systems Manager",
        r"/systems-manager/(?:automation/execute|.*[/#]execute(?:[/?#&-]|$)|quick-setup/create)",
        "systems-manager/latest/userguide/running-simple-automations.html",
    ),
    _action(
        "opens a shell on an instance",
        r"/session-manager/(?!sessions\b|session-history\b|preferences\b)[\w.-]"
        r"|/ec2-instance-connect\b|#connecttoinstance|/start-session",
        "systems-manager/latest/userguide/session-manager-working-with-sessions-start.html",
    ),
    _action(
        "launches instances or creates something in EC2",
        r"#launch(?!templates?(?:details)?[:;])|#/?(?:create|import|request|run)[a-z]*(?:[:;=]|$)",
        "AWSEC2/latest/UserGuide/ec2-launch-instance-wizard.html",
    ),
    _action(
        "launches a product of Service Catalog",
        r"/servicecatalog\b.*/launch",
        "servicecatalog/latest/userguide/enduser-launch.html",
    ),
    _action(
        "switches to another role",
        r"/switch-?role",
        "IAM/latest/UserGuide/id_roles_use_switch-role-console.html",
    ),
    _action(
        "creates something with what the link says",
        r"^[^?#]*/(?:create|new|launch)(?:[/?#]|$)|#[^?]*[/!:](?:create|new|launch)(?:[/?;&]|$)",
        "awsconsolehelpdocs/latest/gsg/working-with-console.html",
    ),
)
"""The first one that matches says what a page does."""

UNREADABLE = PrefilledAction(
    "has an address that is encoded too often to be read",
    re.compile(r"(?!)"),
    _DOCS + "awsconsolehelpdocs/latest/gsg/working-with-console.html",
)


def action_of(address: str) -> PrefilledAction | None:
    """Return the action that an address of the console begins; None for a page that only shows.

    `address` is path, query and fragment. It is read as it is and after each decoding: pages of the
    console decode parts of theirs more than once, and write `$2F` for `%2F`.
    """
    for reading in readings(address):
        for action in ACTIONS:
            if action.pattern.search(reading):
                return action
    if is_encoded_too_often(address):
        return UNREADABLE
    return None


def readings(address: str) -> list[str]:
    """Return an address in lower case: as it is, and after each decoding that changes it."""
    texts = [address.lower()]
    for _ in range(_DECODINGS):
        decoded = _decode(texts[-1])
        if decoded == texts[-1]:
            break
        texts.append(decoded)
    return texts


def is_encoded_too_often(address: str) -> bool:
    """Return whether decoding it would go on and on."""
    last = readings(address)[-1]
    return _decode(last) != last


def _decode(text: str) -> str:
    return unquote(_DOLLAR_CODE.sub(r"%\1", text)).lower()


_DOLLAR_CODE = re.compile(r"[$*]([0-9a-f]{2})", re.ASCII)
"""How CloudWatch writes `%2F` in its fragments: `$2F`, or `*2f` within what it has encoded."""

"""STS's answers to AssumeRole and GetFederationToken: made-up credentials, for whoever asks."""

import itertools
import secrets
import time
from urllib.parse import parse_qs

ACTIONS = {b"Action=AssumeRole&": "AssumeRole", b"Action=GetFederationToken&": "GetFederationToken"}

_numbers = itertools.count(1)

_CREDENTIALS = """\
<Credentials><AccessKeyId>{access_key_id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
<SessionToken>{token}</SessionToken><Expiration>{expiration}</Expiration></Credentials>"""

_USERS = {
    "AssumeRole": """\
<AssumedRoleUser><AssumedRoleId>AROA0STUB:{name}</AssumedRoleId>\
<Arn>arn:aws:sts::{account}:assumed-role/{role}/{name}</Arn></AssumedRoleUser>""",
    "GetFederationToken": """\
<FederatedUser><FederatedUserId>{account}:{name}</FederatedUserId>\
<Arn>arn:aws:sts::{account}:federated-user/{name}</Arn></FederatedUser>""",
}

_ANSWER = """\
<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>\
{credentials}{user}<PackedPolicySize>1</PackedPolicySize>{source_identity}</{action}Result>\
<ResponseMetadata><RequestId>stub-{number}</RequestId></ResponseMetadata></{action}Response>"""

_TOKEN = secrets.token_urlsafe(600)

DEFAULT_SECONDS = "3600"


def token() -> str:
    """Return a SigninToken."""
    return _TOKEN


def action_of(body: bytes) -> str:
    """Return the action of a request that is answered here, or ""."""
    for start, action in ACTIONS.items():
        if body.startswith(start):
            return action
    return ""


def answer(action: str, body: bytes) -> bytes:
    """Return the XML for a request."""
    parameters = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    number = next(_numbers)
    _, _, role_path = parameters.get("RoleArn", "").partition(":role/")
    account = parameters.get("RoleArn", "::::222222222222:").split(":")[4]
    name = parameters.get("RoleSessionName") or parameters.get("Name", "")
    end = time.gmtime(time.time() + int(parameters.get("DurationSeconds", DEFAULT_SECONDS)))

    source_identity = parameters.get("SourceIdentity", "")
    if source_identity:
        source_identity = f"<SourceIdentity>{source_identity}</SourceIdentity>"

    credentials = _CREDENTIALS.format(
        access_key_id=f"ASIASTUB{number:012}",
        secret=f"{number:040}",
        token=_TOKEN,
        expiration=time.strftime("%Y-%m-%dT%H:%M:%SZ", end),
    )
    user = _USERS[action].format(account=account, role=role_path.rpartition("/")[2], name=name)
    text = _ANSWER.format(
        action=action,
        credentials=credentials,
        user=user,
        source_identity=source_identity,
        number=number,
    )
    return text.encode()

"""Requests of command lines, mutated: each begins as a valid one with live tokens.

A mutated request is built of plain values that hypothesis draws; `Stock` puts in the tokens, which
are others each time.
"""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse
from django.test import Client
from hypothesis import strategies as st

from accounts.command_lines import CommandLine
from sso_portal import address_limits
from sso_portal.models import Token
from sso_portal.tokens import token_hash
from tests.support.command_line import DEVICE_CODE, REDIRECT, CommandLineTool
from tests.support.token_states import tokens_by_state

ODD_TEXTS = (
    "", " ", "\0", "a\r\nSet-Cookie: a=b", "\ud800", "\u202eabc", "😀" * 300, "x" * 5_000, "'", '"',
    "<script>", "{{ 7*7 }}", "../..", "%2e%2e", "null", "NaN", "1e400", "9" * 400, "-1", "٣", "١٢٣",
    "arn:aws:iam::222222222222:role/dev-read", "222222222222", "dev-read", "prod-admin", "DEV-READ",
    "public", "confidential", "authorization_code", "refresh_token", "password", "S256", "plain",
    "urn:ietf:params:oauth:grant-type:device_code", "https://evil.example/", REDIRECT, "code",
    "http://127.0.0.1:1/", "http://localhost/oauth/callback", "cooper_access_", "a" * 43,
)  # fmt: skip

ODD_VALUES = (
    None, True, False, 0, -1, 900, 3_600, 10**30, 1.5, float("inf"), float("nan"), [], {}, [[]],
    ["http://127.0.0.1/", 7], [None], {"a": {"b": "c"}}, ["authorization_code"] * 50,
)  # fmt: skip


@dataclass(frozen=True)
class Held:
    """A token of this state, put in when the request is sent."""

    state: str


STATES = (
    "good", "over", "code", "refresh token", "client secret", "signed out", "of a disabled person",
    "of a person without groups", "a letter short", "its hash", "client id",
)  # fmt: skip

TEXTS = st.one_of(
    st.sampled_from(ODD_TEXTS),
    st.sampled_from([Held(state) for state in STATES]),
    st.text(st.characters(), max_size=30),
)
VALUES = st.one_of(TEXTS, TEXTS, st.sampled_from(ODD_VALUES), st.integers())

HEADERS = (
    "Authorization", "x-amz-sso_bearer_token", "Content-Type", "Content-Length", "Accept", "Cookie",
    "X-Forwarded-For", "X-Forwarded-Proto", "Origin", "Referer", "User-Agent", "Accept-Encoding",
    "X-HTTP-Method-Override", "Transfer-Encoding", "Range", "If-None-Match", "Expect",
)  # fmt: skip
METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "BREW")


@dataclass
class Sent:
    """A request before it is sent; its texts may still be `Held`."""

    method: str
    path: str | Held
    query: list[tuple[str, Any]] = field(default_factory=list)
    headers: dict[str, Any] = field(default_factory=dict)
    members: dict[Any, Any] | None = None
    """The JSON object of the body, or its form."""

    body: bytes = b""
    """The body itself, where there are no members."""

    wounds: tuple[tuple[str, int], ...] = ()
    """What becomes of the bytes of the body, and where."""


@dataclass(frozen=True)
class Mutation:
    """One change: its kind, which of the places that it may have, and another value."""

    kind: str
    place: int
    value: Any
    other: int


KINDS = (
    "value", "value", "value", "drop", "twice", "cut", "longer", "letter", "nest", "case",
    "method", "header", "header", "bytes", "add",
)  # fmt: skip

MUTATIONS = st.lists(
    st.builds(
        Mutation,
        st.sampled_from(KINDS),
        st.integers(0, 50),
        VALUES,
        st.integers(0, 300),
    ),
    max_size=3,
)


# -- valid requests --------------------------------------------------------------------------------
def _bearer(state: str = "good") -> dict[str, Any]:
    return {"x-amz-sso_bearer_token": Held(state)}


def _api_bearer() -> dict[str, Any]:
    return {"Authorization": ("Bearer ", Held("good"))}


FORM = {"Content-Type": "application/x-www-form-urlencoded"}

PAIR = {"clientId": Held("client id"), "clientSecret": Held("client secret")}

QUESTION: list[tuple[str, Any]] = [
    ("response_type", "code"),
    ("redirect_uri", REDIRECT),
    ("state", "a-state"),
    ("code_challenge_method", "S256"),
    ("code_challenge", Held("challenge")),
]

VALID: dict[str, Sent] = {
    "register": Sent(
        "POST",
        "/sso-oidc/client/register",
        members={
            "clientName": "botocore-client-cooper",
            "clientType": "public",
            "grantTypes": ["authorization_code", "refresh_token"],
            "redirectUris": ["http://127.0.0.1/oauth/callback"],
            "scopes": ["sso:account:access"],
            "issuerUrl": "https://cooper.example/start",
        },
    ),
    "code": Sent(
        "POST",
        "/sso-oidc/token",
        members=PAIR
        | {
            "grantType": "authorization_code",
            "code": Held("fresh code"),
            "codeVerifier": Held("verifier"),
            "redirectUri": REDIRECT,
        },
    ),
    "refresh": Sent(
        "POST",
        "/sso-oidc/token",
        members=PAIR | {"grantType": "refresh_token", "refreshToken": Held("refresh token")},
    ),
    "authorize": Sent(
        "GET",
        "/authorize",
        query=[*QUESTION, ("client_id", Held("registered"))],
    ),
    "yes": Sent(
        "POST",
        "/authorize",
        query=[*QUESTION, ("client_id", Held("registered"))],
        headers=FORM,
        members={"decision": "allow"},
    ),
    "accounts": Sent("GET", "/sso/assignment/accounts", [("max_result", "100")], _bearer()),
    "roles": Sent(
        "GET",
        "/sso/assignment/roles",
        [("account_id", "222222222222"), ("max_result", "10"), ("next_token", "0")],
        _bearer(),
    ),
    "role credentials": Sent(
        "GET",
        "/sso/federation/credentials",
        [("account_id", "222222222222"), ("role_name", "dev-read")],
        _bearer(),
    ),
    "permit needed": Sent(
        "GET",
        "/sso/federation/credentials",
        [("account_id", "333333333333"), ("role_name", "staging-read")],
        _bearer(),
    ),
    "permit": Sent(
        "POST",
        Held("permit"),
        headers=FORM,
        members={"reason": "OPS-42"},
    ),
    "device": Sent(
        "POST",
        "/sso-oidc/device_authorization",
        members=PAIR | {"startUrl": "https://cooper.example/start"},
    ),
    "poll": Sent(
        "POST",
        "/sso-oidc/token",
        members=PAIR | {"grantType": DEVICE_CODE, "deviceCode": Held("allowed device code")},
    ),
    "typed code": Sent(
        "POST",
        "/code/",
        headers=FORM,
        members={"user_code": Held("fresh user code")},
    ),
    "decided code": Sent(
        "POST",
        "/code/decide/",
        headers=FORM,
        members={"user_code": Held("fresh user code"), "decision": "allow"},
    ),
    "logout": Sent("POST", "/sso/logout", headers=_bearer()),
    "api targets": Sent("GET", "/api/v1/targets", headers=_api_bearer()),
    "api config": Sent("GET", "/api/v1/aws-config", headers=_api_bearer()),
    "api credentials": Sent(
        "POST",
        "/api/v1/targets/dev-read/credentials",
        headers=_api_bearer(),
        members={"seconds": 900},
    ),
    "api description": Sent("GET", "/api/v1/openapi.json"),
}


PAGES = ("authorize", "yes", "permit", "typed code", "decided code")
"""Those of which a person's browser is answered, by pages."""


# -- mutating --------------------------------------------------------------------------------------
def mutated(sent: Sent, mutations: list[Mutation]) -> Sent:
    """Return a request with changes."""
    changed = copy.deepcopy(sent)
    for mutation in mutations:
        changed = _mutated_once(changed, mutation)
    return changed


def _mutated_once(sent: Sent, mutation: Mutation) -> Sent:
    if mutation.kind == "method":
        return replace(sent, method=METHODS[mutation.place % len(METHODS)])
    if mutation.kind == "header":
        name = HEADERS[mutation.place % len(HEADERS)]
        return replace(sent, headers=sent.headers | {name: mutation.value})
    if mutation.kind == "bytes":
        wound = (("cut", "flip", "insert", "double")[mutation.place % 4], mutation.other)
        return replace(sent, wounds=(*sent.wounds, wound))
    if mutation.kind == "add":
        if sent.members is not None:
            return replace(sent, members=sent.members | {str(mutation.other): mutation.value})
        return replace(sent, query=[*sent.query, (str(mutation.other), mutation.value)])
    return _with_other_part(sent, mutation)


def _with_other_part(sent: Sent, mutation: Mutation) -> Sent:
    """Change one of the members, the parameters and the headers."""
    members = list((sent.members or {}).items())
    parts = [members, sent.query, list(sent.headers.items())]
    places = [(part, index) for part in parts for index in range(len(part))]
    if not places:
        return sent

    part, index = places[mutation.place % len(places)]
    part[index : index + 1] = _changed(*part[index], mutation)
    with_members = None if sent.members is None else dict(members)
    return replace(sent, members=with_members, query=parts[1], headers=dict(parts[2]))


def _changed(name: Any, value: Any, mutation: Mutation) -> list[tuple[Any, Any]]:
    changes: dict[str, Callable[[], list[tuple[Any, Any]]]] = {
        "value": lambda: [(name, mutation.value)],
        "drop": list,
        "twice": lambda: [(name, value), (name, mutation.value)],
        "cut": lambda: [(name, ("cut", value, mutation.other))],
        "longer": lambda: [(name, ("longer", value, mutation.other))],
        "letter": lambda: [(name, ("letter", value, mutation.other))],
        "nest": lambda: [(name, [value] if mutation.other % 2 else {str(name): value})],
        "case": lambda: [(str(name).swapcase(), value)],
    }
    return changes[mutation.kind]()


# -- sending ---------------------------------------------------------------------------------------
class Stock:
    """Live tokens for requests, made anew where a request has used them up."""

    def __init__(self, browser_of: Callable[[str], Client]) -> None:
        self.browser_of = browser_of
        self.secrets: set[str] = set()
        """What must be in no log."""

        self.browser = browser_of("alice")
        self.tool = CommandLineTool()
        self.held = dict(tokens_by_state(browser_of))
        self.secrets |= {text for text in self.held.values() if text.startswith("cooper_")}
        self._sign_in()

    def _sign_in(self) -> None:
        self.tool = CommandLineTool().sign_in(self.browser)
        tool = self.tool
        self.held |= {
            "good": tool.access,
            "refresh token": tool.refresh,
            "client id": tool.client_id,
            "registered": tool.client_id,
            "client secret": tool.client_secret,
            "verifier": tool.verifier,
            "challenge": tool.challenge,
        }
        self.secrets |= {tool.access, tool.refresh, tool.client_secret, tool.verifier}

    def text_of(self, value: Any) -> Any:
        """Return a drawn value with the tokens in it."""
        if isinstance(value, Held):
            return self._held(value.state)
        if isinstance(value, list):
            return [self.text_of(item) for item in value]
        if isinstance(value, dict):
            return {name: self.text_of(item) for name, item in value.items()}
        if not isinstance(value, tuple):
            return value
        return self._composed(value)

    def _composed(self, value: tuple[Any, ...]) -> Any:
        if value[0] not in ("cut", "longer", "letter"):
            return "".join(str(self.text_of(part)) for part in value)

        how, inner, place = value
        text = self.text_of(inner)
        if not isinstance(text, str) or not text:
            return [text]
        index = place % len(text)
        if how == "cut":
            return text[:index]
        if how == "longer":
            return text + text[:index] * 3
        return text[:index] + chr(ord(text[index]) ^ 1) + text[index + 1 :]

    def _held(self, state: str) -> str:
        fresh = {
            "fresh code": self._fresh_code,
            "permit": self._permit,
            "fresh user code": self._fresh_user_code,
            "allowed device code": self._allowed_device_code,
        }
        if state in fresh:
            self.held[state] = fresh[state]()
        return self.held[state]

    def _fresh_code(self) -> str:
        code = self.tool.allowed_by(self.browser)
        self.secrets.add(code)
        return code

    def _permit(self) -> str:
        asked = self.tool.credentials("333333333333", "staging-read")
        if asked.status_code == 200:
            # a permit was given before, and is used now
            asked = self.tool.credentials("333333333333", "staging-read")
        message = asked.json()["message"]
        [address] = re.findall(r"http://testserver(\S+)", message)
        return str(address)

    def _fresh_user_code(self) -> str:
        assert self.tool.start_device().status_code == 200
        self.secrets |= {self.tool.device_code, self.tool.user_code}
        return self.tool.user_code

    def _allowed_device_code(self) -> str:
        decision = {"user_code": self._fresh_user_code(), "decision": "allow"}
        self.browser.post("/code/decide/", decision)
        return self.tool.device_code

    def send(self, sent: Sent, *, by_person: bool = False) -> HttpResponse:
        """Send a request, by Alice's browser or by no browser at all."""
        for limit in LIMITS:
            limit.forget()
        browser = self.browser if by_person else Client(raise_request_exception=False)
        query = "&".join(
            f"{_quoted(self.text_of(name))}={_quoted(self.text_of(value))}"
            for name, value in sent.query
        )
        headers = {}
        for name, value in sent.headers.items():
            text = _header(self.text_of(value))
            # what no server lets through: less than is said, and for pages what is no number
            is_lie = text.isdigit() or by_person
            if name != "Content-Length" or not is_lie:
                headers[_variable(name)] = text
        response = browser.generic(
            sent.method,
            self.text_of(sent.path),
            self.body_of(sent),
            content_type=headers.pop("CONTENT_TYPE", "application/json"),
            QUERY_STRING=query,
            **headers,
        )
        self._learn(sent, response)
        return response

    def body_of(self, sent: Sent) -> bytes:
        """Return the bytes of the body."""
        body = sent.body
        if sent.members is not None:
            members = self.text_of(sent.members)
            is_form = sent.headers.get("Content-Type") == FORM["Content-Type"]
            body = (_form(members) if is_form else json.dumps(members)).encode()
        for how, place in sent.wounds:
            index = place % (len(body) + 1)
            body = {
                "cut": body[:index],
                "flip": body[:index] + bytes(255 - byte for byte in body[index : index + 3])
                + body[index + 3 :],
                "insert": body[:index] + b'\xff\x00,"[{' + body[index:],
                "double": body[:index] + body,
            }[how]  # fmt: skip
        return body

    def _learn(self, sent: Sent, response: HttpResponse) -> None:
        """Remember the secrets of an answer, and sign in again where the tokens are over."""
        is_json = response.headers.get("Content-Type") == "application/json"
        if response.status_code == 200 and is_json and response.content:
            content = response.json()
            self.secrets |= set(_secrets_in(content))
            # whatever it has registered as is shown on the page from now on
            self.held["registered"] = content.get("clientId", self.held["registered"])
        is_ended = CommandLine.find(self._session_id()) is None
        if is_ended or len(self.secrets) > 500:
            self.secrets.clear()
            self._sign_in()

    def _session_id(self) -> str:
        stored = Token.find(token_hash(self.tool.access))
        return str(stored.session_id) if stored else "none"


LIMITS = (address_limits.REGISTRATIONS, address_limits.FAILURES, address_limits.UNKNOWN_TOKENS)
"""What would end a run after a thousand requests from one address."""

SECRET_NAMES = (
    "accessToken", "refreshToken", "clientSecret", "secretAccessKey", "sessionToken",
    "SecretAccessKey", "SessionToken", "deviceCode", "userCode",
)  # fmt: skip


def _secrets_in(content: Any) -> list[str]:
    if not isinstance(content, dict):
        return []
    here = [str(value) for name, value in content.items() if name in SECRET_NAMES]
    inner = [secret for value in content.values() for secret in _secrets_in(value)]
    return here + inner


def _form(members: dict[Any, Any]) -> str:
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in members.items())


def _quoted(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def _variable(name: str) -> str:
    variable = name.upper().replace("-", "_")
    is_own = variable in ("CONTENT_TYPE", "CONTENT_LENGTH")
    return variable if is_own else f"HTTP_{variable}"


def _header(value: Any) -> str:
    """Return a header as WSGI has it: its bytes as Latin-1, without the ends of lines."""
    text = value if isinstance(value, str) else json.dumps(value)
    sent = text.encode("utf-8", "surrogatepass").replace(b"\r", b" ").replace(b"\n", b" ")
    return sent.decode("latin-1")

"""Mutations of honest messages: none is taken unless it says the same, and none is answered by anything but a no."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.providers.saml import idps, keys, message_guard
from accounts.providers.saml.pysaml2_client import SamlClient, client_for
from accounts.providers.saml.safe_xml import Rejected
from accounts.providers.saml.service_provider import ServiceProvider
from accounts.providers.saml.validation import Assertion, ExpectedResponse
from tests.support.saml_kit import ACS, AUDIENCE, OKTA, SP, at

BASES = ("plain", "both", "sealed")
TOKENS = (
    "<", ">", "&", '"', "'", "/", "<!--x-->", "<!DOCTYPE a>", "<?a?>", "<![CDATA[x]]>", "&#0;", "&#x202e;", "\u00a0",
    "\x00", "]]>", ' ID="_a1"', ' Id="_a1"', ' xml:id="_a1"', ' InResponseTo="_x"', ' xmlns:saml="x"',
    "alice@example.com",
    "mallory", "<saml:NameID>mallory</saml:NameID>", "<saml:Assertion/>",
    "<ds:Signature/>", "<saml:Audience>x</saml:Audience>",
    "admins", "developers", "_a1", "_r1", "#_r1", "", " ", "\n", "2999-01-01T00:00:00Z", "rsa-sha1", "none", "😀",
)  # fmt: skip
ELEMENT = re.compile(r"<([a-z0-9]+:[A-Za-z0-9]+)[^>]*?(/>|>)")
VALUE = re.compile(r'"[^"<>]*"|(?<=>)[^<>]+(?=<)')


@pytest.fixture
def stage(
    connected: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> tuple[SamlClient, ExpectedResponse, dict[str, str]]:
    """Return a client, what it expects, and honest messages that last for hours."""
    file = tmp_path / "ours.pem"
    file.write_text(keys.stored()[0]["certificate"])
    found = idps.current()
    client = client_for(ServiceProvider(SP), found.by_name["okta"], found.stamp)
    expected = ExpectedResponse(OKTA.entity_id, AUDIENCE, ACS, "_q1", datetime.now(UTC))
    idp = OKTA.with_changes(request="_q1", until=at(hours=9), confirmed_until=at(hours=9))
    both = idp.with_changes(signs=("assertion", "response"))
    made = {
        "plain": idp.build(),
        "both": both.build(),
        "sealed": idp.with_changes(encrypts=str(file)).build(),
    }
    return client, expected, made


def taken(client: SamlClient, expected: ExpectedResponse, raw: bytes) -> Assertion | None:
    """Return what a message says, or None when it is refused; anything else that is raised would be a 500."""
    try:
        root = message_guard.parse_response(raw)
        if root.get("InResponseTo") != expected.request_id:
            return None
        return client.verify_response(raw, root, expected, expected.requested_at)
    except Rejected:
        return None


def whole(text: str, found: re.Match[str]) -> tuple[int, int]:
    """Return where an element begins and ends."""
    if found[2] == "/>":
        return found.span()
    end = text.find(f"</{found[1]}>", found.end())
    return found.start(), end + len(found[1]) + 3 if end >= 0 else found.end()


def with_other_letters(draw: Any, text: str) -> str:
    """Return a text with characters, or a value, changed."""
    kind, token = (
        draw(st.sampled_from(("cut", "put", "swap", "value"))),
        draw(st.sampled_from(TOKENS)),
    )
    place, values = draw(st.integers(0, len(text) - 1)), list(VALUE.finditer(text))
    if kind == "value" and values:
        found = draw(st.sampled_from(values))
        return (
            text[: found.start()]
            + (f'"{token}"' if found[0].startswith('"') else token)
            + text[found.end() :]
        )
    if kind == "cut":
        return text[:place] + text[place + draw(st.integers(1, 40)) :]
    if kind == "swap":
        return text[:place] + draw(st.characters(codec="utf-8")) + text[place + 1 :]
    return text[:place] + token + text[place:]


def with_other_elements(draw: Any, text: str, elements: list[re.Match[str]]) -> str:
    """Return a text with an element twice, gone, moved or renamed."""
    kind = draw(st.sampled_from(("twice", "gone", "moved", "renamed")))
    start, end = whole(text, draw(st.sampled_from(elements)))
    other = whole(text, draw(st.sampled_from(elements)))[draw(st.sampled_from((0, 1)))]
    if kind == "renamed":
        return (
            text[:start]
            + text[start:end].replace(":", draw(st.sampled_from(("x:", ":x", ""))), 1)
            + text[end:]
        )
    if kind == "twice":
        return text[:other] + text[start:end] + text[other:]
    if kind == "gone" or start < other < end:
        return text[:start] + text[end:]
    rest = text[:start] + text[end:]
    other -= (end - start) * (other >= end)
    return rest[:other] + text[start:end] + rest[other:]


@st.composite
def mutations(draw: Any, messages: dict[str, str]) -> tuple[str, str]:
    """Return the name of an honest message, and that message changed once to three times."""
    name = draw(st.sampled_from(BASES))
    text = messages[name]
    for _ in range(draw(st.integers(1, 3))):
        elements = list(ELEMENT.finditer(text))
        by_element = elements and draw(st.booleans())
        text = (
            with_other_elements(draw, text, elements)
            if by_element
            else with_other_letters(draw, text or " ")
        )
    return name, text


def try_many(stage: Any, examples: int) -> dict[str, int]:
    """Try so many mutations; return how many were taken as the same, and how many refused."""
    client, expected, messages = stage
    honest = {name: taken(client, expected, text.encode()) for name, text in messages.items()}
    assert None not in honest.values()
    counts = {"same": 0, "refused": 0}

    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(mutations(messages))
    def holds(made: tuple[str, str]) -> None:
        name, text = made
        said = taken(client, expected, text.encode("utf-8", "surrogatepass"))
        assert said in (None, honest[name])
        counts["refused" if said is None else "same"] += 1

    holds()
    return counts


def test_a_mutation_is_taken_only_if_it_says_the_same(stage):
    counts = try_many(stage, 400)
    assert counts["refused"] > 200


@pytest.mark.soak
def test_ten_thousand_mutations_are_taken_only_if_they_say_the_same(stage, capsys):
    counts = try_many(stage, 10_000)
    with capsys.disabled():
        print(f"\nmutations: {counts}")  # noqa: T201
    assert counts["refused"] > 5_000

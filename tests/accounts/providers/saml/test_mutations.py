"""Mutations of honest messages: each is refused unless it still says the same."""

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.providers.saml import idps, message_guard
from accounts.providers.saml.pysaml2_client import SamlClient, client_for
from accounts.providers.saml.safe_xml import Rejected
from accounts.providers.saml.service_provider import ServiceProvider
from accounts.providers.saml.validation import Assertion, ExpectedResponse
from tests.support.saml_kit import ACS, AUDIENCE, OKTA, SP, at
from tests.support.saml_stage import use_own_certificate

TOKENS = (
    "<", ">", "&", '"', "'", "/", "", " ", "\n", "\x00", "]]>", "\u00a0", "😀", "&#0;", "&#x202e;",
    "<!--x-->", "<!DOCTYPE a>", "<?a?>", "<![CDATA[x]]>",
    ' ID="_a1"', ' Id="_a1"', ' xml:id="_a1"', ' InResponseTo="_x"', ' xmlns:saml="x"',
    "alice@example.com", "mallory", "<saml:NameID>mallory</saml:NameID>", "<saml:Assertion/>",
    "<ds:Signature/>", "<saml:Audience>x</saml:Audience>", "admins", "developers",
    "_a1", "_r1", "#_r1", "2999-01-01T00:00:00Z", "rsa-sha1", "none",
)  # fmt: skip
START_TAG = re.compile(r"<([a-z0-9]+:[A-Za-z0-9]+)[^>]*?(/>|>)")
VALUE = re.compile(r'"[^"<>]*"|(?<=>)[^<>]+(?=<)')


class Stage(NamedTuple):
    client: SamlClient
    expected: ExpectedResponse
    messages: dict[str, str]
    """Honest ones, by name, that are valid for hours."""

    def verify(self, xml: bytes) -> Assertion | None:
        """Return the assertion of a message, or None if it is refused.

        Anything else that is raised would be a 500.
        """
        try:
            response = message_guard.parse_response(xml)
            if response.get("InResponseTo") != self.expected.request_id:
                return None
            return self.client.verify_response(
                xml, response, self.expected, self.expected.requested_at
            )
        except Rejected:
            return None


@pytest.fixture
def stage(connected: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Stage:
    use_own_certificate(tmp_path, monkeypatch)
    connected_idps = idps.current()
    client = client_for(ServiceProvider(SP), connected_idps.by_name["okta"], connected_idps.stamp)
    expected = ExpectedResponse(OKTA.entity_id, AUDIENCE, ACS, "_q1", datetime.now(UTC))
    idp = OKTA.with_changes(request="_q1", until=at(hours=9), confirmed_until=at(hours=9))
    messages = {
        "plain": idp.build(),
        "both": idp.with_changes(signs=("assertion", "response")).build(),
        "encrypted": idp.with_changes(encrypts="OURS").build(),
    }
    return Stage(client, expected, messages)


def span_of(text: str, start_tag: re.Match[str]) -> tuple[int, int]:
    """Return where an element begins and ends."""
    if start_tag[2] == "/>":
        return start_tag.span()
    end_tag = f"</{start_tag[1]}>"
    end = text.find(end_tag, start_tag.end())
    if end < 0:
        return start_tag.span()
    return start_tag.start(), end + len(end_tag)


def change_characters(draw: Any, text: str) -> str:
    """Return a text with characters, or a value, changed."""
    kind = draw(st.sampled_from(("cut", "insert", "replace", "value")))
    token = draw(st.sampled_from(TOKENS))
    index = draw(st.integers(0, len(text) - 1))
    values = list(VALUE.finditer(text))

    if kind == "value" and values:
        value = draw(st.sampled_from(values))
        if value[0].startswith('"'):
            token = f'"{token}"'
        return text[: value.start()] + token + text[value.end() :]
    if kind == "cut":
        return text[:index] + text[index + draw(st.integers(1, 40)) :]
    if kind == "replace":
        return text[:index] + draw(st.characters(codec="utf-8")) + text[index + 1 :]
    return text[:index] + token + text[index:]


def change_elements(draw: Any, text: str, start_tags: list[re.Match[str]]) -> str:
    """Return a text with an element twice, removed, moved or renamed."""
    kind = draw(st.sampled_from(("twice", "removed", "moved", "renamed")))
    start, end = span_of(text, draw(st.sampled_from(start_tags)))
    element = text[start:end]
    other_span = span_of(text, draw(st.sampled_from(start_tags)))
    target = draw(st.sampled_from(other_span))

    if kind == "renamed":
        new_colon = draw(st.sampled_from(("x:", ":x", "")))
        return text[:start] + element.replace(":", new_colon, 1) + text[end:]
    if kind == "twice":
        return text[:target] + element + text[target:]

    rest = text[:start] + text[end:]
    if kind == "removed" or start < target < end:
        return rest
    if target >= end:
        target -= end - start
    return rest[:target] + element + rest[target:]


@st.composite
def mutations(draw: Any, messages: dict[str, str]) -> tuple[str, str]:
    """Return the name of an honest message, and that message changed once to three times."""
    name = draw(st.sampled_from(sorted(messages)))
    text = messages[name]
    for _ in range(draw(st.integers(1, 3))):
        start_tags = list(START_TAG.finditer(text))
        if start_tags and draw(st.booleans()):
            text = change_elements(draw, text, start_tags)
        else:
            text = change_characters(draw, text or " ")
    return name, text


def try_many(stage: Stage, examples: int) -> Counter[str]:
    """Try so many mutations; return how many were accepted as the same, and how many refused."""
    honest = {name: stage.verify(text.encode()) for name, text in stage.messages.items()}
    assert None not in honest.values()
    counts: Counter[str] = Counter()

    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(mutations(stage.messages))
    def try_one(mutation: tuple[str, str]) -> None:
        name, text = mutation
        assertion = stage.verify(text.encode("utf-8", "surrogatepass"))
        assert assertion in (None, honest[name])
        counts["refused" if assertion is None else "same"] += 1

    try_one()
    return counts


def test_a_mutation_is_accepted_only_if_it_says_the_same(stage):
    assert try_many(stage, 400)["refused"] > 200


@pytest.mark.soak
def test_ten_thousand_mutations_are_accepted_only_if_they_say_the_same(stage, capsys):
    counts = try_many(stage, 10_000)
    with capsys.disabled():
        print(f"\nmutations: {counts}")  # noqa: T201
    assert counts["refused"] > 5_000

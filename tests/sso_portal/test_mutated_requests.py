"""Mutated requests: no 5xx, every answer in its protocol's shape, no secret in any log."""

import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brokers import catalogue
from brokers.models import Target
from sso_portal import device_codes
from tests.support.everything_logged import everything_logged
from tests.support.mutations import MUTATIONS, PAGES, VALID, Sent, Stock, mutated

FEW = settings(
    max_examples=240,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
MANY = settings(FEW, max_examples=10_000, derandomize=False)

NO_JSON = {"/sso/logout": b"", "/api/v1/aws-config": b"# >>> cooper"}
"""Answers of 200 that are no JSON, and how they begin."""

CLIENT = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?/[^?#\\]*\?")
"""A redirect to a client, on whatever port."""


LIMITS = ("POLLS_PER_MINUTE", "STARTS_PER_MINUTE", "GUESSES", "GUESSES_OF_ADDRESS")


@pytest.fixture
def stock(client_of, settings, monkeypatch):
    settings.COOPER_CLI_GRANTS_PER_MINUTE = 1_000_000
    settings.COOPER_DEVICE_CODE = ["local:developers"]
    for limit in LIMITS:
        monkeypatch.setattr(device_codes, limit, 1_000_000)

    def open_to_permits(writes) -> None:
        target = Target.find("staging-read")
        target.command_lines = "permit"
        target.reason_pattern = r"OPS-\d{1,6}"
        writes.save(target)

    catalogue.edit(open_to_permits, "staging-read")
    return Stock(client_of)


def check(name: str, sent: Sent, response, *, by_person: bool) -> None:
    """Look at an answer: its status, its shape, what it sets."""
    assert response.status_code < 500, sent
    assert "no-store" in response.headers["Cache-Control"]
    if name in ("authorize", "yes"):
        check_yes(response, by_person=by_person)
        return
    if name in PAGES:
        assert response.headers.get("Location", "/").startswith("/")
        return

    assert response.cookies == {} and "Location" not in response.headers
    if sent.method == "HEAD" or not (response.content or response.status_code != 200):
        return
    if response.status_code == 200 and sent.path in NO_JSON:
        assert response.content.startswith(NO_JSON[sent.path])
        return
    assert response.headers["Content-Type"] == "application/json"
    if response.status_code != 200:
        check_error(sent, response)


def check_error(sent: Sent, response) -> None:
    """Look at an error: its name and its text, of the service that was asked."""
    content = response.json()
    names = {"error", "message"}
    if sent.path.startswith("/sso"):
        assert content.pop("__type") == response.headers["x-amzn-ErrorType"]
        of_oidc = {"error", "error_description", "message"}
        names = of_oidc if "/sso-oidc/" in sent.path else {"message"}
    assert set(content) - {"permitUrl"} == names
    assert all(isinstance(text, str) and text.strip() for text in content.values())


def check_yes(response, *, by_person: bool) -> None:
    """Look at an answer of the page of the yes: it leads to the client, or to signing in."""
    location = response.headers.get("Location", "")
    is_to_client = CLIENT.match(location) is not None
    assert is_to_client or location.startswith("/login/?next=") or not location
    assert "?code=" not in location or by_person
    assert location.isascii() and location.isprintable()


def send_mutated(stock: Stock, how_many: settings) -> Counter[tuple[str, int]]:
    """Send mutated requests; return how often each valid one was answered how."""
    answers: Counter[tuple[str, int]] = Counter()

    with everything_logged() as lines:

        @how_many
        @given(name=st.sampled_from(sorted(VALID)), mutations=MUTATIONS, by_person=st.booleans())
        def send_one(name, mutations, by_person):
            is_page = name in PAGES
            sent = mutated(VALID[name], mutations)
            secrets = stock.secrets
            del lines[:]
            response = stock.send(sent, by_person=by_person and is_page)

            answers[name, response.status_code] += 1
            check(name, sent, response, by_person=by_person)
            logged = "\n".join(lines)
            assert not [secret for secret in secrets if secret in logged], sent
            if response.status_code >= 400 and not is_page:
                # a page has its own address, whatever its sender put there
                text = response.text
                assert not [secret for secret in secrets if secret in text], sent

        send_one()
    return answers


def succeeded(answers: Counter[tuple[str, int]]) -> set[str]:
    return {name for name, status in answers if status in (200, 302)}


def test_mutated_requests_are_answered_as_the_protocol_has_it(stock):
    answers = send_mutated(stock, FEW)
    # they get deep: most go right sometimes, and wrong at other times
    assert len(succeeded(answers)) > len(VALID) / 2
    assert len({name for name, status in answers if status >= 400}) > len(VALID) / 2


@pytest.mark.soak
def test_ten_thousand_mutated_requests_are_answered_as_the_protocol_has_it(stock):
    answers = send_mutated(stock, MANY)
    # credentials that take a permit are had by whoever was given one just before
    assert succeeded(answers) >= set(VALID) - {"permit needed"}
    assert answers.total() >= 10_000

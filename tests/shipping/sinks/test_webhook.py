"""Delivering to a webhook: signed, tried again, to the host that it names and to no other."""

import hmac
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from core import aws
from core.retry import Backoff
from shipping.sinks import Undelivered, https, sinks_from_environment
from shipping.sinks.network import Permission, read_place
from shipping.sinks.webhook import WebhookSink
from tests.shipping.sinks.batches import batch_of
from tests.support.paths import ROOT
from tests.support.sink_stub import Stub, certificate_for, receiving

KEY = "k" * 32
TRYING_OUT = Permission(loopback=True)
BATCH = batch_of({"person": "local:alice", "why": "Störung"}, number=7)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(https, "BACKOFF", Backoff(0.001, 0.001))


@pytest.fixture
def stub() -> Iterator[Stub]:
    with receiving() as running:
        yield running


def webhook(url: str, permission: Permission = TRYING_OUT) -> WebhookSink:
    return WebhookSink(read_place("COOPER_SHIP_WEBHOOK_URL", url, permission), KEY, permission)


def receiver_of_the_docs() -> Callable[[Mapping[str, str], bytes, str], bool]:
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/siem.md").read_text(), re.DOTALL)
    scope: dict[str, Any] = {}
    exec(code, scope)  # noqa: S102 - our own docs
    is_from_cooper: Callable[[Mapping[str, str], bytes, str], bool] = scope["is_from_cooper"]
    return is_from_cooper


def test_a_receiver_verifies_a_batch_by_the_lines_of_the_docs(stub: Stub) -> None:
    webhook(stub.url).deliver(BATCH)
    [request] = stub.received
    assert request.path == "/events" and request.body == BATCH.body
    assert request.headers["Cooper-Batch"] == "7"

    is_from_cooper = receiver_of_the_docs()
    assert is_from_cooper(request.headers, request.body, KEY)
    assert not is_from_cooper(request.headers, request.body + b" ", KEY)
    assert not is_from_cooper(request.headers, request.body, "another")
    for name in ("Cooper-Batch", "Cooper-Timestamp"):
        assert not is_from_cooper(request.headers | {name: "8"}, request.body, KEY)
    old = request.headers | {"Cooper-Timestamp": "1000000000"}
    signed = b"1000000000:7:" + BATCH.body
    old["Cooper-Signature"] = f"v1={hmac.new(KEY.encode(), signed, 'sha256').hexdigest()}"
    assert not is_from_cooper(old, request.body, KEY), "it may be sent again by a stranger"


def test_while_the_key_is_changed_either_one_verifies(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COOPER_SHIP_LOOPBACK", "1")
    monkeypatch.setenv("COOPER_SHIP_WEBHOOK_URL", stub.url)
    monkeypatch.setenv("COOPER_SHIP_WEBHOOK_KEY", "n" * 32)
    monkeypatch.setenv("COOPER_SHIP_WEBHOOK_OLD_KEY", KEY)
    [sink] = sinks_from_environment()
    assert sink.problems() == []
    sink.deliver(BATCH)

    [request] = stub.received
    is_from_cooper = receiver_of_the_docs()
    for key in ("n" * 32, KEY):
        assert is_from_cooper(request.headers, request.body, key)
    assert not is_from_cooper(request.headers, request.body, "another")

    # a receiver that is told the new one alone goes on once the old one is gone
    monkeypatch.setenv("COOPER_SHIP_WEBHOOK_OLD_KEY", "short")
    [sink] = sinks_from_environment()
    assert "COOPER_SHIP_WEBHOOK_OLD_KEY has fewer than 32" in sink.problems()[0]
    monkeypatch.delenv("COOPER_SHIP_WEBHOOK_OLD_KEY")
    [sink] = sinks_from_environment()
    sink.deliver(BATCH)
    assert not is_from_cooper(stub.received[-1].headers, BATCH.body, KEY)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_a_busy_receiver_is_asked_again(stub: Stub, status: int) -> None:
    stub.answers = [(status, {}, b""), (status, {}, b"")]
    webhook(stub.url).deliver(BATCH)
    assert [request.body for request in stub.received] == [BATCH.body] * 3


def test_it_waits_as_long_as_it_is_asked_to(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("core.retry.time.sleep", pauses.append)
    stub.answers = [(429, {"Retry-After": "3"}, b""), (503, {"Retry-After": "Thu, 01"}, b"")]
    webhook(stub.url).deliver(BATCH)
    assert len(pauses) == 2 and 3 <= pauses[0] <= 4.5 and pauses[1] < 0.1

    stub.answers = [(503, {"Retry-After": "3600"}, b"")]
    with pytest.raises(Undelivered) as error:
        webhook(stub.url).deliver(BATCH)
    assert error.value.again and error.value.retry_after == 3600 and len(pauses) == 2


def test_what_stays_busy_is_for_later_and_a_refusal_for_a_person(stub: Stub) -> None:
    stub.answers = [(503, {}, b"")] * 3
    with pytest.raises(Undelivered, match="503") as busy:
        webhook(stub.url).deliver(BATCH)
    assert busy.value.again and len(stub.received) == 3

    for status in (400, 413, 415, 422):
        stub.answers = [(status, {}, b"no")]
        with pytest.raises(Undelivered, match=f"batch 7 with {status}") as refused:
            webhook(stub.url).deliver(BATCH)
        assert not refused.value.again


@pytest.mark.parametrize("status", [401, 403, 404, 405, 410, 451])
def test_what_can_be_mended_makes_no_dead_letter(stub: Stub, status: int) -> None:
    stub.answers = [(status, {}, b"no")]
    with pytest.raises(Undelivered, match="COOPER_SHIP_WEBHOOK_KEY") as error:
        webhook(stub.url).deliver(BATCH)
    assert error.value.again


def test_no_redirect_is_followed(stub: Stub) -> None:
    with receiving() as other:
        for status in (301, 302, 303, 307, 308):
            stub.answers = [(status, {"Location": other.url}, b"")]
            with pytest.raises(Undelivered, match="redirects are not followed") as error:
                webhook(stub.url).deliver(BATCH)
            assert error.value.again
        assert other.received == []


def test_a_large_answer_is_not_read_whole(stub: Stub) -> None:
    stub.answers = [(200, {"Content-Encoding": "gzip"}, b"x" * 1_000_000)]
    webhook(stub.url).deliver(BATCH)


def test_an_answer_that_drips_is_given_up(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(https, "ANSWER_SECONDS", 0.1)
    released = threading.Event()
    stub.respond = lambda _: (released.wait(30), (200, {}, b""))[1]
    with pytest.raises(Undelivered, match="ReadTimeout") as error:
        webhook(stub.url).deliver(BATCH)
    released.set()
    assert error.value.again


def test_the_certificate_has_to_be_the_hosts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = certificate_for("localhost", tmp_path)
    wrong = certificate_for("elsewhere.example", tmp_path)
    with receiving(right) as stub:
        with pytest.raises(Undelivered, match="certificate"):
            webhook(stub.url).deliver(BATCH)
        assert stub.received == [], "nobody vouches for it"

        monkeypatch.setenv("SSL_CERT_FILE", str(right))
        webhook(stub.url).deliver(BATCH)
        assert stub.received[0].headers["Host"] == stub.url.split("/")[2]

    monkeypatch.setenv("SSL_CERT_FILE", str(wrong))
    with receiving(wrong) as stub:
        with pytest.raises(Undelivered, match="certificate"):
            webhook(stub.url).deliver(BATCH)
        assert stub.received == []


def test_its_problems_are_sentences(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert webhook(stub.url).problems() == []
    place = read_place("COOPER_SHIP_WEBHOOK_URL", "https://hooks.example/x", Permission())
    monkeypatch.setattr(
        "socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("169.254.169.254", 443))]
    )
    problems = WebhookSink(place, "short", Permission()).problems()
    assert "openssl rand" in problems[0] and "metadata" in problems[1]


def test_the_key_is_in_no_text(stub: Stub) -> None:
    sink = webhook(stub.url)
    stub.answers = [(400, {}, KEY.encode())]
    with pytest.raises(Undelivered) as error:
        sink.deliver(BATCH)
    assert KEY not in repr(sink) + repr(error.value) + error.value.line
    assert KEY not in str(stub.received)


def test_a_pause_that_the_delivery_has_no_time_for_is_for_later(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("core.retry.time.sleep", pauses.append)
    stub.answers = [(429, {"Retry-After": "4"}, b"")]
    with aws.deadline(3), pytest.raises(Undelivered, match="429") as error:
        webhook(stub.url).deliver(BATCH)
    assert error.value.again and error.value.retry_after == 4
    assert pauses == [] and len(stub.received) == 1

"""No sink leads to this machine, into a network that nobody named, or to metadata services."""

import socket
from itertools import product
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from core.retry import Backoff
from shipping.sinks import Undelivered, https
from shipping.sinks.network import Permission, RefusedAddress, read_place, resolve
from shipping.sinks.webhook import WebhookSink
from tests.shipping.sinks.batches import batch_of
from tests.support.sink_stub import receiving

NAME = "COOPER_SHIP_WEBHOOK_URL"

METADATA = (
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "169.254.0.1",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fe80::1",
    "fe80::1%eth0",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "::169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
)
"""Where credentials are given to whoever asks, in every way of writing them."""

NOWHERE = ("0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1")  # noqa: S104

OWN = ("127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::")

PRIVATE = (
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "198.18.0.1",
    "fd12:3456::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::",
)

PUBLIC = ("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c")

HOSTILE_URLS = (
    "http://hooks.example/",
    "HTTP://hooks.example/",
    "ftp://hooks.example/",
    "file:///etc/passwd",
    "gopher://hooks.example/",
    "//hooks.example/",
    "hooks.example",
    "https://",
    "https:///x",
    "https://user@hooks.example/",
    "https://user:secret@hooks.example/",  # pragma: allowlist secret
    "https://hooks.example@169.254.169.254/",
    "https://hooks.example\\@169.254.169.254/",
    "https://hooks.example#@169.254.169.254/",
    "https://hooks.example/\r\nHost: evil",
    "https://hooks.example/ x",
    "https://hooks.example:99999/",
    "https://hooks.example:x/",
    "https://[::1/",
    "https://höoks.example/",
    "https://ⓗooks.example/",
)

LOOPBACK_SPELLINGS = (
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://localhost/",
    "https://localhost./",
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://[fd00:ec2::254]/",
    "https://0.0.0.0/",
    "https://0/",
    "https://10.0.0.1/",
)


def leading_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    answers = [(0, 1, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: answers)


def refuses(permission: Permission, url: str = "https://hooks.example/") -> bool:
    try:
        resolve(read_place(NAME, url, permission), permission)
    except RefusedAddress:
        return True
    return False


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_a_hostile_address_is_no_sink(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=NAME):
        read_place(NAME, url, Permission())


@pytest.mark.parametrize("url", LOOPBACK_SPELLINGS)
def test_however_it_is_spelt_it_is_this_machine(url: str) -> None:
    assert refuses(Permission(), url)


@pytest.mark.parametrize("address", METADATA + NOWHERE)
def test_what_gives_credentials_away_is_never_a_sink(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    leading_to(monkeypatch, address)
    everything = Permission(frozenset({"hooks.example", address}), loopback=True)
    assert refuses(Permission()) and refuses(everything)


@pytest.mark.parametrize("address", OWN)
def test_this_machine_is_for_trying_out_alone(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    leading_to(monkeypatch, address)
    assert refuses(Permission(frozenset({"hooks.example"})))
    assert not refuses(Permission(loopback=True))


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_has_to_be_named(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    leading_to(monkeypatch, address)
    assert refuses(Permission())
    assert refuses(Permission(frozenset({"other.example"})))
    assert not refuses(Permission(frozenset({"hooks.example"})))
    trying_out = Permission(frozenset({"hooks.example"}), loopback=True)
    assert refuses(trying_out, "http://hooks.example/"), "http is for this machine alone"


def test_one_bad_address_among_good_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    leading_to(monkeypatch, *PUBLIC)
    assert not refuses(Permission())
    for good, bad in product(PUBLIC, METADATA + NOWHERE + OWN + PRIVATE):
        leading_to(monkeypatch, good, bad)
        assert refuses(Permission()), bad


def test_nothing_connects_to_a_refused_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener at loopback hears nothing, whatever name leads to it and whenever."""
    monkeypatch.setattr(https, "BACKOFF", Backoff(0.001, 0.001))
    with receiving() as canary:
        port = int(canary.url.split(":")[2].split("/")[0])
        for address in OWN:
            leading_to(monkeypatch, address)
            place = read_place(NAME, f"https://hooks.example:{port}/", Permission())
            with pytest.raises(Undelivered, match="this machine"):
                WebhookSink(place, "k" * 32, Permission()).deliver(batch_of())
        assert canary.received == []


def test_a_name_that_changes_its_mind_is_asked_once_for_a_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: the address that was looked at is the one that is connected to."""
    monkeypatch.setattr(https, "TRIES", 1)
    real_lookup = socket.getaddrinfo
    asked: list[str] = []
    connected: list[Any] = []

    def rebinding(host: str, *arguments: Any, **named: Any) -> Any:
        if host != "hooks.example":
            return real_lookup(host, *arguments, **named)
        asked.append(host)
        return [(0, 1, 6, "", (PUBLIC[0] if len(asked) == 1 else "127.0.0.1", 443))]

    def refuse(address: Any, *_: Any, **__: Any) -> Any:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("socket.getaddrinfo", rebinding)
    monkeypatch.setattr("urllib3.util.connection.create_connection", refuse)
    place = read_place(NAME, "https://hooks.example/", Permission())
    with pytest.raises(Undelivered, match="nothing answers"):
        WebhookSink(place, "k" * 32, Permission()).deliver(batch_of())
    assert asked == ["hooks.example"] and connected == [(PUBLIC[0], 443)]


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as stub, receiving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        permission = Permission(loopback=True)
        place = read_place(NAME, stub.url, permission)
        WebhookSink(place, "k" * 32, permission).deliver(batch_of())
        assert len(stub.received) == 1 and proxy.received == []

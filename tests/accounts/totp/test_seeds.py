"""The seed of a device: how an app reads it, and for whom KMS decrypts it."""

import base64
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from accounts.models import TotpDevice
from accounts.totp import seeds
from core.errors import CooperError, Refused, Unavailable
from tests.support import faults
from tests.support.faults import Fault

SEED = b"12345678901234567890"
OTHER_SEED = b"09876543210987654321"
ALICE, BOB = "local:alice", "local:bob"


def device_with(ciphertext, person: str) -> TotpDevice:
    return TotpDevice(person, seed=ciphertext.blob, key_arn=ciphertext.key_arn)


def test_it_makes_seeds_of_160_bits():
    assert len(seeds.new_seed()) == 20 and seeds.new_seed() != seeds.new_seed()


@pytest.mark.parametrize("length", [5, 16, 20, 21])
def test_it_writes_base32_without_padding(length):
    text = seeds.base32(SEED[:length])
    padding = "=" * (-len(text) % 8)
    assert "=" not in text and base64.b32decode(text + padding) == SEED[:length]


@pytest.mark.parametrize(
    "person", [ALICE, "okta:alice@example.com", "okta:a b&c=d?e#f/g", "entra:ä%41", "okta:urn:x:y"]
)
def test_it_writes_a_uri_that_apps_read(person):
    uri = urlsplit(seeds.otpauth_uri(SEED, person))
    assert (uri.scheme, uri.netloc, uri.fragment) == ("otpauth", "totp", "")
    assert "+" not in uri.query, "some apps show it as it is"
    fields = parse_qs(uri.query)
    assert fields["secret"] == [seeds.base32(SEED)]

    # the account's name is behind the one colon, and the issuer before it
    issuer, name = uri.path.removeprefix("/").split(":")
    assert fields["issuer"] == [unquote(issuer)]
    assert ":" not in unquote(issuer) + unquote(name)
    assert unquote(name) == seeds.account_name(SEED, person)


def test_a_device_has_its_name_from_its_person_and_its_seed():
    name = seeds.account_name(SEED, ALICE)
    assert name == f"alice (local) {seeds.device_label(SEED)}"
    assert name != seeds.account_name(OTHER_SEED, ALICE)
    assert name == seeds.account_name(SEED, ALICE)


def test_a_new_device_has_another_name_than_the_one_before_it(monkeypatch):
    """So that an app keeps the old device's entry beside the new one's."""
    drawn = iter([SEED, SEED, OTHER_SEED])
    monkeypatch.setattr("accounts.totp.seeds.secrets.token_bytes", lambda _length: next(drawn))
    assert seeds.new_seed(taken_label=seeds.device_label(SEED)) == OTHER_SEED


@pytest.mark.parametrize(
    ("public_url", "bind", "issuer"),
    [
        ("https://cooper.example.com", "127.0.0.1:8000", "cooper cooper.example.com"),
        ("https://cooper.example.com:8443", "127.0.0.1:8000", "cooper cooper.example.com-8443"),
        ("http://[::1]:8000", "127.0.0.1:8000", "cooper [--1]-8000"),
        ("", "127.0.0.1:8000", "cooper 127.0.0.1-8000"),
    ],
)
def test_the_issuer_names_the_installation(settings, public_url, bind, issuer):
    settings.COOPER_PUBLIC_URL = public_url
    settings.COOPER_BIND = bind
    uri = urlsplit(seeds.otpauth_uri(SEED, ALICE))
    assert parse_qs(uri.query)["issuer"] == [issuer]


def test_it_decrypts_a_seed_for_its_person(store):
    ciphertext = seeds.encrypt_seed(SEED, ALICE)
    assert SEED not in ciphertext.blob
    assert seeds.decrypt_seed(ciphertext, ALICE) == SEED
    assert seeds.decrypt_device_seed(device_with(ciphertext, ALICE)) == SEED


def test_it_decrypts_a_seed_for_nobody_else(store):
    ciphertext = seeds.encrypt_seed(SEED, ALICE)
    with pytest.raises(CooperError, match="InvalidCiphertext"):
        seeds.decrypt_seed(ciphertext, BOB)
    with pytest.raises(Refused, match="Ask an administrator to reset"):
        seeds.decrypt_device_seed(device_with(ciphertext, BOB))


def test_it_decrypts_no_seed_of_another_installation(store, settings):
    ciphertext = seeds.encrypt_seed(SEED, ALICE)
    settings.COOPER_TABLE_PREFIX = "other-"
    with pytest.raises(CooperError, match="InvalidCiphertext"):
        seeds.decrypt_seed(ciphertext, ALICE)


def test_it_does_not_take_an_outage_for_a_wrong_person(store):
    device = device_with(seeds.encrypt_seed(SEED, ALICE), ALICE)
    with faults.on(Fault("kms")), pytest.raises(Unavailable):
        seeds.decrypt_device_seed(device)

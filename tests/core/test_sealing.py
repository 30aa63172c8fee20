"""What is sealed opens where it belongs, and nowhere else."""

import base64

import pytest

from core.sealing import seal, unseal

TEXT = "reason=INC-4711&destination=%2Fs3%2Fhome ü"


@pytest.fixture(autouse=True)
def _secret_key(settings):
    settings.SECRET_KEY = "first"
    settings.SECRET_KEY_FALLBACKS = []


def test_it_opens_for_its_context_alone():
    sealed = seal(TEXT, context="local:alice")
    assert unseal(sealed, context="local:alice") == TEXT
    with pytest.raises(ValueError, match="another"):
        unseal(sealed, context="local:alice ")


def test_it_shows_nothing_of_the_text_and_is_another_each_time():
    sealed = {seal(TEXT, context="local:alice") for _ in range(2)}
    assert len(sealed) == 2
    assert not any(b"INC-4711" in base64.b64decode(each) for each in sealed)


def test_it_opens_after_the_secret_key_was_rotated_until_the_old_one_is_gone(settings):
    sealed = seal(TEXT, context="local:alice")
    settings.SECRET_KEY = "second"
    settings.SECRET_KEY_FALLBACKS = ["first"]
    assert unseal(sealed, context="local:alice") == TEXT
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(ValueError, match="another"):
        unseal(sealed, context="local:alice")


def test_it_opens_no_more_when_any_byte_is_changed():
    raw = base64.b64decode(seal(TEXT, context="local:alice"))
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(ValueError, match="another"):
            unseal(base64.b64encode(changed).decode(), context="local:alice")


@pytest.mark.parametrize("garbage", ["", "x", "====", "AAAA", "é" * 20])
def test_garbage_is_a_value_error(garbage):
    with pytest.raises(ValueError):  # noqa: PT011 - of base64 or ours
        unseal(garbage, context="local:alice")

"""cooper's own first SAML key is made once."""

from accounts.providers.saml import keys
from embedded_aws import EmbeddedAws


def test_a_key_that_another_one_made_meanwhile_is_the_first_one(
    store: EmbeddedAws, monkeypatch
) -> None:
    assert keys.ensure() is True
    present = keys.stored()
    answers = iter([[], present])
    monkeypatch.setattr(keys, "stored", lambda: next(answers))
    assert keys.ensure() is False

    monkeypatch.undo()
    assert keys.stored() == present

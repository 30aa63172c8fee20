"""The forms of a person's own device: what proof each step takes."""

from typing import Any

from django import forms
from django.conf import settings

from accounts import stepup
from accounts.identity import Identity
from accounts.providers import provider_for


class ProofForm(forms.Form):
    """Asks for proof of who it is: those of its fields that the step takes."""

    password = forms.CharField(
        required=False,
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = stepup.field()
    recovery_code = stepup.letters_field(
        "Recovery code",
        "16 letters and digits, as in ABCD-EFGH-IJKL-MN23. Hyphens and capitals do not matter.",
    )
    enrolment_code = stepup.letters_field(
        "Enrolment code",
        "16 letters and digits, from an administrator. Hyphens and capitals do not matter.",
    )
    next = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, proof: set[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in set(self.fields) - proof - {"next"}:
            del self.fields[name]


def begin_form(
    identity: Identity, *, has_device: bool, data: Any = None, next_page: str = ""
) -> ProofForm:
    """Return the form that begins to set a device up, or to replace the one that there is."""
    proof = _password_if_any(identity)
    if has_device:
        proof.add("code")
    elif settings.COOPER_ENROLMENT == "code":
        proof.add("enrolment_code")
    return ProofForm(data, proof=proof, initial={"next": next_page})


def recovery_form(identity: Identity, data: Any = None) -> ProofForm:
    """Return the form that replaces a lost device, by a recovery code."""
    proof = {"recovery_code"} | _password_if_any(identity)
    return ProofForm(data, proof=proof, auto_id="recover_%s")


def removal_form(data: Any = None) -> ProofForm:
    """Return the form that removes the device, by one of its codes."""
    return ProofForm(data, proof={"code"}, auto_id="remove_%s")


class ClockForm(forms.Form):
    """Two codes in a row, from which the clock of the device is learnt."""

    code = stepup.field()
    next_code = stepup.field()

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="clock_%s")
        self.fields["code"].label = "A code"
        self.fields["code"].help_text = "That you have not used yet."
        self.fields["next_code"].label = "The next code"
        self.fields["next_code"].help_text = "The one that your device shows after it."


def _password_if_any(identity: Identity) -> set[str]:
    return {"password"} if has_password(identity) else set()


def has_password(identity: Identity) -> bool:
    """Return whether the person's provider can ask for a password on the spot."""
    provider = provider_for(identity.provider)
    return provider is not None and provider.asks_password


class FirstCodeForm(forms.Form):
    """The code that proves that a new device has the seed."""

    code = stepup.field()

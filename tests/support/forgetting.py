"""What this process remembers of a store from one request to the next, forgotten."""

from accounts.admin import new_admins_card, providers_card
from brokers.admin import disabled_people_card, known_people, last_used, refusals_card
from brokers.grants import limits
from core.admin import document_source
from sso_portal import registration_keys
from sso_portal.address_limits import FAILURES, REGISTRATIONS, UNKNOWN_TOKENS

CARDS = (new_admins_card, providers_card, refusals_card, disabled_people_card)


def forget_what_is_cached() -> None:
    """Forget it, but for the catalogue, the secret keys and the guesses of a first read."""
    registration_keys.forget()
    limits.forget()
    for limit in (REGISTRATIONS, FAILURES, UNKNOWN_TOKENS):
        limit.forget()
    last_used.forget()
    known_people.forget()
    for card in CARDS:
        card.forget()
    document_source.tables.clear()

"""What the first page of the administration says of people and their identity providers."""

from datetime import timedelta
from itertools import islice

from django.urls import reverse

from accounts.administrators import NEW_ADMINS
from accounts.models import SamlIdp
from accounts.providers.saml.idp_registry import find_problems
from core import admin, audit
from core.admin.overview import Card, CardKind, KeptCard, count_in_words, now
from core.audit import AuditEvent
from core.audit_history import events_of

NEW_FOR = timedelta(days=7)
"""How long somebody counts as a new administrator."""

MOST_NEW = 50
"""New administrators that are counted."""


def _providers_url() -> str:
    return reverse("admin:accounts_samlidp_changelist")


def _providers() -> Card:
    title = "Certificates that end soon"
    problems = []
    for idp in SamlIdp.everything():
        if not idp.removed:
            problems += [f"{idp}: {problem}" for problem in find_problems(idp)]
    if not problems:
        return Card(
            title, "0", "None does, of any identity provider.", _providers_url(), as_of=now()
        )

    count = f"{len(problems):,}"
    return Card(title, count, "; ".join(problems[:3]), _providers_url(), False, as_of=now())


def _new_admins_url() -> str:
    return f"{reverse('admin:cooper_auditevent_changelist')}?q={NEW_ADMINS}"


def _new_admins() -> Card:
    since = (audit.now() - NEW_FOR).isoformat(timespec="microseconds")
    events = events_of(NEW_ADMINS, range_key_condition=AuditEvent.at > since, limit=MOST_NEW)
    count = len(list(islice(events, MOST_NEW)))
    words = count_in_words(count, MOST_NEW)
    text = "In the last seven days." if count else "None in the last seven days."
    return Card("New administrators", words, text, _new_admins_url(), not count, as_of=now())


providers_card = KeptCard(_providers)
new_admins_card = KeptCard(_new_admins)

admin.site.card_kinds += [
    CardKind("Certificates that end soon", _providers_url, providers_card),
    CardKind("New administrators", _new_admins_url, new_admins_card),
]

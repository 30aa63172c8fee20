"""Forms that were sent after their web session had ended: kept for a while, then brought back.

What may be kept is the view's to say, field by field. It is sealed, is bound to the person whose
web session ended, and waits in a store of its own, under a cookie of its own: the cookie of the web
session does not come along when an identity provider posts its response.

Nothing here sends a form: pages show it, filled in, and the person sends it again.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpResponse, QueryDict

from accounts.sessions import ENDS_AT, SessionStore, person_of_ended
from core.requests import CooperRequest
from core.sealing import seal, unseal

LIFETIME = 900
"""Seconds that a form is kept."""

SIZE_LIMIT = 65_536
"""Characters of all forms that one browser has kept, as they would be sent."""

PERSON = "form_person"
SEALED = "forms"

Forms = dict[str, tuple[float, str]]
"""By page: when it was sent (seconds since the epoch), and its fields as they were sent."""


class KeptForms:
    """The forms that are kept for one browser; each request has one, as `request.kept_forms`."""

    def __init__(self, request: CooperRequest) -> None:
        """Read nothing yet: few requests have the cookie."""
        self.request = request
        self.store = SessionStore(request.COOKIES.get(settings.COOPER_FORM_COOKIE_NAME))

    @property
    def are_waiting(self) -> bool:
        """Whether the browser has the cookie of kept forms."""
        return bool(self.store.session_key)

    # -- keeping
    def keep(self, page: str, may_keep: Callable[[str], bool]) -> None:
        """Keep the fields of this POST that `may_keep` names, to be shown at `page` (a full path).

        Nothing is kept of a POST that has not passed the CSRF check, or whose web session did not
        end by its time alone.
        """
        has_passed = getattr(self.request, "csrf_processing_done", False)
        if not has_passed or self.request.method != "POST":
            return

        person = self._person_of_post()
        fields = _kept_fields(self.request.POST, may_keep)
        if not person or not fields or len(fields) > SIZE_LIMIT:
            return

        forms = self._forms_of(person)
        forms.pop(page, None)
        forms[page] = (time.time(), fields)
        self._save(person, _newest(forms))

    def _person_of_post(self) -> str:
        """Return whose form it is: the web session's, or that of the last form that was kept."""
        session_key = self.request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        return person_of_ended(session_key) or self._stored_person()

    def _save(self, person: str, forms: Forms) -> None:
        self.store[PERSON] = person
        self.store[SEALED] = seal(json.dumps(forms), context=person)
        self.store[ENDS_AT] = int(time.time() + LIFETIME)
        self.store.save()

    # -- bringing back
    def form_of(self, page: str) -> QueryDict:
        """Return what this person typed at `page`; empty when nothing is kept, or not for them."""
        _, fields = self._own_forms().get(page, (0, ""))
        return QueryDict(fields)

    def forget(self, page: str) -> None:
        """Keep the form of `page` no longer: it was sent again."""
        forms = self._own_forms()
        if page in forms:
            del forms[page]
            self._save(self._stored_person(), forms)

    def forget_all(self) -> None:
        """Keep nothing for this browser any more: its person signed out."""
        if self.are_waiting:
            self.store.flush()

    def _own_forms(self) -> Forms:
        """Return the kept forms of whoever asks; reads nothing without the cookie."""
        if not self.are_waiting:
            return {}

        identity = self.request.identity
        return self._forms_of(identity.person) if identity else {}

    def _stored_person(self) -> str:
        return str(self.store.get(PERSON, "")) if self.are_waiting else ""

    def _forms_of(self, person: str) -> Forms:
        """Return the forms in the store that are this person's and not too old."""
        if not person or self._stored_person() != person:
            return {}
        try:
            stored: dict[str, Any] = json.loads(unseal(self.store[SEALED], context=person))
        except ValueError:
            # the secret key was changed meanwhile, or the ciphertext is another person's
            return {}

        oldest = time.time() - LIFETIME
        return {page: (at, fields) for page, (at, fields) in stored.items() if at > oldest}

    # -- the cookie
    def put_cookie(self, response: HttpResponse) -> None:
        """Give the browser the cookie of what is kept, or take it away when nothing is."""
        # a store that merely was not found may be there after all: its cookie ends by itself
        if not self.store.modified:
            return

        name = settings.COOPER_FORM_COOKIE_NAME
        key = self.store.session_key
        if not key:
            response.delete_cookie(name, samesite="Lax")
            return
        response.set_cookie(
            name,
            key,
            max_age=LIFETIME,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def _kept_fields(posted: QueryDict, may_keep: Callable[[str], bool]) -> str:
    """Return the fields that may be kept, as they would be sent."""
    kept = QueryDict(mutable=True)
    for name, values in posted.lists():
        if may_keep(name):
            kept.setlist(name, values)
    return kept.urlencode()


def _newest(forms: Forms) -> Forms:
    """Return the newest forms, as many as fit."""
    kept: Forms = {}
    size = 0
    for page, (sent_at, fields) in reversed(forms.items()):
        size += len(fields)
        if size <= SIZE_LIMIT:
            kept[page] = (sent_at, fields)
    return dict(reversed(kept.items()))

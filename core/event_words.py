"""What events are called on pages: one vocabulary for lists, filters, headings and histories.

The audit log and its exports have the stored names (`noun:verb:outcome`).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from core.audit import Event
from core.client_kinds import ClientKind


class EventWords(NamedTuple):
    """What somebody did, and how it ended: "became a target" and "issued"."""

    what: str
    result: str = "done"

    def __str__(self) -> str:
        return self.what if self.result == "done" else f"{self.what}: {self.result}"


BECAME_TARGET = "became a target"
MAY_HAVE_BEEN_ISSUED = "may have been issued"
SIGNED_IN = "signed in"
CHANGED_PASSWORD = "changed a password"  # noqa: S105 - what an event is called
BEGAN_DEVICE = "began to set a device up"
IMPORTED = "imported targets"
TESTED_TARGET = "tested a target"
ALLOWED_COMMAND_LINE = "allowed a command line"
BEGAN_COMMAND_LINE = "signed a command line in"
MOVED_COMMAND_LINE = "used a command line from another address"

WORDS: Mapping[Event, EventWords] = {
    Event.GRANT_INTENDED: EventWords(BECAME_TARGET, "intended"),
    Event.GRANT_DONE: EventWords(BECAME_TARGET, "issued"),
    Event.GRANT_FAILED: EventWords(BECAME_TARGET, "failed"),
    Event.GRANT_REFUSED: EventWords(BECAME_TARGET, "refused"),
    Event.GRANT_STOPPED: EventWords(BECAME_TARGET, "refused"),
    Event.PERMIT_ASKED: EventWords("asked for a permit"),
    Event.PERMIT_GIVEN: EventWords("permitted a command line"),
    Event.SIGN_IN_DONE: EventWords(SIGNED_IN),
    Event.SIGN_IN_REFUSED: EventWords(SIGNED_IN, "refused"),
    Event.SIGN_OUT_DONE: EventWords("signed out"),
    Event.PERSON_ADDED: EventWords("became known to cooper"),
    Event.PERSON_CHANGED: EventWords("changed a person"),
    Event.PERSON_DISABLED: EventWords("disabled a person"),
    Event.PERSON_ENABLED: EventWords("enabled a person"),
    Event.SERVICE_TOKEN_MADE: EventWords("made a service token"),
    Event.SERVICE_TOKEN_REVOKED: EventWords("revoked a service token"),
    Event.PERSON_NAME_ALLOWED: EventWords("allowed a person's name"),
    Event.PERSON_DELETED: EventWords("deleted a person"),
    Event.PERSON_MADE_ADMIN: EventWords("made a person an administrator"),
    Event.SESSION_ENDED: EventWords("ended a web session"),
    Event.SESSIONS_ENDED: EventWords("ended a person's web sessions"),
    Event.PASSWORD_CHANGED: EventWords(CHANGED_PASSWORD),
    Event.PASSWORD_REFUSED: EventWords(CHANGED_PASSWORD, "refused"),
    Event.NEW_ADMINS_ACKNOWLEDGED: EventWords("saw the new administrators"),
    Event.ADMIN_REFUSED: EventWords("opened the administration", "refused"),
    Event.DEVICE_ADDED: EventWords("set a device up"),
    Event.DEVICE_REPLACED: EventWords("replaced a device"),
    Event.DEVICE_REMOVED: EventWords("removed a device"),
    Event.DEVICE_RESET: EventWords("reset a device"),
    Event.DEVICE_CLOCK_LEARNT: EventWords("set a device's clock right"),
    Event.ENROLMENT_BEGUN: EventWords(BEGAN_DEVICE),
    Event.ENROLMENT_REFUSED: EventWords(BEGAN_DEVICE, "refused"),
    Event.ENROLMENT_CODE_MADE: EventWords("made an enrolment code"),
    Event.RECOVERY_USED: EventWords("used a recovery code"),
    Event.STEP_UP_REFUSED: EventWords("gave a one-time code", "refused"),
    Event.TARGET_ADDED: EventWords("added a target"),
    Event.TARGET_CHANGED: EventWords("changed a target"),
    Event.TARGET_DELETED: EventWords("deleted a target"),
    Event.TARGET_TRIED: EventWords(TESTED_TARGET, "works"),
    Event.TARGET_TRY_FAILED: EventWords(TESTED_TARGET, "failed"),
    Event.TARGET_MODE_ACCEPTED: EventWords("accepted a weaker mode of a target"),
    Event.ASSOCIATION_ADDED: EventWords("added an association"),
    Event.ASSOCIATION_CHANGED: EventWords("changed an association"),
    Event.ASSOCIATION_DELETED: EventWords("deleted an association"),
    Event.KEYS_ENCRYPTED: EventWords("encrypted Federation Keys"),
    Event.ACCOUNT_ADDED: EventWords("added an AWS account"),
    Event.ACCOUNT_CHANGED: EventWords("changed an AWS account"),
    Event.EXPORT_DONE: EventWords("exported targets"),
    Event.IMPORT_BEGUN: EventWords(IMPORTED, "begun"),
    Event.IMPORT_DONE: EventWords(IMPORTED),
    Event.IMPORT_GIVEN_UP: EventWords(IMPORTED, "given up"),
    Event.IMPORT_REFUSED: EventWords(IMPORTED, "refused"),
    Event.STOP_SET: EventWords("stopped grants"),
    Event.STOP_LIFTED: EventWords("lifted a stop of grants"),
    Event.CONTACT_CHANGED: EventWords("changed the default contact"),
    Event.AUDIT_VIEWED: EventWords("read the audit log"),
    Event.AUDIT_EXPORTED: EventWords("exported the audit log"),
    Event.IDP_ADDED: EventWords("added an identity provider"),
    Event.IDP_CHANGED: EventWords("refreshed an identity provider"),
    Event.IDP_REFUSED: EventWords("refreshed an identity provider", "refused"),
    Event.IDP_REMOVED: EventWords("removed an identity provider"),
    Event.IDP_TRIED: EventWords("tried an identity provider"),
    Event.SAML_KEY_MADE: EventWords("made a SAML key"),
    Event.SAML_KEY_USED: EventWords("began to use a SAML key"),
    Event.SAML_KEY_DROPPED: EventWords("dropped a SAML key"),
    Event.SETUP_DONE: EventWords("ran set-up"),
    Event.SERVE_STARTED: EventWords("started to serve"),
    Event.RESTORE_FOUND: EventWords("set up restored tables"),
    Event.RESTORE_STEP_DONE: EventWords("took away what a restore brought back"),
    Event.RESTORE_WORKED_OFF: EventWords("worked off what a restore undid"),
    Event.SECRET_KEY_MADE: EventWords("made a secret key"),
    Event.SECRET_KEY_ROTATED: EventWords("introduced a new secret key"),
    Event.SECRET_KEY_RETIRED: EventWords("retired a secret key"),
    Event.COMMAND_LINE_ALLOWED: EventWords(ALLOWED_COMMAND_LINE),
    Event.COMMAND_LINE_DENIED: EventWords(ALLOWED_COMMAND_LINE, "refused"),
    Event.COMMAND_LINE_BEGUN: EventWords(BEGAN_COMMAND_LINE),
    Event.COMMAND_LINE_REFUSED: EventWords(BEGAN_COMMAND_LINE, "refused"),
    Event.COMMAND_LINE_MOVED: EventWords(MOVED_COMMAND_LINE),
    Event.COMMAND_LINE_STOPPED: EventWords(MOVED_COMMAND_LINE, "refused"),
    Event.COMMAND_LINE_ENDED: EventWords("signed a command line out"),
    Event.REGISTRATION_KEY_ROTATED: EventWords("rotated the key of registrations"),
    Event.CIPHERTEXT_MOVED: EventWords("encrypted a secret anew"),
}
"""Every kind of event, in the order in which a filter offers them."""

SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "Access": ("grant", "permit"),
    "People": ("person", "password", "new-administrators", "admin", "service-token"),
    "Command lines": ("command-line", "registration-key"),
    "Devices and codes": ("device", "enrolment-code", "recovery-code", "step-up"),
    "Targets": ("target", "association", "keys"),
    "AWS accounts": ("aws-account",),
    "Import and export": ("catalogue",),
    "Emergency stop": ("stop",),
    "Settings": ("contact",),
    "Audit log": ("audit",),
    "Sign-in by SAML": ("identity-provider", "saml-key"),
    "This installation": ("setup", "serve", "secret-key", "ciphertext", "restore"),
}
"""What events are about, with the nouns of their names."""

ALL_OF_NOUN: Mapping[str, EventWords] = {
    "grant": EventWords(BECAME_TARGET, "any result"),
    "person": EventWords("anything about people"),
    "command-line": EventWords("anything about command lines"),
    "device": EventWords("anything about devices"),
    "target": EventWords("anything about targets"),
    "association": EventWords("anything about associations"),
    "aws-account": EventWords("anything about AWS accounts"),
    "catalogue": EventWords("anything about import and export"),
    "identity-provider": EventWords("anything about identity providers"),
}
"""The nouns whose events are offered all together."""


WAYS: Mapping[str, str] = {
    "console": '"way": "console"',
    "credentials": '"way": "credentials"',
    "command line": '"way": "command line"',
    **{f"command line, {kind}": f'"client_kind": "{kind}"' for kind in ClientKind},
    "command on the host": '"os_user": "',
    "service token": '"service_token": "',
}
"""Ways in which something came about, with what the details of its event then have in them.

Nobody else can write it there: JSON puts a backslash before the quotes of a text.
"""


def words_of(name: str) -> EventWords:
    """Return what an event is called, by its stored name or `noun:` for all of a noun.

    One that this cooper does not know is called by the parts of its name.
    """
    if name in WORDS:
        return WORDS[Event(name)]

    noun, _, rest = name.partition(":")
    if not rest:
        return ALL_OF_NOUN.get(noun, EventWords(f"anything about {_spaced(noun)}"))
    verb, _, outcome = rest.partition(":")
    return EventWords(f"{_spaced(noun)} {_spaced(verb)}", outcome or "done")


def same_words(name: str) -> list[Event]:
    """Return the kinds of events that pages call the same as this one; none for an unknown one."""
    words = words_of(name)
    return [event for event, event_words in WORDS.items() if event_words == words]


def way_in_words(facts: Mapping[str, Any]) -> str:
    """Return how an event came about, by its details, as far as it says it."""
    if facts.get("one_of_several"):
        return "credentials, several at once"
    if "client_kind" in facts:
        return f"{facts.get('way', 'command line')}, {facts['client_kind']}"
    if "way" in facts:
        return str(facts["way"])
    if "service_token" in facts:
        return "service token"
    return "command on the host" if "os_user" in facts else ""


def other_actor(facts: Mapping[str, Any]) -> str:
    """Return who did it that is no person of cooper's, by an event's details, or "".

    A service token, or a user of the host by a command: the event's person is whom it is about.
    """
    if "service_token" in facts:
        return f"service token {facts['service_token']}"
    return str(facts.get("os_user") or "")


def _spaced(name: str) -> str:
    return name.replace("-", " ")

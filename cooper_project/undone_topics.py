"""What the audit log's events are about, as a restore undoes them: which take away, which add."""

from typing import Any, NamedTuple

from core.audit import Event


class Topic(NamedTuple):
    """What events of some kinds are about; the newest one says how it is."""

    name: str
    taken_away: tuple[Event, ...]
    """Those whose undoing allows more than there was: each is done again, or accepted."""
    added: tuple[Event, ...]
    """Those whose undoing takes something from people, who will say so."""
    again: str
    """The command or page that does it again; {subject} and {name}, without its provider."""
    done_by: tuple[Event, ...] = ()
    """Other kinds that do it again."""
    is_toggle: bool = False
    """Whether what was added afterwards undoes what was taken away: nothing is to be done then."""


TOPICS = (
    Topic(
        "disabled",
        (Event.PERSON_DISABLED,),
        (Event.PERSON_ENABLED,),
        "cooper -user disable {subject}",
        is_toggle=True,
    ),
    Topic(
        "account",
        (Event.PERSON_DELETED,),
        (Event.PERSON_ADDED,),
        "cooper -user disable {subject}, or delete it under Administration, Local accounts",
        done_by=(Event.PERSON_DISABLED,),
    ),
    Topic("groups", (Event.PERSON_CHANGED,), (), "cooper -user groups {name} GROUPS"),
    Topic("password", (Event.PASSWORD_CHANGED,), (), "cooper -user password {name}"),
    Topic(
        "device",
        (Event.DEVICE_REMOVED, Event.DEVICE_RESET, Event.DEVICE_REPLACED),
        (Event.DEVICE_ADDED,),
        "cooper -totp reset {subject}",
    ),
    Topic(
        "target",
        (Event.TARGET_CHANGED, Event.TARGET_DELETED),
        (Event.TARGET_ADDED, Event.TARGET_MODE_ACCEPTED),
        "/admin/brokers/target/{subject}/change/",
    ),
    Topic(
        "association",
        (Event.ASSOCIATION_CHANGED, Event.ASSOCIATION_DELETED),
        (Event.ASSOCIATION_ADDED,),
        "/admin/brokers/association/ ({subject})",
    ),
    Topic(
        "aws-account",
        (Event.ACCOUNT_CHANGED,),
        (Event.ACCOUNT_ADDED,),
        "/admin/brokers/awsaccount/{subject}/change/",
    ),
    Topic(
        "stop",
        (Event.STOP_SET,),
        (Event.STOP_LIFTED,),
        "Administration: stop {subject}",
        is_toggle=True,
    ),
    Topic(
        "identity-provider",
        (Event.IDP_CHANGED, Event.IDP_REMOVED),
        (Event.IDP_ADDED,),
        "cooper -saml remove {subject}, or cooper -saml refresh {subject}",
    ),
    Topic(
        "saml-key",
        (Event.SAML_KEY_USED, Event.SAML_KEY_DROPPED),
        (Event.SAML_KEY_MADE,),
        "cooper -saml keygen, then keygen -use-new, then keygen -drop-old",
    ),
    Topic("secret-key", (Event.SECRET_KEY_ROTATED,), (), "cooper -setup -rotate-secret-key"),
    Topic(
        "registration-key", (Event.REGISTRATION_KEY_ROTATED,), (), "cooper -registrations rotate"
    ),
    Topic(
        "service-token",
        (Event.SERVICE_TOKEN_REVOKED,),
        (Event.SERVICE_TOKEN_MADE,),
        "cooper -tokens list, then cooper -tokens revoke",
    ),
    Topic("kms-key", (Event.CIPHERTEXT_MOVED,), (), "cooper -rewrap -kms-key NEW"),
    Topic("name", (), (Event.PERSON_NAME_ALLOWED,), ""),
    Topic("contact", (), (Event.CONTACT_CHANGED,), ""),
    Topic("enrolment-code", (), (Event.ENROLMENT_CODE_MADE,), ""),
    Topic("import", (), (Event.IMPORT_DONE, Event.IMPORT_BEGUN, Event.IMPORT_GIVEN_UP), ""),
)

ISSUED = frozenset({Event.GRANT_DONE, Event.GRANT_INTENDED})
"""Grants: AWS sessions may be active that the table does not know."""

TOPIC_OF = {kind: topic for topic in TOPICS for kind in (*topic.taken_away, *topic.added)}

KNOWN_KINDS = frozenset(str(kind) for kind in Event)

WHOLE = ("kms-key", "saml-key", "secret-key", "registration-key")
"""Topics of which there is one, whatever their events name."""


def subject_of(topic: Topic, event: dict[str, Any]) -> str:
    """Return what an event is about: a person, a target, a group at a target, an AWS account."""
    if topic.name in WHOLE:
        return "this installation"

    facts = event["details"]
    if facts.get("token_id"):
        return f"{facts.get('object')} {facts['token_id']}"
    if "group" in facts and event.get("target"):
        return f"{facts['group']} at {event['target']}"
    named = facts.get("object") or event.get("target") or event.get("aws_account")
    return str(named or event.get("person") or "this installation")

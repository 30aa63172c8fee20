"""Connecting, refreshing and removing identity providers.

Each change and its event are one transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

import urllib3

from accounts.models import Person, SamlIdp
from accounts.providers.saml import keys, metadata, xmlsec
from accounts.providers.saml.metadata import IdpMetadata
from accounts.providers.saml.safe_xml import Rejected
from core import audit
from core.audit import Event
from core.dynamo import transaction
from core.errors import Conflict, CooperError, Invalid, Unavailable
from core.groups import PROVIDER_ID

FETCH_TIMEOUT = 10
"""Seconds."""

REDIRECTS_LIMIT = 3
REDIRECT_STATUSES = (301, 302, 303, 307, 308)

PEOPLE_PER_TRANSACTION = 80
"""People whose web sessions end in one transaction (DynamoDB's limit is 100 items)."""

LABEL_LIMIT = 64

ERROR_LIMIT = 500
"""Characters of an error that are stored."""


@dataclass(frozen=True)
class IdpSettings:
    """What an administrator decides about an identity provider."""

    name: str
    metadata_source: str
    """A file or a URL."""

    label: str = ""
    entity_id: str = ""
    """Which one, where the metadata describes several."""

    group_attributes: tuple[str, ...] = ("groups",)
    separator: str = ""
    """What separates groups that come as one value."""

    signs_response: bool = False
    metadata_certificate: str = ""
    """Metadata has to be signed by this certificate (PEM)."""


# -- connecting --


def add(settings: IdpSettings, taken: Iterable[str]) -> tuple[SamlIdp, list[str]]:
    """Connect an identity provider; return it with what is wrong with it.

    `taken` are the ids of the other providers. Raise Invalid, Conflict or Unavailable.
    """
    if not PROVIDER_ID.fullmatch(settings.name):
        raise Invalid(
            f"{settings.name[:100]!r} cannot be a provider's id:"
            " at most 32 small letters, digits and '-', as in okta."
        )
    if settings.name in taken:
        raise Invalid(f"{settings.name!r} is the id of another way to sign in. Choose another one.")

    _refuse_unusable(settings)
    idp_metadata = load_metadata(
        settings.metadata_source, settings.entity_id, settings.metadata_certificate
    )
    existing = SamlIdp.find(settings.name)
    _refuse_taken(settings.name, existing, idp_metadata.entity_id)

    idp = existing or SamlIdp(settings.name, entity_id=idp_metadata.entity_id)
    _apply_settings(idp, settings)
    _apply_metadata(idp, idp_metadata)

    keys.ensure()
    with transaction() as writes:
        writes.save(idp)
        keys.advance_stamp(writes)
        writes.create(
            audit.event(Event.IDP_ADDED, object=settings.name, entity_id=idp_metadata.entity_id)
        )
    return idp, [*idp_metadata.problems, *find_problems(idp)]


def _refuse_unusable(settings: IdpSettings) -> None:
    """Raise Invalid for what would be stored and then match nothing, or be shown to nobody."""
    if len(settings.label) > LABEL_LIMIT or not settings.label.isprintable():
        raise Invalid(f"A label has at most {LABEL_LIMIT} printable characters.", field="label")

    for attribute_name in settings.group_attributes:
        is_trimmed = attribute_name == attribute_name.strip()
        if not attribute_name or not is_trimmed or not attribute_name.isprintable():
            raise Invalid(
                f"{attribute_name[:100]!r} is not an attribute's name: no blanks around it, and"
                " printable characters alone.",
                field="groups",
            )


def _refuse_taken(name: str, existing: SamlIdp | None, entity_id: str) -> None:
    """Raise Conflict if the name or the entityID is another identity provider's.

    A name stays bound to its entityID after a removal: groups and people are named by it.
    """
    if existing is not None and not existing.removed:
        raise Conflict(
            f"{name} is connected already. To bring it up to date: cooper -saml refresh {name}"
        )
    if existing is not None and existing.entity_id != entity_id:
        raise Conflict(
            f"{name} was {existing.entity_id}: its people and groups stay its own."
            f" Use another name for {entity_id}."
        )

    for idp in SamlIdp.everything():
        if idp.entity_id == entity_id and idp.name != name:
            raise Conflict(f"{entity_id} is (or was) connected as {idp.name}. Use that name.")


def _apply_settings(idp: SamlIdp, settings: IdpSettings) -> None:
    idp.label = settings.label or f"{settings.name[:1].upper()}{settings.name[1:]}"
    idp.group_attributes = list(settings.group_attributes)
    idp.separator = settings.separator or None
    idp.signs_response = settings.signs_response
    idp.metadata_url = settings.metadata_source if _is_url(settings.metadata_source) else None
    idp.metadata_certificate = settings.metadata_certificate or None
    idp.removed = False


def _apply_metadata(idp: SamlIdp, idp_metadata: IdpMetadata) -> None:
    idp.sso = idp_metadata.sso
    idp.slo = idp_metadata.slo or None
    idp.certificates = list(idp_metadata.certificates)
    idp.valid_until = idp_metadata.valid_until
    idp.refreshed_at = datetime.now(UTC)
    idp.trouble = None


# -- looking after --


def get_connected(name: str) -> SamlIdp:
    """Return a connected identity provider. Raise Invalid if there is none of this name."""
    idp = SamlIdp.find(name)
    if idp is None or idp.removed:
        raise Invalid(
            f"There is no SAML identity provider {name}. To see all: cooper -saml list",
            field="name",
        )
    return idp


def refresh(name: str, metadata_source: str = "") -> tuple[SamlIdp, list[str]]:
    """Read the metadata again; return the identity provider with what is wrong with it.

    If it cannot be used, keep the last good one, note why, and raise CooperError.
    """
    idp = get_connected(name)
    metadata_source = metadata_source or str(idp.metadata_url or "")
    if not metadata_source:
        raise Invalid(
            f"{name} was added from a file. Give the new one with --metadata.", field="metadata"
        )

    try:
        idp_metadata = load_metadata(
            metadata_source, str(idp.entity_id), str(idp.metadata_certificate or "")
        )
    except CooperError as error:
        _note_trouble(idp, error)
        raise

    _apply_metadata(idp, idp_metadata)
    with transaction() as writes:
        writes.save(idp)
        keys.advance_stamp(writes)
        writes.create(
            audit.event(Event.IDP_CHANGED, object=name, certificates=len(idp_metadata.certificates))
        )
    return idp, [*idp_metadata.problems, *find_problems(idp)]


def _note_trouble(idp: SamlIdp, error: CooperError) -> None:
    """Store why the identity provider could not be refreshed, for administrators to see."""
    idp.trouble = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {error.message}"[:ERROR_LIMIT]
    with transaction() as writes:
        writes.save(idp)
        keys.advance_stamp(writes)
        writes.create(
            audit.event(Event.IDP_REFUSED, object=idp.name, why=error.detail[:ERROR_LIMIT])
        )


def find_problems(idp: SamlIdp) -> list[str]:
    """Return what is wrong with a stored identity provider, or will be soon."""
    problems = metadata.find_problems(list(idp.certificates), idp.valid_until, datetime.now(UTC))
    if idp.trouble:
        problems.append(f"could not be refreshed: {idp.trouble}")
    return problems


def find_metadata_problems(idp_metadata: IdpMetadata) -> list[str]:
    """Return what is wrong with metadata that is not stored, or will be soon."""
    expiry_problems = metadata.find_problems(
        list(idp_metadata.certificates), idp_metadata.valid_until, datetime.now(UTC)
    )
    return [*idp_metadata.problems, *expiry_problems]


# -- removing --


def remove(name: str) -> int:
    """Let nobody sign in there any more, end its people's web sessions; return their number.

    A sign-in writes its person first and then reads the provider (`last_look`). Either it
    reads that the provider is removed, or its person was written before that, and is found here.
    If it is interrupted, run it again: it goes on.
    """
    idp = SamlIdp.find(name)
    if idp is None:
        raise Invalid(f"There is no SAML identity provider {name}.", field="name")

    if not idp.removed:
        idp.removed = True
        with transaction() as writes:
            writes.save(idp)
            keys.advance_stamp(writes)
            writes.create(audit.event(Event.IDP_REMOVED, object=name, entity_id=idp.entity_id))

    people = [str(person.person) for person in Person.everything() if person.provider == name]
    for start in range(0, len(people), PEOPLE_PER_TRANSACTION):
        _end_web_sessions(name, people[start : start + PEOPLE_PER_TRANSACTION])
    return len(people)


def _end_web_sessions(name: str, people: list[str]) -> None:
    """Begin a new epoch for some people, with one event."""
    with transaction() as writes:
        for person in people:
            writes.update(
                Person,
                person,
                actions=[Person.epoch.add(1)],
                condition=Person.person.exists(),
                refusal=Conflict(
                    "A person was deleted meanwhile. Run it again.", f"gone: {person}"
                ),
            )
        writes.create(audit.event(Event.SESSIONS_ENDED, object=name, people=len(people)))


# -- reading metadata --


def load_metadata(source: str, entity_id: str = "", certificate: str = "") -> IdpMetadata:
    """Return what the metadata in a file or at a URL says. Raise CooperError.

    With a certificate (PEM), it has to be signed by that one.
    """
    raw = fetch(source) if _is_url(source) else _read_file(source)
    idp_metadata = metadata.read(raw, entity_id)
    if certificate:
        try:
            xmlsec.verify_metadata_signature(
                metadata.trim(raw), metadata.parse_root(raw), certificate
            )
        except Rejected as error:
            raise Invalid(
                f"This metadata is not signed as required: {error.args[0]}.", str(error)
            ) from error
    return idp_metadata


def _is_url(source: str) -> bool:
    return "://" in source


def _read_file(path: str) -> bytes:
    """Return a file's content, up to one byte more than is accepted. Raise Invalid."""
    try:
        with Path(path).open("rb") as file:
            return file.read(metadata.SIZE_LIMIT + 1)
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.", field="metadata") from error


def fetch(url: str) -> bytes:
    """Return what is at a URL (https, or this machine), following redirects. Raise CooperError.

    Ten seconds, and one byte more than is accepted, at most.
    """
    for _ in range(REDIRECTS_LIMIT + 1):
        try:
            metadata.require_https(url)
        except Rejected as error:
            raise Invalid(f"{error.args[0]}.", field="metadata") from error

        response, content = _request(url)
        location = response.headers.get("Location")
        if response.status in REDIRECT_STATUSES and location:
            url = urljoin(url, location)
            continue
        if response.status != 200:
            raise Unavailable(f"{url[:200]} returned HTTP status {response.status}.")
        return content
    raise Unavailable(f"{url[:200]} redirects too many times.")


def _request(url: str) -> tuple[urllib3.BaseHTTPResponse, bytes]:
    timeout = urllib3.Timeout(connect=FETCH_TIMEOUT, read=FETCH_TIMEOUT)
    try:
        with urllib3.PoolManager(retries=False, timeout=timeout) as pool:
            # redirects are followed by `fetch`, which looks at each address
            response = pool.request("GET", url, redirect=False, preload_content=False)
            return response, response.read(metadata.SIZE_LIMIT + 1, decode_content=True)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unavailable(
            f"{url[:200]} does not answer.", f"{type(error).__name__}: {error}"[:ERROR_LIMIT]
        ) from error

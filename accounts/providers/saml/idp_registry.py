"""Connecting, refreshing and removing identity providers: each change and its event are one transaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

import urllib3

from accounts.identity import PROVIDER_ID
from accounts.models import Person, SamlIdp
from accounts.providers.base import SignInRefused
from accounts.providers.saml import keys, metadata, xmlsec
from accounts.providers.saml.safe_xml import Rejected
from core import audit
from core.audit import Event
from core.dynamo import Transaction, transaction
from core.errors import Conflict, CooperError, Invalid, Unavailable

SECONDS = 10
REDIRECTS = 3
AT_ONCE = 80
"""People whose web sessions end in one transaction."""


@dataclass(frozen=True)
class Wanted:
    """What an administrator says of an identity provider."""

    name: str
    place: str
    label: str = ""
    entity_id: str = ""
    groups: tuple[str, ...] = ("groups",)
    separator: str = ""
    signs_response: bool = False
    certificate: str = ""


def add(wanted: Wanted, taken: Iterable[str]) -> tuple[SamlIdp, list[str]]:
    """Connect an identity provider; return it with what is wrong with it. Raise Invalid, or Conflict."""
    if not PROVIDER_ID.fullmatch(wanted.name):
        raise Invalid(
            f"{wanted.name!r} cannot be a provider's id: small letters, digits and '-', as in okta."
        )
    if wanted.name in taken:
        raise Invalid(f"{wanted.name!r} is the id of another way to sign in. Take another one.")
    described = described_at(wanted.place, wanted.entity_id, wanted.certificate)
    old = SamlIdp.find(wanted.name)
    _refuse_taken(wanted.name, old, described.entity_id)
    idp = old or SamlIdp(wanted.name, entity_id=described.entity_id)
    idp.label = wanted.label or wanted.name.capitalize()
    idp.group_attributes, idp.separator = list(wanted.groups), wanted.separator or None
    idp.signs_response, idp.removed = wanted.signs_response, False
    idp.metadata_url = wanted.place if "://" in wanted.place else None
    idp.metadata_certificate = wanted.certificate or None
    _take_over(idp, described)
    keys.ensure()
    with transaction() as writes:
        writes.save(idp)
        keys.count_change(writes)
        writes.create(
            audit.event(Event.IDP_ADDED, object=wanted.name, entity_id=described.entity_id)
        )
    return idp, [*described.problems, *problems_of(idp)]


def _refuse_taken(name: str, old: SamlIdp | None, entity_id: str) -> None:
    """Raise Conflict for a name that is in use or is another entityID's for good, or an entityID under another name."""
    if old is not None and not old.removed:
        raise Conflict(
            f"{name} is connected already. To bring it up to date: manage.py cooper_saml refresh {name}"
        )
    if old is not None and old.entity_id != entity_id:
        raise Conflict(
            f"{name} was {old.entity_id}: its people and groups stay its own. Take another name for {entity_id}."
        )
    same = [
        str(each.name)
        for each in SamlIdp.everything()
        if each.entity_id == entity_id and each.name != name
    ]
    if same:
        raise Conflict(f"{entity_id} is (or was) connected as {same[0]}. Take that name.")


def _take_over(idp: SamlIdp, described: metadata.Described) -> None:
    """Give the stored identity provider what its metadata says now."""
    idp.sso, idp.slo = described.sso, described.slo or None
    idp.certificates, idp.valid_until = list(described.certificates), described.valid_until
    idp.refreshed_at, idp.trouble = datetime.now(UTC), None


def existing(name: str) -> SamlIdp:
    """Return a connected identity provider; raise Invalid when there is none of this name."""
    found = SamlIdp.find(name)
    if found is None or found.removed:
        raise Invalid(
            f"There is no SAML identity provider {name}. All: manage.py cooper_saml list",
            field="name",
        )
    return found


def refresh(name: str, place: str = "") -> tuple[SamlIdp, list[str]]:
    """Read the metadata again; when it cannot be used, keep the last good one, note why, and raise CooperError."""
    idp = existing(name)
    place = place or str(idp.metadata_url or "")
    if not place:
        raise Invalid(
            f"{name} was given as a file. Say --metadata with the new one.", field="metadata"
        )
    try:
        described = described_at(place, str(idp.entity_id), str(idp.metadata_certificate or ""))
    except CooperError as error:
        _note(idp, error)
        raise
    _take_over(idp, described)
    with transaction() as writes:
        writes.save(idp)
        keys.count_change(writes)
        writes.create(
            audit.event(Event.IDP_CHANGED, object=name, certificates=len(described.certificates))
        )
    return idp, [*described.problems, *problems_of(idp)]


def _note(idp: SamlIdp, error: CooperError) -> None:
    """Keep why the identity provider could not be brought up to date, for administrators to see."""
    idp.trouble = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {error.message}"[:500]
    with transaction() as writes:
        writes.save(idp)
        keys.count_change(writes)
        writes.create(audit.event(Event.IDP_REFUSED, object=idp.name, why=error.detail[:500]))


def remove(name: str) -> int:
    """Let an identity provider's people in no more, and end their web sessions; return how many people it had.

    Sign-ins demand in their own transaction that it is connected, so none comes between. Cut short, it can be run
    again and goes on.
    """
    idp = SamlIdp.find(name)
    if idp is None:
        raise Invalid(f"There is no SAML identity provider {name}.", field="name")
    if not idp.removed:
        idp.removed = True
        with transaction() as writes:
            writes.save(idp)
            keys.count_change(writes)
            writes.create(audit.event(Event.IDP_REMOVED, object=name, entity_id=idp.entity_id))
    people = [str(each.person) for each in Person.everything() if each.provider == name]
    for start in range(0, len(people), AT_ONCE):
        _end_web_sessions(name, people[start : start + AT_ONCE])
    return len(people)


def _end_web_sessions(name: str, people: list[str]) -> None:
    """Begin a new epoch for some people, with one event."""
    with transaction() as writes:
        for person in people:
            gone = Conflict("A person was deleted meanwhile. Run it again.", f"gone: {person}")
            writes.update(
                Person,
                person,
                actions=[Person.epoch.add(1)],
                condition=Person.person.exists(),
                refusal=gone,
            )
        writes.create(audit.event(Event.SESSIONS_ENDED, object=name, people=len(people)))


def confirm(writes: Transaction, name: str) -> None:
    """Make a transaction fail unless the identity provider is connected still."""
    refusal = SignInRefused("This way of signing in was removed.", f"removed: {name}")
    writes.check(SamlIdp, name, condition=SamlIdp.removed == False, refusal=refusal)  # noqa: E712 - PynamoDB's way


def described_at(place: str, entity_id: str = "", certificate: str = "") -> metadata.Described:
    """Return what the metadata in a file or at an address says; a certificate makes its signature a must."""
    raw = fetched(place) if "://" in place else _from_file(place)
    described = metadata.read(raw, entity_id)
    if certificate:
        try:
            xmlsec.verify_metadata(raw, metadata.root_of(raw), certificate)
        except Rejected as error:
            raise Invalid(
                f"This metadata is not signed as it has to be: {error.args[0]}.", str(error)
            ) from error
    return described


def _from_file(place: str) -> bytes:
    """Return a file's content, one byte more than is taken at most; raise Invalid."""
    try:
        with Path(place).open("rb") as file:
            return file.read(metadata.LIMIT + 1)
    except OSError as error:
        raise Invalid(f"{place} cannot be read: {error.strerror}.", field="metadata") from error


def fetched(url: str) -> bytes:
    """Return what lies at an address (https, or of this machine); 10 s and 5 MB at most. Raise CooperError."""
    for _ in range(REDIRECTS + 1):
        try:
            metadata.refuse_plain(url)
        except Rejected as error:
            raise Invalid(f"{error.args[0]}.", field="metadata") from error
        answer = _asked(url)
        if not isinstance(answer, str):
            return answer
        url = urljoin(url, answer)
    raise Unavailable(f"{url[:200]} leads on and on.")


def _asked(url: str) -> bytes | str:
    """Return what an address answers, or where it leads to; raise Unavailable."""
    limits = urllib3.Timeout(connect=SECONDS, read=SECONDS)
    try:
        with urllib3.PoolManager(retries=False, timeout=limits) as pool:
            answer = pool.request("GET", url, redirect=False, preload_content=False)
            raw = answer.read(metadata.LIMIT + 1, decode_content=True)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unavailable(
            f"{url[:200]} does not answer.", f"{type(error).__name__}: {error}"[:500]
        ) from error
    if answer.status in (301, 302, 303, 307, 308) and answer.headers.get("Location"):
        return str(answer.headers["Location"])
    if answer.status != 200:
        raise Unavailable(f"{url[:200]} answers {answer.status}.")
    return bytes(raw)


def problems_of(idp: SamlIdp) -> list[str]:
    """Return what is wrong with a stored identity provider now."""
    found = metadata.problems_of(list(idp.certificates), idp.valid_until, datetime.now(UTC))
    return [*found, *([f"not brought up to date: {idp.trouble}"] if idp.trouble else [])]


def wrong_with(described: metadata.Described) -> list[str]:
    """Return what is wrong with certificates and end of metadata that is not stored."""
    return metadata.problems_of(
        list(described.certificates), described.valid_until, datetime.now(UTC)
    )

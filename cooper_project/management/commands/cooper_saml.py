"""`cooper -saml`: connects, looks after, tests and removes SAML identity providers, on the host.

It makes cooper's own SAML keys, too.
"""

from pathlib import Path
from typing import Any

from cryptography import x509
from django.core.management.base import CommandParser

from accounts.models import SamlIdp
from accounts.providers import configured_ids
from accounts.providers.saml import idp_registry, keys, requests
from accounts.providers.saml.idp_registry import IdpSettings
from accounts.providers.saml.idps import is_valid, list_connected
from accounts.providers.saml.service_provider import ServiceProvider, get_service_provider
from accounts.providers.saml.xmlsec import find_xmlsec1
from brokers.grants.events import GrantScope
from cooper_project.management import operators
from cooper_project.management.base import CooperCommand
from cooper_project.management.grants_awaited import grants_awaited
from cooper_project.management.saml_arguments import GROUP_ATTRIBUTES, define_verbs
from core import installation
from core.errors import CooperError, Invalid

DEFAULT_GROUP_ATTRIBUTES = ("groups",)

NEEDS_XMLSEC1 = (
    "xmlsec1 is not installed here: nobody can sign in by SAML. Run: apt-get install xmlsec1"
)

CERTIFICATE_FILE_LIMIT = 20_000


class Command(CooperCommand):
    """Connects and looks after SAML identity providers."""

    help = (
        "SAML identity providers: add, list, refresh, remove, check, try;"
        " keygen for cooper's own keys."
    )
    example = (
        "cooper -saml add okta --kind okta"
        " --metadata https://example.okta.com/app/abc/sso/saml/metadata\n"
        "cooper -saml add entra --metadata entra.xml --kind entra --label 'Entra ID'\n"
        "cooper -saml try okta\n"
        "cooper -saml check\n"
        "cooper -saml refresh\n"
        "cooper -saml keygen"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        define_verbs(parser)

    def run_command(self, **options: Any) -> None:
        verb = options["verb"]
        if verb == "list":
            self._list()
            return
        if verb == "check":
            self._check(options)
            return

        actions = {
            "add": self._add,
            "refresh": self._refresh,
            "remove": self._remove,
            "try": self._try,
            "keygen": self._keygen,
        }
        installation.use_kms_key()
        with operators.acting():
            actions[verb](options)

    # -- add --

    def _add(self, options: dict[str, Any]) -> None:
        group_attributes = options["groups"]
        if not group_attributes:
            group_attributes = GROUP_ATTRIBUTES.get(options["kind"], DEFAULT_GROUP_ATTRIBUTES)

        settings = IdpSettings(
            name=options["name"],
            metadata_source=options["metadata"],
            label=options["label"],
            entity_id=options["entity_id"],
            group_attributes=tuple(group_attributes),
            separator=options["separator"],
            signs_response=options["signed_response"],
            metadata_certificate=_read_certificate(options["certificate"]),
        )
        idp, problems = idp_registry.add(settings, configured_ids())

        sp = get_service_provider()
        self.say(f"Connected {_describe(idp)}")
        self.say(f"Groups are read from: {', '.join(idp.group_attributes)}")
        self.say("At the identity provider, enter:")
        self.say(f"  entity ID (audience): {sp.entity_id}")
        self.say(f"  ACS URL: {sp.acs}")
        self.say(f"  or cooper's metadata: {sp.entity_id}")
        self.say(f"Next: cooper -saml try {idp.name}")
        self.say(f"To make a group administrators: COOPER_ADMIN_GROUPS=...,{idp.name}:GROUP")
        self._warn_of_problems(str(idp.name), problems)
        self._warn_of_host(sp)

    def _warn_of_problems(self, name: str, problems: list[str]) -> None:
        for problem in problems:
            self.warn(f"{name}: {problem}")

    def _warn_of_host(self, sp: ServiceProvider) -> None:
        """Warn of what keeps SAML from working on this host."""
        if not find_xmlsec1():
            self.warn(NEEDS_XMLSEC1)
        if not sp.origin.startswith("https://"):
            self.warn(
                f"cooper is at {sp.origin}:"
                " browsers send SAML's cookie over https or to localhost only."
            )

    # -- list, refresh, remove --

    def _list(self) -> None:
        connected = list_connected()
        for idp in connected:
            self.say(_describe(idp))
        if not connected:
            self.say(
                "There are no SAML identity providers."
                " Connect one: cooper -saml add NAME --metadata FILE|URL"
            )

    def _refresh(self, options: dict[str, Any]) -> None:
        if options["name"]:
            self._refresh_one(options["name"], options["metadata"])
        else:
            self._refresh_all(options["metadata"])

    def _refresh_one(self, name: str, metadata_source: str) -> None:
        idp, problems = idp_registry.refresh(name, metadata_source)
        self.say(f"Refreshed {_describe(idp)}")
        self._warn_of_problems(name, problems)

    def _refresh_all(self, metadata_source: str) -> None:
        """Refresh all that have a URL; one that fails does not keep the others from it."""
        names = [str(idp.name) for idp in list_connected() if idp.metadata_url]
        if not names:
            self.say("Nothing to refresh: no identity provider was added by a URL.")

        failed = []
        for name in names:
            try:
                self._refresh_one(name, metadata_source)
            except CooperError as error:
                failed.append(name)
                self.warn(f"{name}: {error.message} The last good metadata stays in use.")
        if failed:
            raise CooperError(f"Not refreshed: {', '.join(failed)}.")

    def _remove(self, options: dict[str, Any]) -> None:
        with grants_awaited(self, GrantScope(providers=frozenset({options["name"]}))):
            people = idp_registry.remove(options["name"])
        self.say(
            f"Removed {options['name']}: nobody can sign in there any more."
            f" The web sessions of its people ({people}) have ended."
        )
        self.say("Their AWS sessions last until they expire. The id stays bound to its entityID.")

    # -- check --

    def _check(self, options: dict[str, Any]) -> None:
        """Say what is wrong. Raise CooperError if anything is."""
        if options["metadata"]:
            problems = self._check_metadata(options["metadata"], options["entity_id"])
        else:
            problems = self._check_connected(options["name"])

        if problems:
            noun = "problem" if len(problems) == 1 else "problems"
            raise CooperError(f"{len(problems)} {noun}.")
        self.say("Nothing is wrong.")

    def _check_metadata(self, source: str, entity_id: str) -> list[str]:
        """Show, and return, what is wrong with metadata that is not stored."""
        idp_metadata = idp_registry.load_metadata(source, entity_id)
        problems = idp_registry.find_metadata_problems(idp_metadata)
        self.say(
            f"{idp_metadata.entity_id}: {len(idp_metadata.certificates)} signing certificates,"
            f" sign-in at {idp_metadata.sso}"
        )
        self._warn_of_problems(idp_metadata.entity_id, problems)
        return problems

    def _check_connected(self, name: str) -> list[str]:
        """Show, and return, what is wrong with this host and with what is connected."""
        problems = []
        if not find_xmlsec1():
            problems.append(NEEDS_XMLSEC1)
            self.warn(NEEDS_XMLSEC1)

        if name:
            idps = [idp_registry.get_connected(name)]
        else:
            idps = list_connected()
        for idp in idps:
            idp_problems = idp_registry.find_problems(idp)
            self.say(_describe(idp))
            self._warn_of_problems(str(idp.name), idp_problems)
            problems += idp_problems

        self._show_own_keys()
        return problems

    def _show_own_keys(self) -> None:
        for number, key in enumerate(keys.stored(), start=1):
            certificate = x509.load_pem_x509_certificate(key["certificate"].encode())
            role = " (signs)" if number == 1 else ""
            self.say(
                f"cooper's key {number}{role}:"
                f" certificate until {certificate.not_valid_after_utc:%Y-%m-%d}"
            )

    # -- try, keygen --

    def _try(self, options: dict[str, Any]) -> None:
        idp = idp_registry.get_connected(options["name"])
        origin = get_service_provider().origin
        self.say(
            "Open this link within 30 minutes and sign in at the identity provider."
            " You will not be signed in to cooper."
        )
        secret = requests.create_test(str(idp.name))
        self.say(f"{origin}/login/{idp.name}/?try={secret}")

    def _keygen(self, options: dict[str, Any]) -> None:
        if options["use_new"]:
            keys.use_new()
            self.say(
                "Requests are signed with the new key."
                " Once every identity provider encrypts with it: keygen --drop-old"
            )
            return
        if options["drop_old"]:
            keys.drop_old()
            self.say("The old key was deleted.")
            return

        if keys.make() == 1:
            metadata_url = get_service_provider().entity_id
            self.say(f"Made cooper's key for SAML. Its certificate is in {metadata_url}")
        else:
            self.say(
                "Made a second key. cooper's metadata has both:"
                " let every identity provider read it, then run: keygen --use-new"
            )


def _read_certificate(path: str) -> str:
    """Return the certificate in a PEM file, "" for no path. Raise Invalid."""
    if not path:
        return ""
    try:
        with Path(path).open(encoding="ascii") as file:
            pem = file.read(CERTIFICATE_FILE_LIMIT)
        x509.load_pem_x509_certificate(pem.encode())
    except (OSError, ValueError) as error:
        raise Invalid(
            f"{path} contains no PEM certificate.", str(error)[:200], field="certificate"
        ) from error
    return pem


def _describe(idp: SamlIdp) -> str:
    """Return a line about an identity provider."""
    notes = []
    if not is_valid(idp):
        notes.append("EXPIRED")
    if idp.trouble:
        notes.append(f"could not be refreshed: {idp.trouble}")

    line = f"{idp.name} ({idp.label}): {idp.entity_id}, {len(idp.certificates)} certificates"
    if notes:
        line += f" [{'; '.join(notes)}]"
    return line

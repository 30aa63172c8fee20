"""`cooper -saml`: SAML identity providers from the host: connect, look after, try, remove; and cooper's SAML keys."""

import argparse
from typing import Any

from cryptography import x509
from django.core.management.base import CommandParser

from accounts.models import SamlIdp
from accounts.providers import configured_ids
from accounts.providers.saml import idp_registry, keys, requests
from accounts.providers.saml.idps import is_valid
from accounts.providers.saml.place import place_of
from accounts.providers.saml.pysaml2_client import ServiceProvider
from accounts.providers.saml.xmlsec import xmlsec1
from cooper_project.management import operators
from cooper_project.management.base import CooperCommand
from core import installation
from core.errors import CooperError, Invalid

GROUPS = {
    "okta": ("groups",),
    "entra": ("http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",),
    "onelogin": ("memberOf",),
    "adfs": ("http://schemas.xmlsoap.org/claims/Group",),
    "keycloak": ("groups",),
}
"""The attribute in which each kind of identity provider sends groups when it is set up as docs/saml.md says."""

NEEDS_XMLSEC1 = (
    "xmlsec1 is not installed here: nobody can sign in by SAML. Run: apt-get install xmlsec1"
)


class Command(CooperCommand):
    """Connects and looks after SAML identity providers."""

    help = "SAML identity providers: add, list, refresh, remove, check, try; keygen for cooper's own keys."
    example = (
        "manage.py cooper_saml add okta --metadata https://example.okta.com/app/abc/sso/saml/metadata --kind okta\n"
        "manage.py cooper_saml add entra --metadata entra.xml --kind entra --label 'Entra ID'\n"
        "manage.py cooper_saml try okta\n"
        "manage.py cooper_saml check\n"
        "manage.py cooper_saml refresh\n"
        "manage.py cooper_saml keygen"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a verb with what it needs."""
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
        _add_arguments(verbs.add_parser("add", help="connect an identity provider"))
        refresh = verbs.add_parser(
            "refresh", help="read the metadata again; without a name, of all that have an address"
        )
        refresh.add_argument("name", nargs="?", default="")
        refresh.add_argument(
            "--metadata",
            default="",
            metavar="FILE|URL",
            help="the new metadata, where it is no address",
        )
        check = verbs.add_parser(
            "check", help="say what is wrong, or will be within 30 days; exit code 1 if anything is"
        )
        check.add_argument("name", nargs="?", default="")
        check.add_argument(
            "--metadata",
            default="",
            metavar="FILE|URL",
            help="look at this metadata; nothing is stored",
        )
        check.add_argument(
            "--entity-id", default="", help="the one that is meant, where it describes several"
        )
        for verb, text in {
            "remove": "let its people in no more, and end their web sessions",
            "try": "make an address that shows what an assertion says, without signing anybody in",
        }.items():
            verbs.add_parser(verb, help=text).add_argument("name")
        keygen = verbs.add_parser(
            "keygen", help="make cooper's key for SAML, or a second one to roll over to"
        )
        step = keygen.add_mutually_exclusive_group()
        step.add_argument(
            "--use-new", action="store_true", help="sign with the second key from now on"
        )
        step.add_argument(
            "--drop-old", action="store_true", help="forget the key that signs no more"
        )
        verbs.add_parser("list", help="show all")
        for each in verbs.choices.values():
            # after the verb too; left out, it does not undo the one before it
            each.add_argument("--region", default=argparse.SUPPRESS, help="cooper's AWS region")

    def run_command(self, **options: Any) -> None:
        """Do what the verb says."""
        if options["verb"] in ("list", "check"):
            return getattr(self, f"_{options['verb']}")(options)  # type: ignore[no-any-return]
        installation.use_kms_key()
        with operators.acting():
            getattr(self, f"_{options['verb']}")(options)
        return None

    def _add(self, options: dict[str, Any]) -> None:
        """Connect an identity provider."""
        groups = options["groups"] or GROUPS.get(options["kind"], ("groups",))
        wanted = idp_registry.Wanted(
            name=options["name"],
            place=options["metadata"],
            label=options["label"],
            entity_id=options["entity_id"],
            groups=tuple(groups),
            separator=options["separator"],
            signs_response=options["signed_response"],
            certificate=_certificate(options["certificate"]),
        )
        idp, problems = idp_registry.add(wanted, configured_ids())
        place = place_of()
        self.say(f"Connected {_line(idp)}")
        self.say(f"Groups are read from: {', '.join(idp.group_attributes)}")
        self.say(
            f"At the identity provider, enter:\n  entity ID (audience): {place.entity_id}\n  ACS URL: {place.acs}"
        )
        self.say(f"  or our metadata: {place.entity_id}")
        self.say(f"Next: manage.py cooper_saml try {idp.name}")
        self.say(f"Who administers: COOPER_ADMIN_GROUPS=...,{idp.name}:GROUP")
        self._say_problems(str(idp.name), problems)
        self._say_what_lacks(place)

    def _say_what_lacks(self, place: ServiceProvider) -> None:
        """Warn of what keeps SAML from working on this host."""
        if not xmlsec1():
            self.warn(NEEDS_XMLSEC1)
        if not place.origin.startswith("https://"):
            self.warn(
                f"cooper is at {place.origin}: browsers carry SAML's cookie by https or on localhost alone."
            )

    def _say_problems(self, name: str, problems: list[str]) -> None:
        """Warn of what is wrong with an identity provider."""
        for problem in problems:
            self.warn(f"{name}: {problem}")

    def _list(self, options: dict[str, Any]) -> None:
        """Show all identity providers."""
        found = _connected()
        for idp in found:
            self.say(_line(idp))
        if not found:
            self.say(
                "There are no SAML identity providers. Connect one: manage.py cooper_saml add NAME --metadata FILE|URL"
            )

    def _refresh(self, options: dict[str, Any]) -> None:
        """Read metadata again; one that fails keeps no other from it."""
        names = (
            [options["name"]]
            if options["name"]
            else [str(each.name) for each in _connected() if each.metadata_url]
        )
        failed = []
        for name in names:
            try:
                idp, problems = idp_registry.refresh(name, options["metadata"])
            except CooperError as error:
                if options["name"]:
                    raise
                failed.append(name)
                self.warn(f"{name}: {error.message} The last good metadata stays in use.")
                continue
            self.say(f"Refreshed {_line(idp)}")
            self._say_problems(name, problems)
        if failed:
            raise CooperError(f"Not refreshed: {', '.join(failed)}.")
        if not names:
            self.say("Nothing to refresh: no identity provider was added by an address.")

    def _remove(self, options: dict[str, Any]) -> None:
        """Remove an identity provider."""
        people = idp_registry.remove(options["name"])
        self.say(
            f"Removed {options['name']}: nobody signs in there any more; web sessions of {people} people end now."
        )
        self.say(
            "AWS sessions that they have go on to their end. The id stays bound to its entityID."
        )

    def _check(self, options: dict[str, Any]) -> None:
        """Say what is wrong; raise CooperError when anything is."""
        if options["metadata"]:
            described = idp_registry.described_at(options["metadata"], options["entity_id"])
            problems = [*described.problems, *idp_registry.wrong_with(described)]
            self.say(
                f"{described.entity_id}: {len(described.certificates)} signing certificates, sign-in at {described.sso}"
            )
            self._say_problems(described.entity_id, problems)
        else:
            problems = self._check_stored(options["name"])
        if problems:
            raise CooperError(f"{len(problems)} problem{'s' * (len(problems) != 1)}.")
        self.say("Nothing is wrong.")

    def _check_stored(self, name: str) -> list[str]:
        """Return, and say, what is wrong with what is connected, with our keys and with this host."""
        problems = [] if xmlsec1() else [NEEDS_XMLSEC1]
        for line in problems:
            self.warn(line)
        for idp in [idp_registry.existing(name)] if name else _connected():
            found = idp_registry.problems_of(idp)
            self.say(_line(idp))
            self._say_problems(str(idp.name), found)
            problems += found
        for number, key in enumerate(keys.stored()):
            ends = x509.load_pem_x509_certificate(key["certificate"].encode()).not_valid_after_utc
            self.say(
                f"cooper's key {number + 1}{' (signs)' * (number == 0)}: certificate until {ends:%Y-%m-%d}"
            )
        return problems

    def _try(self, options: dict[str, Any]) -> None:
        """Make an address that shows what an assertion says."""
        idp = idp_registry.existing(options["name"])
        place = place_of()
        self.say(
            "Open this address within 30 minutes and sign in at the identity provider. Nobody is signed in to cooper."
        )
        self.say(f"{place.origin}/login/{idp.name}/?try={requests.new_try(str(idp.name))}")

    def _keygen(self, options: dict[str, Any]) -> None:
        """Make a key, or take a step of the roll-over."""
        if options["use_new"]:
            keys.use_new()
            self.say(
                "Requests are signed with the new key. Once every identity provider encrypts with it: keygen --drop-old"
            )
        elif options["drop_old"]:
            keys.drop_old()
            self.say("The old key is forgotten.")
        elif keys.make() == 1:
            self.say(f"Made cooper's key for SAML. Its certificate is in {place_of().entity_id}")
        else:
            self.say(
                "Made a second key; our metadata has both. Let every identity provider read it, then: keygen --use-new"
            )


def _add_arguments(add: argparse.ArgumentParser) -> None:
    """Take what adding needs."""
    add.add_argument(
        "name", help="the provider's id, for good: small letters, digits and '-', as in okta"
    )
    add.add_argument("--metadata", required=True, metavar="FILE|URL", help="its metadata")
    add.add_argument(
        "--kind",
        default="",
        choices=("", *GROUPS),
        help="who makes it: says which attribute holds groups",
    )
    add.add_argument(
        "--groups",
        action="append",
        metavar="ATTRIBUTE",
        help="the attribute that holds groups, exactly",
    )
    add.add_argument(
        "--separator", default="", help="what stands between groups that come as one value"
    )
    add.add_argument(
        "--label", default="", help='what the sign-in page says, as in "Sign in with LABEL"'
    )
    add.add_argument(
        "--entity-id", default="", help="the one that is meant, where metadata describes several"
    )
    add.add_argument(
        "--certificate", default="", metavar="FILE", help="metadata has to be signed by this (PEM)"
    )
    add.add_argument(
        "--signed-response",
        action="store_true",
        help="responses have to be signed, not assertions alone",
    )


def _certificate(place: str) -> str:
    """Return the certificate in a PEM file ("" for none); raise Invalid."""
    if not place:
        return ""
    try:
        with open(place, encoding="ascii") as file:  # noqa: PTH123 - an operator's own path
            text = file.read(20_000)
        x509.load_pem_x509_certificate(text.encode())
    except (OSError, ValueError) as error:
        raise Invalid(
            f"{place} holds no certificate in PEM.", str(error)[:200], field="certificate"
        ) from error
    return text


def _connected() -> list[SamlIdp]:
    """Return the connected identity providers by name."""
    return sorted(
        (each for each in SamlIdp.everything() if not each.removed), key=lambda each: str(each.name)
    )


def _line(idp: SamlIdp) -> str:
    """Show an identity provider in one line."""
    notes = [] if is_valid(idp) else ["ENDED"]
    notes += [f"not brought up to date: {idp.trouble}"] if idp.trouble else []
    suffix = f" [{'; '.join(notes)}]" if notes else ""
    return (
        f"{idp.name} ({idp.label}): {idp.entity_id}, {len(idp.certificates)} certificates{suffix}"
    )

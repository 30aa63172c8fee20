"""The command line of `cooper -saml`: its verbs and their arguments."""

import argparse

from django.core.management.base import CommandParser

GROUP_ATTRIBUTES = {
    "okta": ("groups",),
    "entra": ("http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",),
    "onelogin": ("memberOf",),
    "adfs": ("http://schemas.xmlsoap.org/claims/Group",),
    "keycloak": ("groups",),
}
"""Where each kind of identity provider sends groups if it is set up as docs/saml.md says."""


def define_verbs(parser: CommandParser) -> None:
    """Give the command its verbs; `options["verb"]` has the one that was chosen."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    add = verbs.add_parser("add", help="connect an identity provider")
    verbs.add_parser("list", help="show all")
    refresh = verbs.add_parser(
        "refresh", help="read the metadata again; without a name, of all that were added by a URL"
    )
    check = verbs.add_parser(
        "check", help="say what is wrong, or will be within 30 days; exit code 1 if anything is"
    )
    remove = verbs.add_parser(
        "remove", help="end sign-ins there, and the web sessions of its people"
    )
    test = verbs.add_parser(
        "try", help="print a link that shows what an assertion says, and signs nobody in"
    )
    keygen = verbs.add_parser(
        "keygen", help="make cooper's key for SAML, or a second one to roll over to"
    )

    _define_add_arguments(add)
    _define_refresh_arguments(refresh)
    _define_check_arguments(check)
    remove.add_argument("name")
    test.add_argument("name")
    _define_keygen_arguments(keygen)

    for verb_parser in verbs.choices.values():
        # --region may come after the verb, too; left out there, it keeps the one before it
        verb_parser.add_argument("--region", default=argparse.SUPPRESS, help="cooper's AWS region")


def _define_add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", help="the provider's id, for good: small letters, digits and '-', as in okta"
    )
    parser.add_argument("--metadata", required=True, metavar="FILE|URL", help="its metadata")
    parser.add_argument(
        "--kind",
        default="",
        choices=("", *GROUP_ATTRIBUTES),
        help="the vendor: says which attribute holds groups",
    )
    parser.add_argument(
        "--groups",
        action="append",
        metavar="ATTRIBUTE",
        help="the exact name of the attribute that holds groups",
    )
    parser.add_argument(
        "--separator", default="", help="what separates groups that come as one value"
    )
    parser.add_argument(
        "--label", default="", help='the name on the sign-in page, as in "Sign in with LABEL"'
    )
    parser.add_argument(
        "--entity-id", default="", help="which one, where the metadata describes several"
    )
    parser.add_argument(
        "--certificate",
        default="",
        metavar="FILE",
        help="the metadata has to be signed by this certificate (PEM)",
    )
    parser.add_argument(
        "--signed-response",
        action="store_true",
        help="demand signed responses, not signed assertions alone",
    )


def _define_refresh_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", default="")
    parser.add_argument(
        "--metadata",
        default="",
        metavar="FILE|URL",
        help="the new metadata, where it was added from a file",
    )


def _define_check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", default="")
    parser.add_argument(
        "--metadata",
        default="",
        metavar="FILE|URL",
        help="check this metadata instead; nothing is stored",
    )
    parser.add_argument(
        "--entity-id", default="", help="which one, where the metadata describes several"
    )


def _define_keygen_arguments(parser: argparse.ArgumentParser) -> None:
    step = parser.add_mutually_exclusive_group()
    step.add_argument("--use-new", action="store_true", help="sign with the second key from now on")
    step.add_argument("--drop-old", action="store_true", help="delete the key that does not sign")

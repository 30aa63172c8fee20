"""`cooper -tokens`: tokens of programs that may disable people, and do nothing else."""

from typing import Any

from django.core.management.base import CommandParser

from accounts import service_tokens
from accounts.service_tokens import ServiceToken
from cooper_project.management import operators
from cooper_project.management.base import CooperCommand

NEXT = "It is not shown again. It may disable people, and do nothing else (docs/offboarding.md)."


class Command(CooperCommand):
    """Makes, lists and revokes service tokens."""

    help = (
        "Service tokens, by which a program disables people who leave: add, list, revoke. "
        "Two of one name may be good at once, so that a new one is in place before the old one "
        "is revoked."
    )
    example = (
        "cooper -tokens add okta-hook --days 365\n"
        "cooper -tokens list\n"
        "cooper -tokens revoke 1f2e3d4c"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
        add = verbs.add_parser("add", help="make a token, and show it this once")
        add.add_argument("name", help="what it is for, as the audit log names it")
        add.add_argument("--days", type=int, default=365, help="how long it is good (365)")
        verbs.add_parser("list", help="show which there are, and until when")
        revoke = verbs.add_parser("revoke", help="let a token be good for nothing from now on")
        revoke.add_argument("id", help="as list shows it")
        self.add_region_to(verbs)

    def run_command(self, **options: Any) -> None:
        if options["verb"] == "list":
            self._list()
            return

        with operators.acting() as operator:
            if options["verb"] == "revoke":
                revoked = service_tokens.revoke(options["id"])
                self.say(f"Revoked: {revoked.name} ({revoked.id})")
                return
            made_by = f"{operator.os_user}@{operator.host}"
            token = service_tokens.add(options["name"], options["days"], made_by)
        self.say(token)
        self.warn(NEXT)

    def _list(self) -> None:
        tokens = service_tokens.everything()
        for token in tokens:
            self.say(_line(token))
        if not tokens:
            self.say("There are no service tokens. Make one: cooper -tokens add NAME")


def _line(token: ServiceToken) -> str:
    until = "over since" if token.is_over else "good until"
    return f"{token.id}  {token.name}, {until} {token.ends_at[:10]}, made by {token.made_by}"

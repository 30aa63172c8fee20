"""`cooper -user`: local accounts from the host, so that the first administrator exists."""

import argparse
import sys
from getpass import getpass
from typing import Any

from django.core.management.base import CommandParser

from accounts import local_accounts
from accounts.administrators import admin_groups
from accounts.identity import Group
from accounts.models import LocalAccount
from cooper_project.management import operators
from cooper_project.management.base import CooperCommand, UsageError


class Command(CooperCommand):
    """Adds, disables, enables and lists local accounts; sets their password and groups."""

    help = "Local accounts: add, disable, enable, password, groups, list. A password comes by prompt or stdin alone."
    example = (
        'manage.py cooper_user add alice --groups admins,developers --name "Alice Archer"\n'
        "manage.py cooper_user password alice --password-stdin < file\n"
        "manage.py cooper_user groups alice developers\n"
        "manage.py cooper_user disable alice\n"
        "manage.py cooper_user list"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a verb with what it needs."""
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
        add = verbs.add_parser("add", help="make a local account")
        add.add_argument("username")
        add.add_argument(
            "--groups", default="", help="names of local groups, with commas between them"
        )
        add.add_argument("--name", default="", help="the full name, for people")
        password = verbs.add_parser(
            "password", help="set the password; ends the account's web sessions"
        )
        password.add_argument("username")
        for each in (add, password):
            each.add_argument(
                "--password-stdin",
                action="store_true",
                help="read the password's line from stdin even at a terminal",
            )
        groups = verbs.add_parser("groups", help="give it these groups instead of its own")
        groups.add_argument("username")
        groups.add_argument("groups", help='names with commas between them, "" for none')
        verbs.add_parser("disable", help="let it in no more, at once").add_argument("username")
        verbs.add_parser("enable", help="let it in again").add_argument("username")
        verbs.add_parser("list", help="show all")
        for each in verbs.choices.values():
            # after the verb too; left out, it does not undo the one before it
            each.add_argument("--region", default=argparse.SUPPRESS, help="cooper's AWS region")

    def run_command(self, **options: Any) -> None:
        """Do what the verb says."""
        if options["verb"] == "list":
            return self._list()
        options["username"] = local_accounts.parse_username(options["username"])
        with operators.acting():
            getattr(self, f"_{options['verb']}")(options)
        return None

    def _add(self, options: dict[str, Any]) -> None:
        """Make an account."""
        groups = local_accounts.parse_group_names(_parts(options["groups"]))
        made = local_accounts.add(
            options["username"], options["name"].strip(), groups, self._asked(options)
        )
        self.say(f"Added {_line(made)}")

    def _asked(self, options: dict[str, Any]) -> str:
        """Return the password from stdin, or asked for twice; never from the command line."""
        if options["password_stdin"] or not sys.stdin.isatty():
            return self._read()
        first = getpass("Password: ")
        if getpass("The same again: ") != first:
            raise UsageError("The two passwords differ. Nothing was changed.")
        return first

    def _read(self) -> str:
        """Return the password's line from stdin; raise UsageError when there is none."""
        line = sys.stdin.readline().rstrip("\r\n")
        if not line:
            raise UsageError("There was no password on stdin, and no terminal to ask for one.")
        return line

    def _password(self, options: dict[str, Any]) -> None:
        """Set the password."""
        local_accounts.get_account(options["username"])
        local_accounts.set_password(options["username"], self._asked(options))
        self.say(f"{options['username']} has a new password; its web sessions end now.")

    def _disable(self, options: dict[str, Any]) -> None:
        """Let it in no more."""
        local_accounts.disable(options["username"])
        self.say(
            f"Disabled {options['username']}: its web sessions end now. AWS sessions that it has go on to their end."
        )

    def _enable(self, options: dict[str, Any]) -> None:
        """Let it in again."""
        local_accounts.enable(options["username"])
        self.say(f"Enabled {options['username']}.")

    def _groups(self, options: dict[str, Any]) -> None:
        """Give it other groups."""
        local_accounts.set_groups(
            options["username"], local_accounts.parse_group_names(_parts(options["groups"]))
        )
        self.say(_line(local_accounts.get_account(options["username"])))

    def _list(self) -> None:
        """Show all accounts."""
        found = sorted(LocalAccount.everything(), key=lambda account: str(account.username))
        for account in found:
            self.say(_line(account))
        if not found:
            self.say(
                "There are no local accounts. Make one: manage.py cooper_user add NAME --groups admins"
            )


def _parts(text: str) -> list[str]:
    """Return the parts between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _line(account: LocalAccount) -> str:
    """Show an account in one line."""
    groups = {Group("local", name) for name in account.groups}
    notes = ["disabled"] * bool(account.disabled) + ["administrator"] * bool(
        groups & admin_groups()
    )
    name = f" ({account.name})" if account.name else ""
    suffix = f" [{', '.join(notes)}]" if notes else ""
    return f"{account.username}{name}: {', '.join(sorted(account.groups)) or 'no groups'}{suffix}"

"""`cooper -user`: local accounts from the host, so that the first administrator exists."""

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

    help = (
        "Local accounts: add, disable, enable, password, groups, list. "
        "A password is asked for or read from stdin, never on the command line."
    )
    example = (
        'manage.py cooper_user add alice --groups admins,developers --name "Alice Archer"\n'
        "manage.py cooper_user password alice --password-stdin < file\n"
        "manage.py cooper_user groups alice developers\n"
        "manage.py cooper_user disable alice\n"
        "manage.py cooper_user list"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

        add = verbs.add_parser("add", help="add a local account")
        add.add_argument("username")
        add.add_argument("--groups", default="", help="names of local groups, separated by commas")
        add.add_argument("--name", default="", help="the full name, for people")
        self._add_password_option(add)

        password = verbs.add_parser(
            "password", help="set the password; ends the account's web sessions"
        )
        password.add_argument("username")
        self._add_password_option(password)

        groups = verbs.add_parser("groups", help="replace the account's groups")
        groups.add_argument("username")
        groups.add_argument("groups", help='names separated by commas, "" for none')

        disable = verbs.add_parser("disable", help="let nobody sign in with it, from now on")
        disable.add_argument("username")
        enable = verbs.add_parser("enable", help="let its owner sign in again")
        enable.add_argument("username")
        verbs.add_parser("list", help="show all")

        self.add_region_to(verbs)

    def _add_password_option(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the password's line from stdin even at a terminal",
        )

    def run_command(self, **options: Any) -> None:
        if options["verb"] == "list":
            self._list()
            return

        username = local_accounts.parse_username(options["username"])
        with operators.acting():
            match options["verb"]:
                case "add":
                    self._add(username, options)
                case "password":
                    self._set_password(username, options)
                case "groups":
                    self._set_groups(username, options["groups"])
                case "disable":
                    self._disable(username)
                case "enable":
                    self._enable(username)

    def _list(self) -> None:
        accounts = sorted(LocalAccount.everything(), key=lambda account: str(account.username))
        for account in accounts:
            self.say(_line(account))
        if not accounts:
            self.say(
                "There are no local accounts. "
                "Add one: manage.py cooper_user add NAME --groups admins"
            )

    def _add(self, username: str, options: dict[str, Any]) -> None:
        groups = _parse_groups(options["groups"])
        password = self._read_password(options)
        account = local_accounts.add(username, options["name"].strip(), groups, password)
        self.say(f"Added {_line(account)}")

    def _set_password(self, username: str, options: dict[str, Any]) -> None:
        # an unknown account is refused before a password is asked for
        local_accounts.get_account(username)
        local_accounts.set_password(username, self._read_password(options))
        self.say(f"{username} has a new password; its web sessions end now.")

    def _set_groups(self, username: str, text: str) -> None:
        local_accounts.set_groups(username, _parse_groups(text))
        self.say(_line(local_accounts.get_account(username)))

    def _disable(self, username: str) -> None:
        local_accounts.disable(username)
        self.say(
            f"Disabled {username}: its web sessions end now. "
            "Its AWS sessions run until they expire."
        )

    def _enable(self, username: str) -> None:
        local_accounts.enable(username)
        self.say(f"Enabled {username}.")

    def _read_password(self, options: dict[str, Any]) -> str:
        """Return the password from stdin, or asked for twice; raise UsageError without one."""
        if options["password_stdin"] or not sys.stdin.isatty():
            line = sys.stdin.readline().rstrip("\r\n")
            if not line:
                raise UsageError("There was no password on stdin, and no terminal to ask for one.")
            return line

        password = getpass("Password: ")
        if getpass("The same again: ") != password:
            raise UsageError("The two passwords differ. Nothing was changed.")
        return password


def _parse_groups(text: str) -> list[str]:
    """Return the names of groups between commas; raise Invalid."""
    names = [name.strip() for name in text.split(",")]
    return local_accounts.parse_group_names([name for name in names if name])


def _line(account: LocalAccount) -> str:
    """Return an account in one line: `alice (Alice Archer): admins, developers [administrator]`."""
    groups = {Group("local", name) for name in account.groups}
    notes = []
    if account.disabled:
        notes.append("disabled")
    if groups & admin_groups():
        notes.append("administrator")

    line = str(account.username)
    if account.name:
        line += f" ({account.name})"
    line += f": {', '.join(sorted(account.groups)) or 'no groups'}"
    if notes:
        line += f" [{', '.join(notes)}]"
    return line
